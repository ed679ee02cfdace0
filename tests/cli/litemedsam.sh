#!/usr/bin/env bash
# LiteMedSAM: recognized, prepared and answered as by its published formula (tests/golden/make_litemedsam.py).
. tests/cli/_cli.sh
golden=$PWD/tests/golden/litemedsam
cd "$work" || exit 1
box=$(cat "$golden/box.txt")

voxpert info "$golden/model.safetensors" >info.txt
holds 'it is recognized by its stem' grep -q '^preset *litemedsam' info.txt
holds 'and shown to be one' grep -q 'tiny.pointwise_stem *true' info.txt
for set in reference portable avx2 avx512; do
    voxpert info --json | grep -q "\"$set\"" || continue
    voxpert segment -q -m "$golden/model.safetensors" -i "$golden/picture.png" --box "$box" --cpu $set --logits $set.npy
    holds "$set: the published formula's logits" awk '{ d = $1 - $2; if (d > 2e-4 || d < -2e-4) { print; exit 1 } }' \
        <(paste <(floats $set.npy) <(floats "$golden/logits.npy"))
    cp $set.npy got.npy
done
holds 'as many as there are pixels' test "$(floats got.npy | wc -l)" -eq "$(floats "$golden/logits.npy" | wc -l)"
voxpert segment -q -m "$golden/model.safetensors" -i "$golden/picture.png" --box "$box" --preset litemedsam --logits same.npy
holds '--preset litemedsam is the same' cmp same.npy got.npy
voxpert segment -m "$golden/model.safetensors" -i "$golden/picture.png" --box "$box" --json >boxed.json 2>boxed.err
holds 'a box is no warning' test ! -s boxed.err
voxpert segment -m "$golden/model.safetensors" -i "$golden/picture.png" --point 40,30:+ --json >point.json 2>point.err
holds 'a point is one' grep -q 'trained on box prompts alone' point.err
holds 'also in the report' grep -q 'trained on box prompts alone' point.json
voxpert convert -q -m "$golden/model.safetensors" -o copy.safetensors
holds 'a copy keeps the preset' grep -q '^preset *litemedsam' <(voxpert info copy.safetensors)
voxpert segment -q -m copy.safetensors -i "$golden/picture.png" --box "$box" --logits copy.npy
holds 'and answers the same' cmp copy.npy same.npy
conclude
