#!/usr/bin/env bash
# Embeddings: encoded once, used again only for the same image, model and preset.
. tests/cli/_cli.sh
cd "$work" || exit 1
other=$shared/data/2d/micro_wbc/images/001.png
embed() { voxpert embed -q --overwrite -m "$model" "$@"; }
box=(--box 20,20,90,80)
segment -i "$picture" "${box[@]}" --logits want.npy

# ---- A file
embed -i "$picture" -o e.safetensors
segment -i "$picture" "${box[@]}" --embedding e.safetensors --logits got.npy
holds '--embedding gives what encoding gives' cmp got.npy want.npy
refused 3 'another image' segment -m "$model" -i "$other" --box 1,1,9,9 --embedding e.safetensors --json
refused 3 'another model' segment -m "$shared/golden/sam/files/sam_bare_bf16.pth" -i "$picture" "${box[@]}" --embedding e.safetensors --json
refused 3 'another preset' segment -m "$model" --preset medsam -i "$picture" "${box[@]}" --embedding e.safetensors --json
head -c 300 e.safetensors >cut.safetensors
refused 3 cut.safetensors segment -m "$model" -i "$picture" "${box[@]}" --embedding cut.safetensors --json
cp e.safetensors flipped.safetensors
printf '\x3f' | dd of=flipped.safetensors bs=1 seek=$(($(stat -c %s e.safetensors) - 5)) conv=notrunc 2>/dev/null
refused 3 checksum segment -m "$model" -i "$picture" "${box[@]}" --embedding flipped.safetensors --json
refused 3 'sam.safetensors' segment -m "$model" -i "$picture" "${box[@]}" --embedding "$shared/golden/sam/files/sam.safetensors" --json
refused 3 'is no embedding' segment -m "$model" -i "$picture" "${box[@]}" --embedding "$picture" --json
embed -i "$picture" -o half.safetensors --dtype f16
holds 'f16 is half the size, but for the header' test $(($(stat -c %s half.safetensors) * 2 - $(stat -c %s e.safetensors))) -lt 1000
segment -i "$picture" "${box[@]}" --embedding half.safetensors --logits half.npy
holds 'f16 is close' awk '{ d = $1 - $2; if (d > 0.05 || d < -0.05) exit 1 }' <(paste <(floats half.npy) <(floats want.npy))

# ---- A cache
cached() { field embedding_cached "$1"; }
segment -i "$picture" "${box[@]}" --cache c --json >1.out
segment -i "$picture" "${box[@]}" --cache c --json --logits got.npy >2.out
holds 'the first run encodes, the second looks up' test "$(cached 1.out) $(cached 2.out)" = 'false true'
holds 'with the same bytes' cmp got.npy want.npy
segment -i "$other" --box 1,1,9,9 --cache c --json >3.out
holds 'another image is encoded' test "$(cached 3.out)" = false
segment -i "$picture" "${box[@]}" --preset medsam --cache c --json >4.out
holds 'another preset is encoded' test "$(cached 4.out)" = false
segment -i "$picture" --box 40,40,60,60 --zoom --cache c --json >5.out
holds 'another crop is encoded' test "$(cached 5.out)" = false
segment -i "$picture" --box 40,40,60,60 --zoom --cache c --json >6.out
holds 'a crop is looked up too' test "$(cached 6.out)" = true
for file in c/*; do printf 'x' | dd of="$file" bs=1 seek=900 conv=notrunc 2>/dev/null; done
voxpert segment --overwrite -m "$model" -i "$picture" "${box[@]}" --cache c --json --logits got.npy >7.out 2>7.err
holds 'that is said' grep -q 'it is removed from the cache' 7.err
holds 'in the report too' grep -q 'it is removed from the cache"' 7.out
holds 'a damaged one is encoded anew' test "$(cached 7.out)" = false
holds 'with the right bytes' cmp got.npy want.npy

# ---- Half precision only where it is asked for
embed -i "$picture" --cache h --dtype f16
holds 'one file is kept' test "$(ls h | wc -l)" -eq 1
segment -i "$picture" "${box[@]}" --cache h --cache-half --json --logits got.npy >8.out
holds '--cache-half uses it' test "$(cached 8.out)" = true
holds 'it is what --embedding of f16 gives' cmp got.npy half.npy
segment -i "$picture" "${box[@]}" --cache h --json --logits got.npy >9.out
holds 'without it f32 is computed' test "$(cached 9.out)" = false
holds 'exactly' cmp got.npy want.npy

rm h/*
embed -i "$picture" --cache h --dtype f16
for file in h/*; do printf 'x' | dd of="$file" bs=1 seek=$(($(stat -c %s "$file") - 5)) conv=notrunc 2>/dev/null; done
segment -i "$picture" "${box[@]}" --cache h --cache-half --json >10.out
embed -i "$picture" --cache h --dtype f16
segment -i "$picture" "${box[@]}" --cache h --cache-half --json >11.out
holds 'a damaged one of half precision is removed' test "$(cached 10.out) $(cached 11.out) $(ls h | wc -l)" = 'false true 2'

# ---- A folder
mkdir in
cp "$picture" "$other" in
embed -i in --cache f --json >f.out
holds 'two are encoded' test "$(grep -c '"status": "done"' f.out)" -eq 2
segment -i in/074.png "${box[@]}" --cache f --json >12.out
holds 'and found by segment' test "$(cached 12.out)" = true
embed -i in --preset voxpert --cache z
segment -i in/074.png --preset voxpert "${box[@]}" --cache z --no-zoom --json >13.out
holds 'of a preset that zooms, with --no-zoom' test "$(cached 13.out)" = true
embed -i in -o files
holds 'or written to files' test -s files/074.safetensors -a -s files/001.safetensors
voxpert embed -q -m nowhere.pth -i in -o unmade 2>/dev/null
code=$?
holds 'a model that is refused leaves no folder' test $code -eq 4 -a ! -e unmade
printf 'no picture' >in/broken.png
voxpert embed -m "$model" -i in --cache f --progress none >/dev/null 2>broken.err
holds 'a broken one: exit code 1' test $? -eq 1
holds 'and it is named' grep -q 'broken.png failed' broken.err
conclude
