#!/usr/bin/env bash
# Flags as other programs call them, words without a flag, numbers with blanks: taken where they mean one thing,
# explained where they do not.
. tests/cli/_cli.sh
cd "$work" || exit 1
mkdir out
mask_of() { voxpert segment -m "$model" "$@"; }
mask_of -i "$picture" --box 20,20,90,80 -o want.png -q || exit 1
same() { # same WHAT FLAG...: the mask is that of the flags as documented
    local what=$1
    shift
    rm -f got.png
    mask_of "$@" >said.out 2>said.err
    holds "$what ends well" test $? -eq 0
    holds "$what gives the same mask" cmp -s want.png got.png
}

# ---- Taken
same 'an image without a flag' "$picture" --box 20,20,90,80 -o got.png
holds 'and no warning' test ! -s said.err
same 'an image behind the flags' --box 20,20,90,80 -o got.png "$picture"
same 'numbers with blanks' -i "$picture" --box 20 20 90 80 -o got.png
holds 'and no warning' test ! -s said.err
same 'both' "$picture" --box 20 20 90 80 -o got.png
same 'flags of other programs' --image "$picture" --bbox=20,20,90,80 --out got.png
holds 'each is named' test "$(grep -c 'is taken as' said.err)" -eq 3
holds 'by both names' grep -qx 'voxpert segment: --bbox is taken as --box' said.err
same 'another name and numbers with blanks' "$picture" --boxes 20 20 90 80 -o got.png
mask_of --image "$picture" --box 20,20,90,80 -o got.png --overwrite --json >report.json 2>/dev/null
holds 'the report has it as a warning' grep -q '"--image is taken as --input"' report.json
mask_of -i "$picture" --point 50 50 -o point.png -q && mask_of -i "$picture" --point 50,50:+ -o comma.png -q
holds 'a point with a blank' cmp -s point.png comma.png
voxpert evaluate want.png got.png --metrics dice >said.out 2>/dev/null
holds 'evaluate takes predictions and references' grep -q 'Dice 1$' said.out
voxpert evaluate -g want.png got.png --metrics dice >said.out 2>/dev/null
holds 'or the one that has no flag' grep -q 'Dice 1$' said.out
holds 'stats takes an image and its labels' voxpert stats "$picture" want.png -q
holds 'convert takes a model' voxpert convert "$model" -o out/copy.safetensors -q
holds '-V is the version' test "$(voxpert -V)" = "$(voxpert --version)"

# ---- Refused, with what to do
refused 2 'unknown flag --gpu; there is no GPU support' segment -i "$picture" --gpu
refused 2 'unknown flag --device; there is no GPU support' train --device cuda
refused 2 '--data DIR:slices=N' train --slices 5
refused 2 'did you mean --slice?' segment --slices 5
refused 2 'did you mean --overwrite?' segment -i "$picture" --box 20,20,90,80 -o want.png --force
refused 2 'unknown flag --nonsense' train --nonsense
holds 'and nothing is suggested that means something else' sh -c '! voxpert train --nonsense 2>&1 | grep -q mean'
refused 2 '"2" is no flag; numbers of one flag have commas' segment -i "$picture" --box 1 2 3 -o no.png
refused 2 '"b" is no flag' segment a b
refused 2 '--input is given twice' segment --image a --input b
refused 2 '--data is needed: a data set; and --out is needed' train
refused 2 'as in voxpert train' train --data some
refused 2 'a verb must come first: voxpert segment' "$picture"
refused 2 'did you mean evaluate?' eval
refused 2 'nothing is downloaded' download medsam
refused 2 'named with --model FILE' models
cp "$picture" here.png
refused 4 'nothing is downloaded by its name' segment -m medsam -i here.png --box 20,20,90,80 -o no.png
refused 3 'it is an address' segment -i https://example.org/a.png --box 20,20,90,80 -o no.png
refused 6 'make it first' segment -i here.png --box 20,20,90,80 -o missing/deep/no.png
conclude
