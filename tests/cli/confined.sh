#!/usr/bin/env bash
# Masks that a prompts file names lie in its folder or in the input's: a file from elsewhere reads nothing else.
. tests/cli/_cli.sh
cd "$work" || exit 1
mkdir -p given/masks input secret
cp "$picture" input/a.png
segment -i "$picture" --box 20,20,90,80 -o given/masks/m.png
cp given/masks/m.png secret/m.png
cp given/masks/m.png input/beside.png
ln -s ../../secret/m.png given/masks/link.png
ln -s ../secret given/door
name() { printf '{"image": "a.png", "objects": [{"mask": "%s"}]}' "$1" >given/p.json; }
for good in masks/m.png ../input/beside.png ../given/masks/../masks/m.png "$work/given/masks/m.png"; do
    name "$good"
    holds "$good is read" segment -i input/a.png --prompts given/p.json -o m.png
    holds "$good of a folder" segment -i input --prompts given/p.json -o out
done
for bad in ../secret/m.png "$work/secret/m.png" masks/link.png door/m.png masks/../../secret/m.png; do
    name "$bad"
    refused 3 "object 1: its mask " segment -q -m "$model" -i input/a.png --prompts given/p.json -o no.png
    holds "$bad is named" grep -q 'lies neither in the folder of this file nor in that of the input' .err
    refused 3 "object 1: its mask " segment -q -m "$model" -i input --prompts given/p.json -o no
    holds "$bad: nothing was begun" test ! -e no -a ! -e no.png
done
holds 'what a user names is read from anywhere' segment -i input/a.png --mask "$work/secret/m.png" -o m.png
holds 'through a link too' segment -i input/a.png --mask given/masks/link.png -o m.png
name masks/none.png
refused 3 'none.png' segment -q -m "$model" -i input/a.png --prompts given/p.json -o no.png
conclude
