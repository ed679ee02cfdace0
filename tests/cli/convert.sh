#!/usr/bin/env bash
# Conversion keeps what a model is, says what does not belong to it, and tells a bad copy.
. tests/cli/_cli.sh
cd "$work" || exit 1
identity() { voxpert info "$@" --json | field identity /dev/stdin; }
box=(-i "$picture" --box 20,20,90,80)

voxpert convert -m "$model" -o f32.safetensors >said.out
holds 'it says that it looked' grep -q 'f32.safetensors: f32, read back and compared' said.out
holds 'f32 keeps the identity' test "$(identity f32.safetensors)" = "$(identity "$model")"
segment "${box[@]}" --logits want.npy
voxpert segment -q -m f32.safetensors "${box[@]}" --logits got.npy
holds 'f32 keeps the results' cmp want.npy got.npy
voxpert convert -q -m f32.safetensors -o again.safetensors
holds 'twice is once' cmp f32.safetensors again.safetensors
for type in f16 bf16; do
    voxpert convert -q -m "$model" -o $type.safetensors --dtype $type
    holds "$type is about half the size" test $(($(stat -c %s $type.safetensors) * 3)) -lt $(($(stat -c %s f32.safetensors) * 2))
    voxpert segment -q -m $type.safetensors "${box[@]}" --logits $type.npy
    holds "$type is close" awk '{ d = $1 - $2; if (d > 0.5 || d < -0.5) exit 1 }' <(paste <(floats want.npy) <(floats $type.npy))
done
holds 'bf16 of a model in bf16 keeps the identity' test \
    "$(voxpert convert -q -m "$shared/golden/sam/files/sam_bare_bf16.pth" -o b.safetensors --dtype bf16; identity b.safetensors)" \
    = "$(identity "$shared/golden/sam/files/sam_bare_bf16.pth")"
voxpert convert -q -m "$model" -o medsam.safetensors --preset medsam --no-verify
preset() { voxpert info "$1" --json | field preset /dev/stdin; }
holds 'the preset is kept' test "$(preset medsam.safetensors)" = medsam
voxpert convert -q -m medsam.safetensors -o kept.safetensors
holds 'also by a conversion that does not name it' cmp medsam.safetensors kept.safetensors
voxpert convert -m medsam.safetensors -o zoomed.safetensors --preset voxpert --json >zoomed.out
holds 'another preset replaces it' test "$(preset zoomed.safetensors) $(field preset zoomed.out)" = 'voxpert voxpert'
segment "${box[@]}" --preset voxpert --logits want.preset.npy
voxpert segment -q -m zoomed.safetensors "${box[@]}" --logits got.preset.npy
holds 'with its own zoom' cmp want.preset.npy got.preset.npy
for file in sam_bare_legacy.pth sam_bare_protocol4.pth sam.safetensors; do
    holds "$file is the same model" test "$(identity "$shared/golden/sam/files/$file")" = "$(identity "$model")"
done

# ---- A tensor too many
size=$(od -An -N 8 -t u8 f32.safetensors | tr -d ' ')
data=$(($(stat -c %s f32.safetensors) - 8 - size))
extra="{\"extra.weight\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[$data,$((data + 8))]},"
{
    printf "$(printf '\\x%02x' $(((size + ${#extra} - 1) & 255)) $(((size + ${#extra} - 1) >> 8 & 255)) 0 0 0 0 0 0)"
    printf '%s' "$extra"
    tail -c +10 f32.safetensors
    head -c 8 /dev/zero
} >extra.safetensors
voxpert convert -m extra.safetensors -o less.safetensors 2>surplus.err >/dev/null
holds 'a surplus tensor is named' grep -q 'extra.weight' surplus.err
holds 'and left out' test "$(identity less.safetensors)" = "$(identity "$model")"
refused 4 extra.weight convert -m extra.safetensors -o strict.safetensors --strict
refused 4 extra.weight segment -m extra.safetensors "${box[@]}" --json --strict
voxpert segment -m extra.safetensors "${box[@]}" --json >warned.out 2>/dev/null
holds 'the report has the warning' grep -q 'extra.weight' warned.out
holds 'nothing else was written' test ! -e strict.safetensors
conclude
