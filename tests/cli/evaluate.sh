#!/usr/bin/env bash
# Label maps against references: nnU-Net's values, the three rules for empty labels, comparisons,
# and mistakes that leave nothing behind.
. tests/cli/_cli.sh
gold=$shared/golden/eval
cd "$work" || exit 1
evaluate() { voxpert evaluate -q "$@"; }
folders=(-p "$gold/folder/pred" -g "$gold/folder/gt" --labels 1,2)

# numbers FILE: one "path value" a line for each number of a JSON, whatever its order and layout;
# NaN and "nan" are one, files keep their names alone
numbers() {
    tr -d '\n' <"$1" | sed 's/"\(nan\|inf\)"\( *[],}]\)/\1\2/g' | awk '
        function name(  at) {
            at = index(substr(rest, 2), "\"")
            word = substr(rest, 2, at - 1)
            rest = substr(rest, at + 2)
        }
        function blanks() { sub(/^[ \t]+/, "", rest) }
        function value(path,   i) {
            blanks()
            if (rest ~ /^{/) {
                rest = substr(rest, 2); blanks()
                while (rest !~ /^}/) {
                    name(); key = word; blanks(); rest = substr(rest, 2)
                    value(path "/" key); blanks(); sub(/^,/, "", rest); blanks()
                }
                rest = substr(rest, 2)
            } else if (rest ~ /^\[/) {
                rest = substr(rest, 2); blanks()
                for (i = 0; rest !~ /^\]/; i++) {
                    value(path "/" i); blanks(); sub(/^,/, "", rest); blanks()
                }
                rest = substr(rest, 2)
            } else if (rest ~ /^"/) {
                name(); sub(/.*\//, "", word); print path, word
            } else {
                match(rest, /^[^,}\] \t]+/)
                print path, tolower(substr(rest, 1, RLENGTH)); rest = substr(rest, RLENGTH + 1)
            }
        }
        { rest = $0; value("") }'
}

# agree WANT GOT TOLERANCE COUNT: each line of WANT, of which there are so many, has its partner in
# GOT, as near as that
agree() {
    awk -v tolerance="$3" -v least="$4" 'NR == FNR { want[$1] = $2; next } { got[$1] = $2 }
        END {
            for (path in want) {
                count++
                off = want[path] - got[path]
                if (off < 0) off = -off
                same = want[path] "" == got[path] ""
                number = want[path] ~ /^-?[0-9]/ && got[path] ~ /^-?[0-9]/
                if (same || (number && off <= tolerance)) continue
                print path ": want " want[path] ", got " got[path]; bad++
            }
            if (count != least) { print count " values, not " least; bad++ }
            exit bad > 0
        }' "$1" "$2"
}

# ---- nnU-Net's summary
evaluate "${folders[@]}" -o nan >said || exit 1
holds '-q prints nothing' test ! -s said
numbers "$gold/folder.json" >golden
sed -n 's|^/nnunet_summary\(/.*\)|\1|p' golden | grep -v '^/nnunetv2' >want
numbers nan/summary.json >got
holds "nnU-Net's values and ours" agree want got 1e-6 114
holds 'more than nnU-Net has' grep -q '^/mean/1/HD95_elements_mm [0-9]' got
holds 'both kinds of surfaces' grep -q '^/mean/1/NSD_borders_2mm [0-9]' got
for file in summary.json cases.csv table.md; do holds "$file" test -s "nan/$file"; done
holds 'ten rows and a head' test "$(wc -l <nan/cases.csv)" -eq 11
holds 'nothing but results' test -z "$(ls -A nan | grep '^\.')"

# ---- Rules for labels that are nowhere
for rule in nan one skip; do
    evaluate "${folders[@]}" -o "rule_$rule" --empty $rule --metrics dice,nsd --nsd-tol 1mm \
        --format nnunet,csv || exit 1
    numbers "rule_$rule/summary.json" >got
    sed -n "s|^/empty_policies/$rule/class 2 mean \(.*\)|/mean/2/Dice \1|p" golden >want
    for i in 0 1 2 3 4; do
        sed -n "s|^/empty_policies/$rule/class 2 per case/$i \(.*\)|/metric_per_case/$i/metrics/2/Dice \1|p" golden
    done >>want
    echo "/voxpert/empty $rule" >>want # the rule is recorded
    values=7
    if [ $rule = skip ]; then # no entry
        sed -i '/nan$/d' want
        values=6
    fi
    holds "--empty $rule" agree want got 1e-12 $values
