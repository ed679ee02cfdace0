#!/usr/bin/env bash
# An adapter of experts on its base: trained, described, converted, used, refused.
. tests/cli/_cli.sh
cd "$work" || exit 1
base=$model # of 1 block; pictures of its own size are drawn
train() { voxpert train --recipe segmote -m "$base" --shapes 6 --batch 4 --quiet --validate-every 0 "$@"; }
asked() { voxpert segment -q --overwrite -m run/model.safetensors --base "$base" -i "$picture" "$@"; }

train --steps 24 --lr 1e-3 --tokens 3 --experts 2 --rank 8 --out run
holds 'experts are trained' test $? -eq 0
holds 'what the routers did is recorded' grep -q '^20,all,' run/routing.csv
holds 'and who it was' grep -q '^20,shapes,' run/routing.csv

# It needs its base, and no other
refused 4 none.safetensors info run/model.safetensors --base none.safetensors
refused 4 base segment -m run/model.safetensors -i "$picture" --box 20,20,90,80 -o m.png --base "$shared/golden/sam/files/sam_bf16.safetensors"
voxpert info run/model.safetensors --base "$base" --json >info.json
holds 'info names it' grep -q '"arch": "segmote"' info.json
holds 'and its base' grep -q '"parent_sha256"' info.json

# Used
asked --box 20,20,90,80 -o box.png --json >box.json
holds 'a box is answered' test -s box.png
holds 'the report has the routing' grep -q '"routing"' box.json
asked --prompt-free -o free.png
holds 'the image prompts itself' test -s free.png
asked --box 20,20,90,80 --expert 2 -o two.png --json >two.json
holds 'an expert can be named' grep -q '"routing"' two.json
refused 2 'expert' segment -m run/model.safetensors --base "$base" -i "$picture" --box 20,20,90,80 --expert 3 -o three.png
refused 2 'everything' segment -m run/model.safetensors --base "$base" -i "$picture" --everything -o all.png
holds 'which leaves nothing' test ! -e three.png -a ! -e all.png

# Converted: the same answers, and the base is never written over
voxpert convert -m run/model.safetensors --base "$base" --dtype f32 -o copy.safetensors --quiet
holds 'an adapter is converted' test -s copy.safetensors
voxpert segment -q -m copy.safetensors --base "$base" -i "$picture" --box 20,20,90,80 -o again.png
holds 'and answers alike' cmp box.png again.png
cp "$base" base.pth
refused 2 'base.pth' convert -m run/model.safetensors --base base.pth -o base.pth
holds 'the base is as it was' cmp base.pth "$base"

# Embedded
voxpert embed -q -m run/model.safetensors --base "$base" -i "$picture" -o picture.safetensors
asked --embedding picture.safetensors --box 20,20,90,80 -o embedded.png
holds 'an embedding gives the same mask' cmp box.png embedded.png

# Measured, without a prompt too
blood_cells 001 002
voxpert evaluate -q -m run/model.safetensors --base "$base" --data cells:nested --clicks 1 --prompt-free -o measured
holds 'every picture is asked for once without a prompt' test "$(grep -c 'prompt-free' measured/clicks.csv)" -eq 2
holds 'and the mean is told' grep -q '"prompt_free": {"pictures": 2' measured/clicks.json
refused 2 'prompt' evaluate --data cells:nested --clicks 1 --prompt-free -o plain

# Other ways
train --steps 8 --prompt-tokens 0 --out silent
holds 'prompt tokens can be left out' test -s silent/model.safetensors
refused 2 'prompt tokens' segment -m silent/model.safetensors --base "$base" -i "$picture" --prompt-free -o free2.png
refused 2 'frozen base' train --recipe segmote -m "$base" --shapes 6 --validate-every 0 --train 'mask_decoder.*' --out thawed
refused 2 'sam-med2d' train --recipe segmote --scheme sam-med2d -m "$base" --shapes 6 --validate-every 0 --out published
refused 6 'a run was begun there' train --recipe segmote -m "$base" --shapes 6 --out run
refused 3 'other options' train --recipe segmote -m "$base" --shapes 6 --batch 4 --validate-every 0 --lr 1e-3 --tokens 3 --experts 2 --rank 8 --steps 48 --resume --no-cache --out run
conclude
