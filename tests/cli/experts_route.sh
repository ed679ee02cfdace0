#!/usr/bin/env bash
# `voxpert experts route`: lines, heat maps and a matrix of where tokens go.
# What is begun in the background ignores SIGINT, and so would the program.
[ -n "${signals_reset:-}" ] || signals_reset=1 exec env --default-signal=INT bash "$0" "$@"
. tests/cli/_cli.sh
. tests/cli/_experts.sh
cd "$work" || exit 1
size_of() { od -An -j 16 -N 8 -t x1 "$1" | tr -d ' '; }
route() { experts route -m "$adapter" "$@"; }

# ---- One image
route -i "$picture" --object 1 --box 20,20,90,80 --object 2 --point 50,50:+ --csv one.csv -o seen >one.out 2>/dev/null
holds 'a line for each object, layer and token, below the names' test "$(wc -l <one.csv)" -eq $((1 + 2 * 2 * 2))
holds 'the columns are named' grep -qx \
    'image,object,layer,token,logit_1,logit_2,logit_3,gate_1,gate_2,gate_3,confidence,expert,chosen_token,entropy,image_entropy' one.csv
holds 'objects, layers and tokens count from 1' \
    diff <(cut -d, -f2-4 one.csv | tail -n +2) <(for o in 1 2; do for l in 1 2; do for t in 1 2; do echo $o,$l,$t; done; done; done)
cat >check.awk <<'AWK'
function near(a, b) { return a - b < 2e-6 && b - a < 2e-6 }
NR > 1 {
    sum = entropy = 0; best = 1
    for (e = 1; e <= 3; e++) { sum += exp($(4 + e)); if ($(4 + e) > $(4 + best)) best = e }
    for (e = 1; e <= 3; e++) { p = exp($(4 + e)) / sum; entropy -= p * log(p) / log(3) }
    total += entropy; rows++
    if (!near(entropy, $14)) { print "entropy", $0; exit 1 }
    if ($12 != best || $(7 + best) != 1) { print "expert", $0; exit 1 }
    if (!near($11, exp($(4 + best)) / sum)) { print "confidence", $0; exit 1 }
    image = $15
}
END { if (!near(total / rows, image)) { print "mean", total / rows, image; exit 1 } }
AWK
holds 'entropy, expert, confidence and mean are those of the logits' awk -F, -f check.awk one.csv
holds 'the chosen token is the one of the largest confidence in the last layer' awk -F, '
    NR > 1 && $3 == 2 { if (!($2 in most) || $11 > most[$2]) { most[$2] = $11; best[$2] = $4 } chosen[$2] = $13 }
    END { for (o in best) if (best[o] != chosen[o]) exit 1 }' one.csv
