#!/usr/bin/env bash
# Masks of a data set in one command: prompts are made from its labels.
. tests/cli/_cli.sh
command -v python3 >/dev/null || { echo 'skipped: python3, which reads the reports, is missing'; exit 77; }
cd "$work" || exit 1
mkdir -p set/images set/masks
for i in 003 012 020 074; do
    cp "$shared/data/2d/micro_wbc/images/$i.png" set/images/
    cp "$shared/data/2d/micro_wbc/masks/$i.png" set/masks/
done
n=$(ls set/images | wc -l)
run() { voxpert segment -q -m "$model" --data set "$@"; }
run --simulate box -o boxes --json >boxes.out
holds 'a mask for each case' test "$(ls boxes/*.png | wc -l)" -eq "$n"
holds 'a line for each in the report' test "$(grep -c '"simulate":"box"' boxes/report.jsonl)" -eq "$n"
holds 'with the protocol, in words' grep -q '"protocol":"[^"]*box' boxes/report.jsonl
holds 'of the whole too' grep -q '"protocol": "' boxes.out
run --simulate clicks:3 -o clicks
run --simulate clicks:1 -o click
holds 'other prompts are other masks' test "$(cat boxes/*.png | cksum)" != "$(cat clicks/*.png | cksum)"
holds 'so are other numbers of clicks' test "$(cat click/*.png | cksum)" != "$(cat clicks/*.png | cksum)"
run --simulate box -o again
holds 'the same twice' diff <(cat boxes/*.png | cksum) <(cat again/*.png | cksum)
run --simulate box --no-zoom -o whole -t 1
run --simulate box --no-zoom -o whole7 -t 7
holds 'for any number of threads' diff <(cat whole/*.png | cksum) <(cat whole7/*.png | cksum)
voxpert segment -m "$model" --data set --simulate box -o told >told.out 2>/dev/null
holds 'the last line counts' grep -q "^$n cases: $n done, 0 skipped; told/report.jsonl$" told.out
parts=0
for part in train validation test; do
    run --simulate box --part $part -o part.$part >/dev/null 2>&1
    parts=$((parts + $(ls part.$part/*.png 2>/dev/null | wc -l)))
done
holds 'parts are all' test $parts -eq "$n"
refused 6 'boxes/report.jsonl: is there already' segment -q -m "$model" --data set --simulate box -o boxes
holds '--overwrite' run --simulate box -o boxes --overwrite
refused 2 '--simulate circle: must be box, clicks:N with N from 1 to 50' segment -q -m "$model" --data set --simulate circle -o no
refused 2 '--simulate clicks:0' segment -q -m "$model" --data set --simulate clicks:0 -o no
run -o default
holds 'boxes are the default' diff <(cat boxes/*.png | cksum) <(cat default/*.png | cksum)
run --most 2 -o two
holds '--most' test "$(ls two/*.png | wc -l)" -eq 2
refused 2 '--box does not go with --data' segment -q -m "$model" --data set --simulate box --box 1,2,3,4 -o no
refused 2 '--input does not go with --data' segment -q -m "$model" --data set --simulate box -i "$picture" -o no
refused 2 '--part goes with --data' segment -q -m "$model" -i "$picture" --box 1,2,30,40 --part test -o no.png
refused 2 '--output is needed' segment -q -m "$model" --data set --simulate box
refused 3 none segment -q -m "$model" --data none --simulate box -o no
refused 2 'need' segment -q -m "$model" --data set --simulate free -o no
holds 'nothing of them was made' test ! -e no
sum=$(cat set/images/* | sha256sum)
refused 2 'would replace the input' segment -q -m "$model" --data set --part all --simulate box -o set/images --overwrite
holds 'the images are what they were' test "$(cat set/images/* | sha256sum)" = "$sum"
labels=$(cat set/masks/* | sha256sum)
refused 2 'would replace the input' segment -q -m "$model" --data set --simulate box -o set/masks --overwrite
holds 'the labels are what they were' test "$(cat set/masks/* | sha256sum)" = "$labels"

# The prompts of the report, given as a prompts file, make the same mask.
# lines EXPRESSION REPORT.jsonl: the value of the expression about each line `l`, as JSON
lines() { python3 -c 'import json, sys
for l in map(json.loads, open(sys.argv[2])): print(json.dumps(eval(sys.argv[1])))' "$@"; }
as_prompts='{"image": l["image"]["file"].split("/")[-1], "objects": l["prompts"]["objects"]}'
lines "$as_prompts" boxes/report.jsonl >boxes.jsonl
holds 'the report has a box for each object' grep -q '"boxes": \[\[' boxes.jsonl
voxpert segment -q -m "$model" -i set/images -o repeated --prompts boxes.jsonl
holds 'which make the same masks' diff <(cat boxes/*.png | cksum) <(cat repeated/*.png | cksum)
holds 'three clicks are in the report' test "$(lines '[len(o["points"]) for o in l["prompts"]["objects"]]' clicks/report.jsonl | tr -d '[] ' | tr , '\n' | sort -u)" = 3
holds 'the first is inside' test "$(lines 'all(o["points"][0]["positive"] for o in l["prompts"]["objects"])' clicks/report.jsonl | sort -u)" = true
lines "$as_prompts" click/report.jsonl >click.jsonl
voxpert segment -q -m "$model" -i set/images -o repeated_click --prompts click.jsonl
holds 'a click makes the same masks' diff <(cat click/*.png | cksum) <(cat repeated_click/*.png | cksum)

# --resume
resume() { voxpert segment -m "$model" --data set --progress none "$@" --resume; }
whole=$(cat boxes/*.png | cksum)
resume -o boxes >resumed.out
holds 'all are skipped' grep -q ": 0 done, $n skipped;" resumed.out
rm boxes/012.png
printf x >>boxes/020.png
resume -o boxes >resumed.out 2>resumed.err
holds 'a missing mask and a damaged one are made again' grep -q ": 2 done, $((n - 2)) skipped;" resumed.out
holds 'the damage is reported' grep -q 'boxes/020.png: is not as it was written; .* kept as boxes/020.png.changed' resumed.err
holds 'and kept' test "$(tail -c 1 boxes/020.png.changed)" = x
holds 'the masks are those of an uninterrupted run' test "$(cat boxes/*.png | cksum)" = "$whole"
sed -n 1,2p boxes/report.jsonl >begun.jsonl
mkdir begun
cp boxes/003.png boxes/012.png begun/
mv begun.jsonl begun/report.jsonl
resume -o begun >resumed.out 2>&1
holds 'a run that was cut short goes on' grep -q ": $((n - 2)) done, 2 skipped;" resumed.out
holds 'to the same end' test "$(cat begun/*.png | cksum)" = "$whole"
cp -r set elsewhere
mkdir moved && mv elsewhere moved/set
voxpert segment -q -m "$model" --data moved/set -o begun --resume --json >resumed.out
holds 'data that was moved is the same data' grep -q "\"skipped\": $n," resumed.out
cannot='the run that it reports cannot be resumed: case set/003:'
refused 3 "$cannot other prompts were simulated" segment -q -m "$model" --data set --simulate clicks:2 -o begun --resume
refused 3 "$cannot the model saw whole images, or crops" segment -q -m "$model" --data set --zoom -o begun --resume
refused 3 "$cannot another model made it" segment -q --data set -o begun --resume --no-zoom
refused 3 "it was one of another choice of cases" segment -q -m "$model" --data set --most 4 -o two --resume
refused 3 "it is not among the cases of this run" segment -q -m "$model" --data set --most 2 -o begun --resume
cp set/masks/020.png kept.png
cp set/masks/012.png set/masks/020.png
refused 3 'case set/020: its image, its labels, its part or an option of its data set has changed' segment -q -m "$model" --data set -o begun --resume
cp kept.png set/masks/020.png
holds 'nothing of the refused runs was written' test "$(cat begun/*.png | cksum)" = "$whole"
refused 2 '--resume and --overwrite exclude each other' segment -q -m "$model" --data set -o begun --resume --overwrite
mkdir foreign
echo mine >foreign/012.png
refused 6 'foreign/012.png: is there already' segment -q -m "$model" --data set -o foreign --resume
holds 'a mask that no report tells of stays' grep -qx mine foreign/012.png

# Warnings are printed and land in the report of their case
mkdir -p odd/images odd/masks
cp set/images/*.png odd/images/
cp set/masks/*.png odd/masks/
head -c -12 set/images/003.png >odd/images/003.png # without its end chunk
voxpert segment -m "$model" --data odd -o odd.out --json >odd.json 2>odd.err
holds 'an odd image is warned of' grep -q 'odd/images/003.png: ' odd.err
holds 'in the JSON' test "$(grep -c 'odd/images/003.png: ' odd.json)" = 1
holds 'in the report of its case, and of no other' test "$(lines 'len(l["warnings"])' odd.out/report.jsonl | tr '\n' ' ')" = '1 0 0 0 '
mkdir over && cp set/images/003.png over/
cat >over/list.json <<'JSON'
{"images": [{"id": 1, "file_name": "003.png", "width": 120, "height": 120}], "categories": [{"id": 1, "name": "cell"}],
 "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [10, 10, 60, 60], "iscrowd": 0, "segmentation": [[10, 10, 70, 10, 70, 70, 10, 70]]},
                 {"id": 2, "image_id": 1, "category_id": 1, "bbox": [40, 40, 60, 60], "iscrowd": 0, "segmentation": [[40, 40, 100, 40, 100, 100, 40, 100]]}]}
JSON
voxpert segment -m "$model" --data over/list.json -o over.out --json >over.json 2>over.err
overlap='its labels overlap, but each pixel of a label map has one value'
holds 'objects that overlap are warned of' grep -q "003.png: $overlap" over.err
holds 'in the JSON' grep -q "$overlap" over.json
holds 'in the report' grep -q "$overlap" over.out/report.jsonl
conclude
