#!/usr/bin/env bash
# Classes of prompt tokens: learned from named labels, asked for with `voxpert segment --class`, measured.
. tests/cli/_cli.sh
. tests/cli/_experts.sh
cd "$work" || exit 1
mkdir -p cells/images cells/masks spots
for name in 003 074 102 150; do
    [ -e "$shared/data/2d/micro_wbc/images/$name.png" ] || continue
    for part in images masks; do cp "$shared/data/2d/micro_wbc/$part/$name.png" "cells/$part"; done
done
cp -r cells/* spots
echo '{"1": "cell", "2": "nucleus"}' >cells/names.json
cells=cells:nested:train:names=names.json

# ---- Learning
teach classes --recipe segmote -m "$base" --tokens 2 --experts 3 --rank 4 --steps 20 --data $cells \
    --data spots:train:class=spot --prompt-free 1 --lr 0.01 --ema 0 --prompt-classes all
classed=$work/classes/model.safetensors
voxpert info "$classed" --base "$base" --json >info.json
holds 'info names the classes in the order of the sets' grep -qF '["cell", "nucleus", "spot"]' <(tr -d '\n' <info.json | tr -s ' ' | sed 's/\[ /[/; s/ \]/]/')
holds 'so does experts list' grep -qx 'classes cell, nucleus, spot' <(experts list -m "$classed")
teach asked --recipe segmote -m "$base" --tokens 2 --experts 3 --rank 4 --steps 2 --data $cells --prompt-classes nucleus
holds 'as many as are listed' grep -qx 'classes nucleus' <(experts list -m "$work/asked/model.safetensors")

# ---- Asking
ask() { voxpert segment -q --overwrite -m "$classed" --base "$base" -i "$picture" --prompt-free "$@"; }
ask --logits shared.npy
ask --class nucleus --logits nucleus.npy -o nucleus.png --json >nucleus.json
ask --class cell --logits cell.npy
ask --class cell --class nucleus --logits both.npy -o both.nii --json >both.json
ask --class all --logits all.npy -o all.nii --json >all.json
holds 'a class is another question' test "$(cksum <shared.npy)" != "$(cksum <nucleus.npy)"
holds 'and so is another class' test "$(cksum <cell.npy)" != "$(cksum <nucleus.npy)"
holds 'several are an object each' test "$(shape both.npy)" = "2, $height, $width"
holds 'with the answers that each alone has' cmp <(floats both.npy) <(floats cell.npy && floats nucleus.npy)
holds 'all are the classes of the model' test "$(shape all.npy)" = "3, $height, $width"
holds 'in its order' cmp <(floats both.npy) <(floats all.npy | head -n $((2 * width * height)))
holds 'lines for people name them' test "$(voxpert segment -m "$classed" --base "$base" -i "$picture" --prompt-free --class all -o lines.nii | cut -f 5 | tr '\n' ' ')" = 'cell nucleus spot '
holds 'the report names them' test "$(field label all.json | tr '\n' ' ')" = 'cell nucleus spot '
holds 'and tells what was asked' test "$(field class both.json | tr '\n' ' ')" = 'cell nucleus '
echo '{"objects": [{"class": "nucleus"}, {"class": "cell", "boxes": [[20,20,90,80]]}]}' >asked.json
ask --prompts asked.json --logits file.npy -o file.nii
holds 'a prompts file may ask for it' cmp <(floats nucleus.npy) <(floats file.npy | head -n $((width * height)))
holds 'and prompts guide it' test "$(floats cell.npy | cksum)" != "$(floats file.npy | tail -n $((width * height)) | cksum)"

voxpert segment -q -m "$classed" --base "$base" -i "$data" --prompt-free --class all -o folder --logits folder
holds 'a folder is asked for them, image by image' cmp folder/074.npy all.npy

# ---- Measuring
voxpert evaluate -q -m "$classed" --base "$base" --data $cells --part train --clicks 1 --prompt-free -o measured
holds 'every class has a row' test "$(grep -cE '^\| cells \| (cell|nucleus) \| [0-9]+ \| [01]\.' measured/clicks.md)" -eq 2
holds 'and every picture of it a line' test "$(grep -c ',"prompt-free, by class",' measured/clicks.csv)" -eq $((2 * $(ls cells/images | wc -l)))
voxpert evaluate -q -m "$adapter" --base "$base" --data $cells --part train --clicks 1 --prompt-free -o shared
holds 'a model without classes answers them as the whole' test "$(grep ',nucleus,' shared/clicks.csv | wc -l)" -eq "$(ls cells/images | wc -l)"
voxpert evaluate -q -m "$classed" --base "$base" --data cells:nested:train --part train --clicks 1 --prompt-free -o nameless
holds 'without names there are no such rows' test -z "$(grep 'by class' nameless/clicks.csv)$(grep 'each class' nameless/clicks.md)"
holds 'and the others are what they were' cmp <(grep -v 'by class' measured/clicks.csv) nameless/clicks.csv

# ---- Refusals
free=(segment -m "$classed" --base "$base" -i "$picture" --prompt-free -o no.png)
refused 2 'class "liver" is none of cell, nucleus, spot' "${free[@]}" --class liver
refused 2 '--class cell: is there twice' "${free[@]}" --class cell --class cell
refused 2 '--class all: excludes other classes' "${free[@]}" --class cell --class all
refused 2 '--class excludes other prompts' "${free[@]}" --class cell --box 20,20,90,80
refused 2 'an image shows one object' "${free[@]}" --class all --probability p.png
refused 2 '--class goes with --prompt-free' segment -m "$classed" --base "$base" -i "$picture" --class cell -o no.png
refused 2 'does not go with --everything' segment -i "$picture" --everything --class cell -o no.png
refused 2 'have no classes' segment -m "$adapter" --base "$base" -i "$picture" --prompt-free --class cell -o no.png
refused 2 'have no classes' segment -m "$adapter" --base "$base" -i "$picture" --prompt-free --class all -o no.png
refused 3 'asked.json: object 1: a class can be queried in prompt-free segmentation alone' segment -m "$classed" --base "$base" -i "$picture" --prompts asked.json -o no.png
sed -i s/nucleus/liver/ asked.json
refused 3 'asked.json: object 1: class "liver" is none of' "${free[@]}" --prompts asked.json
echo '{"objects": [{"class": 5}]}' >wrong.json
refused 3 '"class" must be a text' "${free[@]}" --prompts wrong.json
refused 2 'is called "liver"' train --recipe segmote -m "$base" --data $cells --out no --validate-every 0 --prompt-classes liver
refused 2 'no data set names' train --recipe segmote -m "$base" --data cells:train --out no --validate-every 0 --prompt-classes all
refused 2 'have names already' train --recipe segmote -m "$base" --data $cells:class=cell --out no --validate-every 0
holds 'nothing was written' test ! -e no.png -a ! -e no/last.safetensors
conclude