done
holds 'a skipped label has no row' test "$(wc -l <rule_skip/cases.csv)" -eq 10
holds 'what was not asked for is not there' sh -c '! grep -q \"HD95 rule_nan/summary.json'
sed -n 's|^/sam_med3d/per_class/\([12]\)/nsd/mean \(.*\)|/mean/\1/NSD_elements_1mm \2|p' golden >want
numbers rule_nan/summary.json >got
holds "SAM-Med3D's NSD" agree want got 1e-9 2

# ---- Labels
evaluate "${folders[@]:0:4}" -o found --format nnunet || exit 1
holds 'labels that are not named are found' cmp nan/summary.json found/summary.json
printf '{"labels": {"background": 0, "anterior": 1, "whole": [1, 2], "ignore": 3}}' >dataset.json
evaluate "${folders[@]:0:4}" -o regions --labels dataset.json --format nnunet,md || exit 1
{ printf '\xef\xbb\xbf'; cat dataset.json; } >marked.json
evaluate "${folders[@]:0:4}" -o marked --labels marked.json --format nnunet,md || exit 1
holds 'a byte order mark changes nothing' cmp regions/table.md marked/table.md
numbers regions/summary.json >got
holds 'a region' grep -q '^/mean/(1, 2)/Dice 0\.[5-9]' got
holds 'its name' grep -q '^/voxpert/labels/(1, 2) whole' got
holds 'the ignored label' grep -q '^/voxpert/ignored_label 3' got
holds 'names in the table' grep -q '^| (1, 2) whole | Dice | 5 |' regions/table.md

# ---- One pair, standard output, threads
one=(-p "$gold/folder/pred/hippocampus_049.nii.gz" -g "$gold/folder/gt/hippocampus_049.nii.gz")
voxpert evaluate "${one[@]}" >said 2>&1 || exit 1
holds 'a line per label' grep -q '^1	Dice 0.885	IoU 0.7937	NSD_elements_2mm' said
voxpert evaluate "${one[@]}" --json >said.json || exit 1
numbers said.json >got
holds 'JSON on standard output' grep -q '^/evaluation/mean/2/Dice 0.87427466' got
for threads in 1 2 7; do
    evaluate "${folders[@]}" -o "t$threads" -t $threads --format nnunet,csv,md || exit 1
    holds "$threads threads: the same bytes" diff -r t1 "t$threads"
done
voxpert evaluate "${folders[@]}" --progress json >/dev/null 2>said
holds 'progress' grep -q '"done": 5, "total": 5, "unit": "cases"' said

# ---- Comparisons
evaluate "${folders[@]}" -o itself --compare nan/summary.json --metrics dice,iou --format md || exit 1
numbers itself/comparison.json >got
holds 'with itself: no difference' grep -q '^/metrics/0/difference 0$' got
holds 'with itself: p is 1' grep -q '^/metrics/0/wilcoxon/p 1$' got
mkdir worse
for file in "$gold"/folder/gt/*; do cp "$gold/folder/pred/hippocampus_049.nii.gz" "worse/${file##*/}"; done
refused 3 'hippocampus_050.nii.gz' evaluate -q "${folders[@]}" --compare worse -o bad
holds 'nothing was left' test ! -e bad
for file in "$gold"/folder/gt/*; do cp "$file" "worse/${file##*/}"; done
evaluate "${folders[@]}" -o better --compare worse --seed 3 --resamples 2000 --metrics dice || exit 1
evaluate "${folders[@]}" -o again --compare worse --seed 3 --resamples 2000 --metrics dice || exit 1
holds 'the same seed, the same bytes' cmp better/comparison.json again/comparison.json
numbers better/comparison.json >got
holds 'the truth is better' grep -q '^/metrics/0/difference -0\.0897919650' got
holds 'seed and resamples are recorded' grep -q '^/bootstrap/seed 3$' got
holds 'the table' grep -q '^| 1 | Dice | 5 | 0 | 0.9102 | 1 | -0.08979 |' better/comparison.md
voxpert evaluate "${folders[@]}" --compare worse --metrics dice >said 2>/dev/null
holds 'and standard output' grep -q '^1	Dice	-0.08979 \[' said

