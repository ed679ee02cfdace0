#!/usr/bin/env bash
# A model on a data set in one command: the label maps that it predicts for simulated prompts, with all
# metrics, a second model in the same view, and the table of a paper.
. tests/cli/_cli.sh
cd "$work" || exit 1
blood_cells 001 002 003
evaluate() { voxpert evaluate -m "$model" --data cells:nested "$@"; }

# ---- The same as by hand: segment with the boxes of the masks, and evaluate its files
evaluate -o box --metrics dice,hd95 >said 2>warned || exit 1
holds 'the protocol is the first line, in words' sh -c 'head -n 1 said | grep -qx "a box around each object; the model sees whole pictures; all of cells: [0-9]* objects in 3 pictures"'
holds 'labels are those of the data' grep -q '^2	Dice 0\.' said
voxpert evaluate -q -m "$model" --data cells:nested --clicks 1 -o clicks || exit 1
box=$(sed -n '2p' clicks/clicks.csv) # the outer object of the first picture: whatever is 1 or more
value=$(echo "$box" | cut -d, -f 2)
corners=$(echo "$box" | cut -d, -f 3-6)
stem=$(basename "$(echo "$box" | cut -d, -f 1)")
inner=$(grep "^cells/$stem,2," clicks/clicks.csv | grep 'box then clicks,0' | head -n 1)
holds 'Dice of an innermost object is that after its box' awk -F, -v stem="$stem" -v want="$(echo "$inner" | cut -d, -f 11)" \
    'NR > 1 && $1 == stem && $2 == 2 { off = $4 - want; found = off < 1e-6 && off > -1e-6 } END { exit !found }' box/cases.csv
for file in summary.json cases.csv table.md paper.csv paper.md paper.tex; do holds "$file" test -s "box/$file"; done
holds 'the protocol is in the summary' grep -q '"protocol": "a box around each object; the model sees whole pictures' box/summary.json
holds 'and in the table' grep -q '^- Predictions: a box around each object' box/table.md

# ---- Clicks, other parts
evaluate --simulate clicks:3 --most 2 --metrics dice >said 2>/dev/null || exit 1
holds 'clicks, of fewer pictures' sh -c 'head -n 2 said | tr "\n" " " | grep -q "^3 simulated clicks on each object; .* in 2 pictures 2 cases"'
refused 3 'there is no picture with an object in the part "test"' evaluate -q -m "$model" --data cells:train --part test
refused 2 'prompt' evaluate -q -m "$model" --data cells --simulate free

# ---- Instances are one foreground
voxpert evaluate -m "$model" --data cells:instances --metrics dice,lesion >said 2>warned || exit 1
holds 'numbers of objects are one label' grep -q '^1 foreground	Dice 0' said
holds 'which is said' grep -q 'labels of cells are numbers of objects' warned

# ---- Two models, in one view
evaluate --compare built-in -o two --metrics dice,hd95 >said 2>/dev/null || exit 1
holds 'p and interval' grep -q '^1	Dice	.*\[.*\]	p ' said
holds 'the other sees what the first sees' sh -c \
    '[ "$(grep -c "the model sees whole pictures" two/comparison.md)" -eq 2 ] && ! grep -q crops two/comparison.md'
holds 'both are rows of the paper table' sh -c '[ "$(grep -c "^| 1 " two/paper.md)" -eq 2 ] && grep -q "^| 1 .*| built-in | 3 | 0\.[0-9]* (0\.[0-9]*)" two/paper.md'
holds 'with p against the first' sh -c 'grep "^| 1 .*| built-in" two/paper.md | grep -qE "\| [01]\.[0-9]{3} \|$"'
holds 'LaTeX' sh -c 'grep -q "^\\\\begin{tabular}{llr" two/paper.tex && grep -q "HD95\\\\_elements\\\\_px" two/paper.tex && ! grep -q "[^\\\\]_" two/paper.tex'
holds 'CSV has each metric of each method' sh -c 'grep -q "^1,built-in,HD95_elements_px,[0-9.]*,[0-9.]*,3,0,[0-9.]*," two/paper.csv'
evaluate --compare built-in --compare two/summary.json -o three --metrics dice >said 2>warned || exit 1
holds 'a second comparison has files of its own' test -s three/comparison-2.json
holds 'against itself there is no difference' sh -c 'grep -q "\"difference\": 0," three/comparison-2.json'
evaluate --zoom --compare two/summary.json -o zoomed --metrics dice >said 2>warned || exit 1
holds 'another view is told' grep -q 'two/summary.json was measured in another way: a box around each object; the model sees whole' warned
evaluate --json --metrics dice --most 1 >said.json 2>/dev/null || exit 1
holds 'model and protocol in JSON' sh -c '[ -n "$(sed -n "s/^ *\"identity\": //p" said.json)" ] && grep -q "^  \"protocol\": \"a box" said.json'
for threads in 1 3; do evaluate -q -o "t$threads" -t $threads --metrics dice,nsd || exit 1; done
holds 'the same bytes with 1 and 3 threads' sh -c 'cmp t1/summary.json t3/summary.json && cmp t1/paper.csv t3/paper.csv'

# ---- The built-in model states its training cases: it was trained by version 1 of the split
lungs=$shared/data/2d/xr_shenzhen
if a_shared data/2d/xr_shenzhen 'the built-in model states its training cases'; then
    refused 3 'built-in model was trained on 34 of the 51 cases of part "test"' evaluate -q -m built-in --data "$lungs" --part test
    refused 3 'take other data, or version 1 of the split (split=1), by which it was trained on none of its test part' \
        evaluate -q -m built-in --data "$lungs" --part test
    refused 3 '(split=1)' segment -q -m built-in --data "$lungs" --part test --simulate box -o no
    refused 3 '(split=1)' train -q --measure test --data "$lungs"
    voxpert evaluate -m built-in --data "$lungs:split=1" --part test --metrics dice --most 2 >said 2>warned || exit 1
    holds 'the split that it was trained by is taken, without a word' sh -c '! grep "trained on" warned'
    voxpert train --steps 1 --batch 1 --warm-up 0 --validate-every 0 --data "$lungs" --out lungs >said 2>warned || exit 1
    holds 'a run on it warns' grep -q 'built-in model has seen [0-9]* of the [0-9]* cases that are kept .* by version 1 of the split (split=1) it was' warned
    refused 3 'or a list of cases that it was not trained on' evaluate -q -m lungs/model.safetensors --data "$lungs" --part test
fi

# ---- Mistakes
refused 2 '--simulate boxes: must be box, clicks:N' evaluate -q -m "$model" --data cells --simulate boxes
for bad in clicks clicks: clicks:0 clicks:51 clicks:1.5 clicks:x; do
    refused 2 "--simulate $bad" evaluate -q -m "$model" --data cells --simulate $bad
done
refused 2 '--references does not go with --data' evaluate -q -m "$model" --data cells -g cells/masks
refused 2 '--simulate goes with --data' evaluate -q -p cells/masks -g cells/masks --simulate box
refused 2 '--simulate does not go with --clicks' evaluate -q -m "$model" --data cells --clicks 1 --simulate box
refused 2 'several go with --clicks' evaluate -q -m "$model" --data cells --data cells
refused 4 none.pth evaluate -q -m "$model" --data cells --compare none.pth -o bad
refused 3 nowhere evaluate -q -m "$model" --data nowhere -o bad
refused 6 'box/summary.json: is there already' evaluate -q -m "$model" --data cells -o box
holds 'no mistake left anything' test ! -e bad
conclude
