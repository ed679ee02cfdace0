#!/usr/bin/env bash
# What `voxpert check` says of good and of broken data sets, and that it changes none.
. tests/cli/_cli.sh
sets=$shared/golden/eval/datasets
cd "$work" || exit 1

# finds CODE NAME WORD...: exit code, and each word in what it prints
finds() {
    local code=$1 set=$2 got
    shift 2
    voxpert check "$sets/$set" >out.txt 2>err.txt
    got=$?
    holds "check $set ends with $code, not $got" test $got -eq "$code"
    for word in "$@"; do holds "check $set says $word" grep -qF -- "$word" out.txt; done
}

for set in nnunet/nnUNet_raw/Dataset004_Hippocampus nnunet/nnUNet_raw/Dataset120_Cells sam_med2d \
    imis/WBC sam_med3d sam_med3d/data cvpr_npz broken/good; do
    finds 0 $set 'nothing wrong'
    holds "check $set says nothing else" test "$(wc -l <out.txt)" -eq 1
done
for set in "$sets"/broken/*; do
    [ "$(basename "$set")" = good ] || finds 1 "broken/$(basename "$set")" 'rule: ' 'remedy: '
done
finds 1 broken/mismatched_geometry labelsTr/hippocampus_050.nii.gz 'field affine' '3 mm in x'
finds 1 broken/empty_label 'warning  labelsTr/hippocampus_051.nii.gz'

# Findings of one kind are one
mkdir -p many/images many/labels
cp "$picture" many/images/a.png && cp "$shared/data/2d/micro_wbc/masks/074.png" many/labels/a.png
for n in 1 2 3 4 5; do cp many/labels/a.png many/labels/lost$n.png; done
voxpert check many >many.out 2>many.err
holds 'five findings of one kind are printed as one' test "$(grep -c 'rule: every label' many.out)" -eq 1
holds 'with their number' grep -q 'the same in 5 places' many.out
holds 'and the first of them' grep -q 'labels/lost3.png: there is no image of that stem' many.out
holds 'and how to see the others' grep -qF '(--verbose prints the other 2)' many.out
holds 'all are counted' grep -q '0 errors and 5 warnings' many.err
voxpert check many --verbose >many.out 2>/dev/null
holds '--verbose prints each' test "$(grep -c 'rule: every label' many.out)" -eq 5
voxpert check many --json >many.out 2>/dev/null
holds 'and so does --json' test "$(grep -c '"rule": "every label' many.out)" -eq 5
rm many/labels/lost4.png many/labels/lost5.png
voxpert check many >many.out 2>/dev/null
holds 'three are printed one by one' test "$(grep -c 'rule: every label' many.out)" -eq 3

voxpert check "$sets/broken/wrong_number" --json >found.json 2>/dev/null
holds 'JSON: one error' test "$(field errors found.json)" = 1
holds 'JSON: the rule' test "$(field rule found.json)" = 'numTraining equals the labels found'
holds 'JSON: the numbers' grep -q '"expected": 5' found.json

# A plan does what it says, once it is run.
cp -r "$sets/broken" broken && chmod -R u+w broken
before=$(find broken -type f -exec cksum {} + | sort)
for set in wrong_number wrong_ending no_background no_channel_suffix v1_format channel_surplus \
    missing_label missing_image truncated_image; do
    voxpert check "broken/$set" --fix-plan >"$set.sh" 2>/dev/null
    holds "a plan for $set is a script" sh -n "$set.sh"
done
holds 'nothing was changed' test "$before" = "$(find broken -type f -exec cksum {} + | sort)"
for set in wrong_number wrong_ending no_background no_channel_suffix v1_format channel_surplus; do
    holds "the plan for $set can be run" sh "$set.sh"
    holds "the plan mends $set" voxpert check -q "broken/$set"
done

# What came to be since, and a plan that is run twice: nothing is lost, and what is not done is printed
for set in no_channel_suffix wrong_number; do
    cp -r "$sets/broken/$set" "late_$set" && chmod -R u+w "late_$set"
    voxpert check "late_$set" --fix-plan >late_$set.sh 2>/dev/null
done
target=$(sed -n 's/^mv -n [^ ]* \([^ ]*\) .*/\1/p' late_no_channel_suffix.sh | head -n 1)
source=$(sed -n 's/^mv -n \([^ ]*\) .*/\1/p' late_no_channel_suffix.sh | head -n 1)
holds 'a plan moves' test -f "$source" -a ! -e "$target"
echo mine >"$target"
sh late_no_channel_suffix.sh >late.out 2>late.err
holds 'a file that came to be since ends in exit code 1' test $? -eq 1
holds 'it stays' grep -qx mine "$target"
holds 'and what was not moved is there and named' grep -qF "not moved: $source" late.err
holds 'still there' test -f "$source"
holds 'a plan for dataset.json' sh late_wrong_number.sh
backup=$(cksum <late_wrong_number/dataset.json.before)
sh late_wrong_number.sh >late.out 2>late.err
holds 'run again it ends in exit code 1' test $? -eq 1
holds 'keeps the first text' test "$(cksum <late_wrong_number/dataset.json.before)" = "$backup"
holds 'and prints what it does not write' grep -q '^not written: late_wrong_number/dataset.json$' late.err

holds 'cases are listed' grep -q '"name": "hippocampus_053"' \
    <(voxpert check --list "$sets/nnunet/nnUNet_raw/Dataset004_Hippocampus")
