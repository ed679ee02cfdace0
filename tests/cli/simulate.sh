#!/usr/bin/env bash
# Masks of a data set in one command: prompts are made from its labels.
. tests/cli/_cli.sh
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
holds 'the last line counts' grep -q "^$n cases; told/report.jsonl$" told.out
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
conclude