# ---- Figures: drawn by gnuplot, and a table where there is none
if a_program gnuplot 'figures of label maps'; then
    for figure in boxes bland_altman; do
        holds "$figure.png" sh -c "head -c 4 nan/$figure.png | grep -q PNG"
    done
fi
mkdir bare
for program in sh ls; do ln -s "$(command -v $program)" bare; done
PATH=$work/bare "$VOXPERT" evaluate "${folders[@]}" -o undrawn --format png >said 2>/dev/null
holds 'one line says so' grep -q '^no boxes.png: gnuplot is not installed' said
holds 'the table is there' test "$(ls undrawn)" = cases.csv

# ---- What is there stays
refused 6 'nan/summary.json: is there already; --overwrite replaces it' evaluate -q "${folders[@]}" -o nan
holds 'it may be replaced' evaluate "${folders[@]}" -o nan --overwrite
mkdir own && cp "$gold"/folder/pred/* own && cp nan/summary.json own
refused 2 'would replace the input' evaluate -q -p own -g "$gold/folder/gt" --compare own/summary.json \
    -o own --overwrite

# ---- Mistakes
gt=$gold/folder/gt pred=$gold/folder/pred
refused 2 '--predictions and --references are needed, or --data' evaluate -q -g "$gt"
refused 2 '--predictions does not go with --data' evaluate -q -p "$pred" -g "$gt" --data "$gt"
refused 2 '--empty maybe: must be one of nan, one, skip' evaluate -q "${folders[@]}" --empty maybe
refused 2 '--metrics dice,kappa: must be some of dice, iou' evaluate -q "${folders[@]}" --metrics dice,kappa
refused 2 '--metrics' evaluate -q "${folders[@]}" --metrics dice,
refused 2 '--nsd-tol 2cm' evaluate -q "${folders[@]}" --nsd-tol 2cm
refused 2 '--nsd-tol -1' evaluate -q "${folders[@]}" --nsd-tol -1
refused 2 'given twice' evaluate -q "${folders[@]}" --nsd-tol 2mm --nsd-tol 2.0
refused 2 '--format goes with --out' evaluate -q "${folders[@]}" --format csv
refused 2 '--format xls' evaluate -q "${folders[@]}" -o x --format xls
refused 2 '--seed go with --compare' evaluate -q "${folders[@]}" --seed 1
refused 2 '--ignore 0' evaluate -q "${folders[@]}" --ignore 0
refused 2 'labels 1 and 2 are the same' evaluate -q "${folders[@]:0:4}" --labels a=1,b=1
for bad in 0 1,,2 liver= 1+ -1 1,x 99999999999; do
    refused 2 "--labels $bad" evaluate -q "${folders[@]:0:4}" --labels "$bad"
done
printf '{"labels": {"liver": "one"}}' >bad.json
refused 3 'bad.json: labels: "liver"' evaluate -q "${folders[@]:0:4}" --labels bad.json
refused 3 nowhere.json evaluate -q "${folders[@]:0:4}" --labels nowhere.json
refused 3 'there is no file of that name' evaluate -q -p worse -g "$gold/components" -o bad
refused 3 'both must be folders' evaluate -q -p "$pred" -g "$gt/hippocampus_049.nii.gz" -o bad
refused 3 'shows another place' evaluate -q -p "$pred/hippocampus_049.nii.gz" -g "$gt/hippocampus_050.nii.gz" -o bad
printf 'no image' >own/hippocampus_051.nii.gz
refused 3 'own/hippocampus_051.nii.gz' evaluate -q -p own -g "$gt" -o bad
refused 3 'bad.json: is no summary' evaluate -q "${folders[@]}" --compare bad.json -o bad
refused 3 'rule "one"' evaluate -q "${folders[@]}" --compare rule_one/summary.json -o bad
refused 5 'hippocampus_049.nii.gz' evaluate -q "${folders[@]}" --max-memory 1K -o bad
refused 6 '/proc/none' evaluate -q "${folders[@]}" -o /proc/none
holds 'no mistake left anything' test ! -e bad
conclude
