#!/usr/bin/env bash
# A model that is asked with boxes and clicks: curves whose first point is what `segment` gives.
. tests/cli/_cli.sh
cd "$work" || exit 1
mkdir -p lesions/images lesions/masks
blood_cells 001 002 003
lesion=$(ls "$shared/data/2d/derm_ph2/images" | head -n 1)
cp "$shared/data/2d/derm_ph2/images/$lesion" lesions/images
cp "$shared/data/2d/derm_ph2/masks/${lesion%.*}".* lesions/masks
evaluate() { voxpert evaluate -q -m "$model" "$@"; }

evaluate --data cells:nested --data lesions --clicks 3 --no-zoom -o out >said || exit 1
holds '-q prints nothing' test ! -s said
for file in clicks.json clicks.csv curve.csv clicks.md; do holds "$file" test -s out/$file; done
if a_program gnuplot 'the figure of clicks'; then
    holds 'curve.png' sh -c 'head -c 4 out/curve.png | grep -q PNG'
fi
holds 'a row per object and answer' test "$(grep -c 'box then clicks' out/clicks.csv)" -eq \
    "$((4 * $(grep -c 'clicks alone,3' out/clicks.csv)))"
holds 'three answers to clicks alone' test "$(grep -c 'clicks alone' out/clicks.csv)" -eq \
    "$((3 * $(grep -c 'clicks alone,3' out/clicks.csv)))"
holds 'part and zoom are recorded' sh -c 'grep -q "\"part\": \"all\"" out/clicks.json && grep -q "\"zoom\": false" out/clicks.json'
holds 'rings are apart' grep -q 'cells, with rings (apart)' out/clicks.json
holds 'a mean over the sets' grep -q '"mean of the sets"' out/clicks.json

# DSC_AUC is the trapezoid over the three clicks of the curve
awk -F, '$1 == "lesions" && /clicks alone/ { d[$4] = $5 }
    END { printf "%.6f\n", (d[1] + d[2]) / 2 + (d[2] + d[3]) / 2 }' out/curve.csv >want
sed -n '/"lesions"/,/alone/p' out/clicks.json | sed -n '/clicks_alone/s/.*"DSC_AUC": \([0-9.]*\).*/\1/p' |
    awk '{ printf "%.6f\n", $1 }' >got
holds 'DSC_AUC' cmp want got

# The first point is what segment gives for the box, and evaluate says of it
row=$(grep '^lesions/' out/clicks.csv | head -n 1)
box=$(echo "$row" | cut -d, -f 3-6)
segment -i "lesions/images/$lesion" --box "$box" --no-zoom -o mask.png
printf '{"image": "%s", "objects": [{"value": 1, "boxes": [[%s]]}]}' "$lesion" "$box" >p.json
voxpert segment -q -m "$model" -i "lesions/images/$lesion" --prompts p.json --no-zoom -o one.png || exit 1
voxpert evaluate -p one.png -g "$(ls lesions/masks/*)" --labels 1 -q --json >told.json || exit 1
awk -v a="$(echo "$row" | cut -d, -f 11)" -v b="$(field Dice told.json | head -n 1)" \
    'BEGIN { off = a - b; exit !(off < 1e-6 && off > -1e-6 && a > 0) }'
holds 'Dice after the box is that of the mask that segment writes' test $? -eq 0

# ---- Which objects, threads, standard output
evaluate --data cells --clicks 1 --most 1 --json >one.json || exit 1
holds 'one object of the set' test "$(field clicks one.json | head -n 1)" -eq 1 -a \
    "$(grep -c '"set": "cells"' one.json)" -eq 1 -a "$(field objects one.json | head -n 1)" -eq 1
holds 'the model is named' test -n "$(field identity one.json)"
for threads in 1 3; do evaluate --data lesions --clicks 2 -o "t$threads" -t $threads || exit 1; done
holds 'the same bytes with 1 and 3 threads' sh -c 'cmp t1/clicks.csv t3/clicks.csv && cmp t1/clicks.json t3/clicks.json'
voxpert evaluate -m "$model" --data lesions --clicks 1 >said 2>/dev/null
holds 'a table on standard output' grep -q '^| lesions | 1 | ' said

# ---- Two reports, object by object
evaluate --data cells --data lesions --clicks 1 -o first || exit 1
voxpert evaluate -m "$model" --data cells --data lesions --clicks 2 --zoom -o second --compare first/clicks.json --json >second.out 2>second.err || exit 1
cat >paired.py <<'PYTHON'
import json
first, second = (json.load(open(f'{d}/clicks.json'))['measured'] for d in ('first', 'second'))
key = lambda o: (o['picture'], o['label'], o['box'])
assert sorted(map(key, first)) == sorted(map(key, second)) and len(first) > 3
rows = json.load(open('second/comparison.json'))['rows']
assert {(r['set'], r['way'], r['clicks']) for r in rows} == {
    (s, w, k) for s in ('cells', 'lesions', 'all') for w, k in
    (('box then clicks', 0), ('box then clicks', 1), ('clicks alone', 1))}