holds 'a line for each object and the mean are printed' test "$(grep -c 'entropy [01]\.[0-9]' one.out)" -eq 3
holds 'a figure for each object' test "$(echo seen/*)" = 'seen/074_object1.png seen/074_object2.png'
tall=$((224 * 2 + 8 + 1)) # more than two tiles
holds 'with a tile for each expert and layer' test $((16#$(size_of seen/074_object1.png | cut -c 9-16))) -gt $tall
route -i "$picture" --box 20,20,90,80 --json -q >one.json
voxpert segment -q -m "$adapter" --base "$base" -i "$picture" --box 20,20,90,80 --json >segment.json
routing() { sed -n '/"routing": {/,/^ *}/p' "$1" | tr -d ' ' | grep -v '^}'; }
holds 'the routing is that of segment' diff <(routing one.json) <(routing segment.json)
route -i "$picture" --csv free.csv -q
holds 'without a prompt the image is the prompt' test "$(wc -l <free.csv)" -eq 5
route -i "$picture" --prompt-free --csv free2.csv -q
holds 'as with --prompt-free' cmp free.csv free2.csv
route -i "$picture" --expert 3 --csv forced.csv -q
holds '--expert sends all tokens there' test "$(cut -d, -f12 forced.csv | sort -u | tr '\n' ' ')" = '3 expert '
holds 'and their gates are 1' test "$(cut -d, -f10 forced.csv | sort -u | tr '\n' ' ')" = '1 gate_3 '

# ---- Folders
mkdir more
cp "$data"/074.png 'more/a,"b".png' && cp "$data"/003.png more/c.png
route -i "$data" -i more -o both --csv both.csv >both.out 2>/dev/null
holds 'figures lie in folders of their own' test "$(find both -name '*_object1.png' | wc -l)" -eq 5
holds 'beside a matrix of folders and experts' test -s both/matrix.png
holds 'and the same for papers' grep -q '</svg>' both/matrix.svg
holds 'all images are in one file' test "$(wc -l <both.csv)" -eq $((1 + 5 * 2 * 2))
holds 'names are quoted where they need it' grep -q '^"more/a,""b"".png",1,1,1,' both.csv
holds 'a folder has its mean and its shares' test "$(grep -cE $'^(more|.*/data)\t[23] images\tmean entropy [01]\.[0-9]+\tlayer 1: .*%\tlayer 2: .*%$' both.out)" -eq 2
route -i "$data" -i more --json -q >both.json
holds 'shares of a layer sum to 1' awk '/"shares": \[/ { on = 1; depth = 1; next } on && /\[/ { sum = 0; next }
    on && /\]/ { if (sum == 0) { on = 0; next } if (sum < 0.999999 || sum > 1.000001) exit 1; layers++; sum = 0; next }
    on { gsub(/[ ,]/, ""); sum += $0 } END { if (layers != 4) exit 1 }' both.json
cat >asked.json <<'JSON'
[{"image": "074.png", "objects": [{"boxes": [[20, 20, 90, 80]]}]}, {"image": "003.png", "objects": [{"boxes": [[10, 10, 50, 50]]}, {"points": [{"p": [30, 30], "positive": true}]}]}]
JSON
route -i "$data" --prompts asked.json --csv asked.csv >/dev/null 2>&1
holds 'prompts of a folder come from a file' test "$(cut -d, -f1,2 asked.csv | sort -u | wc -l)" -eq 4
cp "$data"/* more && echo 'no picture' >more/broken.png
code=0
route -i more --csv some.csv >/dev/null 2>some.err || code=$?
holds 'an image that cannot be read is said, the others are done' test $code -eq 1 -a "$(wc -l <some.csv)" -eq $((1 + 5 * 4))
holds 'by its name' grep -q 'more/broken.png failed' some.err

# ---- The same whatever the threads
for threads in 1 3; do route -i "$data" --csv $threads.csv -o t$threads -t $threads >/dev/null 2>&1; done
holds 'lines are the same for any number of threads' cmp 1.csv 3.csv
holds 'figures too' diff -r t1 t3

# ---- Refusals leave nothing
other dry --prompt-tokens 0
refused 2 'makes no prompt tokens' experts route -m "$dry" --base "$base" -i "$data" --csv no.csv
refused 2 'has no experts' experts route -m "$base" -i "$picture" --csv no.csv
refused 2 '--output or --csv is needed' experts route -m "$adapter" -i "$picture"
refused 2 '--input is needed' experts route -m "$adapter" --csv no.csv
refused 2 'are for one image' experts route -m "$adapter" -i "$data" --box 1,2,3,4 --csv no.csv
refused 2 'is for one image or folder' experts route -m "$adapter" -i "$data" -i more --prompts asked.json --csv no.csv
refused 6 'one.csv: is there already' experts route -m "$adapter" --base "$base" -i "$picture" --object 1 --box 20,20,90,80 --csv one.csv
refused 6 '_object1.png: is there already' experts route -m "$adapter" --base "$base" -i "$picture" --object 1 --box 20,20,90,80 -o seen
holds 'they may be replaced' experts route -q -m "$adapter" -i "$picture" --object 1 --box 20,20,90,80 --csv one.csv -o seen --overwrite
refused 2 'is an input' experts route -m "$adapter" -i "$data" -o "$data"
refused 2 'must end with .csv' experts route -m "$adapter" -i "$data" --csv no.txt
refused 2 'expert "nobody"' experts route -m "$adapter" --base "$base" -i "$picture" --expert nobody --csv no.csv
refused 2 'outside' experts route -m "$adapter" --base "$base" -i "$picture" --box 1,2,300,400 --csv no.csv -o none
refused 4 'was trained on a base' experts route -m "$adapter" --base "$stranger" -i "$picture" --csv no.csv
holds 'nothing was written' test ! -e no.csv -a ! -e no.txt

# ---- Cut off
set -m # background jobs may be interrupted
mkdir many
for i in $(seq 1000 1999); do ln -s "$picture" many/$i.png; done
cut_off() { # cut_off WORDS ARGUMENT...
    local words=$1 code
    shift
    "$VOXPERT" experts route -m "$adapter" --base "$base" -i many --csv cut.csv --progress json "$@" >/dev/null 2>cut.err &
    wait_until grep -q '"done":' cut.err
    kill -s INT %% 2>/dev/null
    wait %%
    code=$?
    holds "cut off it ends with 130: $words" test $code -eq 130
    holds "$words" test "$(grep -cE "interrupted: [1-9][0-9]* of 1000 images are done; $words" cut.err)" -eq 1
}
cut_off 'no results were written'
cut_off 'their figures are kept, and no table was written' -o figures
holds 'there is no table' test ! -e cut.csv
conclude
