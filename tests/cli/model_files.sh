#!/usr/bin/env bash
# Models as other programs save them, and files that are no models: each opens, or is named.
. tests/cli/_cli.sh
here=$PWD
cd "$work" || exit 1
hf=$here/tests/golden/transformers
box=(-i "$picture" --box 20,20,90,80)

voxpert info "$hf" >folder.txt
holds 'a folder of transformers is a model' grep -q '^container *shards' folder.txt
holds 'whose names are said' grep -q '^names *transformers' folder.txt
holds 'with the heads of config.json' grep -q 'decoder.transformer.heads 4' folder.txt
voxpert info "$hf/model.safetensors.index.json" >index.txt
holds 'its index is the same' test "$(grep '^identity ' index.txt)" = "$(grep '^identity ' folder.txt)"
voxpert segment -q -m "$hf" "${box[@]}" --logits want.npy
voxpert convert -q -m "$hf" -o one.safetensors
voxpert segment -q -m one.safetensors "${box[@]}" --logits got.npy
holds 'converted it answers the same' cmp got.npy want.npy
holds 'and is the same model' test "$(voxpert info one.safetensors | grep '^identity ')" = "$(grep '^identity ' folder.txt)"

cp -r "$hf" changed && chmod -R u+w changed
sed -i '/vision_config/,$ s/"layer_norm_eps": 1e-06/"layer_norm_eps": 1e-03/' changed/config.json
voxpert embed -q -m "$hf" -i "$picture" --cache cache
voxpert segment -q -m changed "${box[@]}" --cache cache --json >cached.json
holds 'another epsilon shares no cache entry' grep -q '"embedding_cached": false' cached.json
sed -i 's/"hidden_size": 24/"hidden_size": 768/' changed/config.json
refused 4 '"vision_config.hidden_size" is 768, but the tensors are made for 24' info changed
rm changed/model-00002-of-00004.safetensors
refused 4 'model-00002-of-00004.safetensors: cannot be opened' segment -m changed "${box[@]}" -o no.png
mkdir empty
refused 4 'is a folder without model.safetensors' info empty

# ---- What is no model
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 375042383\n' >lfs.pth
printf '<!DOCTYPE html><html><title>404</title></html>' >page.pth
printf '\211HDF\r\n\032\n0000000000000000' >keras.safetensors
printf 'GGUF\003\0\0\0\0\0\0\0\0\0\0\0' >gguf.pt
cp "$volume" nifti.pth && cp "$picture" png.pth && : >empty.pth
echo '{"model_type": "sam"}' >config.safetensors
while read -r file words; do
    refused 4 "$words" segment -m "$file" "${box[@]}" -o no.png
    refused 4 "$words" info "$file"
    refused 4 "$words" experts list -m "$file"
done <<'FILES'
lfs.pth is a Git LFS pointer, not a checkpoint: fetch the real file
page.pth is a web page
keras.safetensors is an HDF5 file
gguf.pt is a GGUF model
nifti.pth is a NIfTI image, not a checkpoint
png.pth is a PNG image
empty.pth is an empty file
config.safetensors is a JSON file
FILES
conclude