other = {str(key(o)): o for o in first}
for row in rows:
    way, at = ('box_then_clicks', row['clicks']) if row['way'] == 'box then clicks' else ('clicks_alone', row['clicks'] - 1)
    pairs = [(o[way][at], other[str(key(o))][way][at]) for o in second
             if 'with_rings' not in o and row['set'] in ('all', o['picture'].split('/')[0])]
    assert len(pairs) == row['pairs'], row
    mean = sum(a - b for a, b in pairs) / len(pairs)
    assert abs(mean - row['difference']) < 1e-7 and row['interval'][0] - 1e-9 <= mean <= row['interval'][1] + 1e-9, row
    assert 0 < row['wilcoxon']['p'] <= 1
assert json.load(open('second.out'))['comparison']['rows'] == rows
PYTHON
holds 'a comparison is of the objects of both reports' python3 paired.py
holds 'another number of clicks is said' grep -q 'first/clicks.json has 1 clicks, not 2' second.err
holds 'in the table too' grep -q 'has 1 clicks, not 2' second/comparison.md
holds 'so is another view' grep -q 'first/clicks.json was measured in another view' second.err
voxpert evaluate -q -p second/clicks.json --compare first/clicks.json -o again || exit 1
holds 'two reports without a model: the same' cmp again/comparison.json second/comparison.json
evaluate --data lesions --clicks 1 -o fewer || exit 1
refused 3 'fewer/clicks.json: lacks the object of label' evaluate -q -p first/clicks.json --compare fewer/clicks.json
refused 3 'first/clicks.json: has also the object of label' evaluate -q -p fewer/clicks.json --compare first/clicks.json
sed '/"measured"/,$d' first/clicks.json | sed '$s/,$/}/' >old.json
refused 3 'old.json: is no clicks.json with "clicks" and its objects in "measured"' evaluate -q -p first/clicks.json --compare old.json
sed 's/"box_then_clicks": \[0\.[0-9]*/"box_then_clicks": [7/' first/clicks.json >seven.json
refused 3 'Dice must be numbers from 0 to 1' evaluate -q -p first/clicks.json --compare seven.json
refused 2 'would replace the input' evaluate -q -m "$model" --data lesions --clicks 1 -o fewer --compare fewer/clicks.json --overwrite
refused 2 'a clicks.json is compared with that of --compare' evaluate -q -p first/clicks.json
refused 2 'with the clicks.json of another run' evaluate -q -m "$model" --data lesions --clicks 1 --compare built-in
refused 2 '--references does not go with a clicks.json' evaluate -q -p first/clicks.json -g cells --compare fewer/clicks.json

# ---- Results of an earlier run in the same folder
cp -r first older && touch older/comparison-2.md older/table.md
voxpert evaluate -m "$model" --data lesions --clicks 1 -o older --overwrite --progress none >/dev/null 2>older.err || exit 1
holds 'what an earlier run left there is named' grep -q 'older: of an earlier run there stay beside the new results: table.md, comparison-2.md$' older.err
voxpert evaluate -m "$model" --data lesions --clicks 1 -o first --overwrite --progress none >/dev/null 2>older.err || exit 1
holds 'what is replaced is not' test ! -s older.err

# ---- Mistakes
click=(evaluate -q -m "$model" --data lesions --clicks 2)
refused 2 '--clicks 0' evaluate -q --data lesions --clicks 0
refused 2 '--clicks 51' evaluate -q --data lesions --clicks 51
refused 2 '--data is needed' evaluate -q --clicks 2
refused 2 '--predictions does not go with --clicks' "${click[@]}" -p cells
refused 2 '--format does not go with --clicks' "${click[@]}" --format csv
refused 2 '--part some' "${click[@]}" --part some
refused 2 '--zoom and --no-zoom' "${click[@]}" --zoom --no-zoom
refused 2 'is no option of a data folder' evaluate -q -m "$model" --data lesions:patients --clicks 1 -o bad
refused 3 nowhere evaluate -q -m "$model" --data nowhere --clicks 1 -o bad
mkdir -p empty/images empty/masks
refused 3 "no object in the part" evaluate -q -m "$model" --data empty --clicks 1 --part train -o bad
refused 4 none.pth evaluate -q -m none.pth --data lesions --clicks 1 -o bad
refused 5 '--max-memory' "${click[@]}" --max-memory 1K -o bad
refused 6 'out/clicks.json: is there already' "${click[@]}" -o out
holds 'no mistake left anything' test ! -e bad
conclude