voxpert check --list --fold 1 "$sets/nnunet/nnUNet_raw/Dataset004_Hippocampus" >list.json
holds 'a fold is listed' test "$(field validation list.json)" = 1
cp -r "$sets/nnunet" nnunet && chmod -R u+w nnunet
(cd nnunet/nnUNet_raw/Dataset004_Hippocampus && voxpert check --list .) >here.json
holds 'a fold is found from inside the folder' test "$(field validation here.json)" = 1
holds 'dataset.json stands for its folder' voxpert check -q \
    nnunet/nnUNet_raw/Dataset004_Hippocampus/dataset.json
voxpert check --patient "$sets/sam_med2d" >out.txt 2>/dev/null
holds 'with --patient a prefix is a patient' grep -q 'patient wbc' out.txt

# ---- Quality
breast=$shared/data/2d/us_breast
voxpert check --quality "$breast" -o screened --progress none >out.txt 2>err.txt
holds 'screening ends with 0' test $? -eq 0
holds 'screening is summed up' grep -q 'of 36 cases accepted' out.txt
for file in quality.csv quality.json worst.png accepted.json; do
    holds "screening writes $file" test -s screened/$file
done
holds 'a row for each case' test "$(wc -l <screened/quality.csv)" -eq 37
accepted=$(grep -c ',yes,' screened/quality.csv)
holds 'the list has the accepted' test "$(grep -c '^   "name"' screened/accepted.json)" -eq "$accepted"
holds 'the rule is recorded' grep -q '1.4826 median' screened/quality.json
holds 'the list is a data set' voxpert check -q screened/accepted.json
voxpert check --list screened/accepted.json >list.json
holds 'of as many cases' test "$(grep -c '"listed": false' list.json)" -eq "$accepted"
holds 'it is called as the set' test "$(field name screened/accepted.json | head -n 1)" = us_breast
parts_of() { awk -F'"' '/^      "name"/ { name = $4 } /^      "part"/ { print name, $4 }' "$1" | sort; }
voxpert check --list "$breast" >all.json
holds 'parts are those of the set' test -z "$(comm -23 <(parts_of list.json) <(parts_of all.json))"
holds 'of every case' test "$(parts_of list.json | wc -l)" -eq "$accepted"
voxpert check --quality "$breast" -o again --progress none -q
holds 'twice the same bytes' diff -r screened again
a_shared data/2d/micro_nuclei 'fixed limits refuse fields of cells' &&
    voxpert check --quality --limits fixed "$shared/data/2d/micro_nuclei" >out.txt 2>&1 &&
    holds 'fixed limits refuse fields of cells' grep -q 'components_8 .* above 5 (fixed)' out.txt
voxpert check --quality "$sets/sam_med2d" >out.txt 2>err.txt
holds 'small sets have no limits of their own' grep -q 'the fixed ones count' err.txt
voxpert check --quality --json "$breast" >quality.json 2>/dev/null
holds 'JSON is the report' cmp <(field accepted quality.json | head -n 1) \
    <(field accepted screened/quality.json | head -n 1)
holds '-q prints nothing' test -z "$(voxpert check -q "$sets/broken/wrong_number" 2>&1)"

# ---- The split
cp -r "$breast" renamed && chmod -R u+w renamed
voxpert check --list renamed >renamed.json
holds 'a folder of another name is split alike' cmp <(parts_of renamed.json) <(parts_of all.json)
for name in us_breast renamed; do
    [ $name = renamed ] && set=renamed || set=$breast
    voxpert check --list --split-rule 1 "$set" >$name.1.json
done
fails() { ! "$@"; }
holds 'by the first rule it is not' fails cmp -s <(parts_of us_breast.1.json) <(parts_of renamed.1.json)
holds 'the rule is listed' test "$(field split_rule renamed.json) $(field split_rule renamed.1.json)" = '2 1'
voxpert check -q --split-rule 1 --write-split split.json renamed
holds 'a split is written' test $? -eq 0
holds 'with a content of each case' test "$(grep -c '"content": "[0-9a-f]\{64\}"' split.json)" -eq 36
mkdir elsewhere && mv renamed split.json elsewhere
voxpert check --list elsewhere/split.json >list.json
holds 'and read again after a move' cmp <(parts_of list.json) <(parts_of renamed.1.json)
holds 'it is a good list' voxpert check -q elsewhere/split.json
first=$(find elsewhere/renamed/images -type f | sort | head -n 1) last=$(find elsewhere/renamed/images -type f | sort | tail -n 1)
cp "$last" "$first"
voxpert check elsewhere/split.json >out.txt 2>/dev/null
holds 'a changed image is found' grep -q 'holds other values than' out.txt
refused 2 '--write-split checks nothing' check --list --write-split x "$breast"
refused 2 '--split-rule' check --split-rule 3 "$breast"
refused 6 'split.json: is there already' check -q --write-split elsewhere/split.json "$breast"
mkdir quality && : >quality/quality.csv
refused 6 'quality/quality.csv: is there already' check -q --quality -o quality "$breast"
holds 'it may be replaced' voxpert check -q --quality -o quality --overwrite "$breast"
refused 6 'taken/no' check -q --write-split taken/no "$breast"

refused 2 '--output is for --quality' check "$breast" -o x
refused 2 '--limits' check --quality --limits none "$breast"
refused 2 'no --fix-plan' check --quality --fix-plan "$breast"
holds 'a file where the folder should be' touch taken
refused 6 taken check --quality "$breast" -o taken --progress none
refused 2 'a data set is needed' check
refused 2 '--fold' check --fold x "$sets/sam_med2d"
refused 2 '--list checks nothing' check --list --fix-plan "$sets/sam_med2d"
refused 2 'folds 0 to 1' check --fold 5 "$sets/nnunet/nnUNet_raw/Dataset004_Hippocampus"
refused 3 'no such file' check nowhere
refused 3 'has no layout of a data set' check "$work"
conclude
