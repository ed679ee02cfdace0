#!/usr/bin/env bash
# What a model's file states is checked: values that are not finite, and an identity that is not that of its
# weights.  Every verb that opens a model meets them in the same place.
. tests/cli/_cli.sh
cd "$work" || exit 1
box=(-i "$picture" --box 20,20,90,80)

# put FILE OFFSET BYTES: overwrites bytes, counted from the end
put() { printf "$3" | dd of="$1" bs=1 seek=$(($(stat -c %s "$1") - $2)) conv=notrunc 2>/dev/null; }

# ---- Values that are not finite
mkdir -p set/images set/labels
cp "$picture" set/images/a.png && cp "$shared/data/2d/micro_wbc/masks/074.png" set/labels/a.png
voxpert convert -q -m "$model" -o whole.safetensors
cp whole.safetensors nan.safetensors && put nan.safetensors 4 '\0\0\300\177'
cp whole.safetensors infinite.safetensors && put infinite.safetensors 4 '\0\0\200\377'
for file in nan infinite; do
    m=$file.safetensors
    refused 4 'tensor mask_decoder.' segment -m $m "${box[@]}" -o no.png
    refused 4 'not a finite number' segment -m $m "${box[@]}" --json
    refused 4 'not a finite number' segment -m $m -i "$picture" --everything -o no.png
    refused 4 'not a finite number' embed -m $m -i "$picture" -o no.safetensors
    refused 4 'not a finite number' convert -m $m -o no.safetensors
    refused 4 'not a finite number' convert -m $m -o no.safetensors --dtype f16
    refused 4 'not a finite number' info $m
    refused 4 'not a finite number' info $m --json
    refused 4 'not a finite number' train -m $m --shapes 4 --steps 1 --validate-every 0 --out run
    refused 4 'not a finite number' train -m $m --recipe segmote --shapes 4 --steps 1 --validate-every 0 --out run
    refused 4 'not a finite number' evaluate -m $m --data set --clicks 1 -o no
done
holds 'nothing was written' test ! -e no.png -a ! -e no.safetensors -a ! -e no
voxpert convert -q -m "$model" -o half.safetensors --dtype f16 && put half.safetensors 2 '\0\176'
refused 4 'not a finite number' segment -m half.safetensors "${box[@]}" -o no.png
# every weight is finite, but what is computed with them is not
cp whole.safetensors huge.safetensors
size=$(od -An -N 8 -t u8 huge.safetensors | tr -d ' ')
count=$((($(stat -c %s huge.safetensors) - 8 - size) / 4))
{ head -c $((8 + size)) whole.safetensors; for ((i = 0; i < count; i++)); do printf '\377\377\177\177'; done; } >huge.safetensors
refused 4 'not finite numbers' segment -m huge.safetensors "${box[@]}" -o no.png
holds 'nor then' test ! -e no.png

# ---- A precision that is unknown
created=$(grep -ao '"created_by":"[^"]*"' whole.safetensors)
# stated VALUE: the model, which states a precision and not what created it
stated() { LC_ALL=C sed "s/$created/$(printf '%-*s' ${#created} "\"precision\":\"$1\"")/" whole.safetensors; }
stated int8 >int8.safetensors
stated f32 >f32.safetensors
holds 'one statement for another' test "$(stat -c %s int8.safetensors)" = "$(stat -c %s whole.safetensors)"
unknown='int8.safetensors: its metadata "precision" is "int8", and only f32 is known'
refused 4 "$unknown" segment -m int8.safetensors "${box[@]}" -o no.png
refused 4 "$unknown" info int8.safetensors
refused 4 "$unknown" convert -m int8.safetensors -o no.safetensors
refused 4 "$unknown" evaluate -m int8.safetensors --data set --clicks 1 -o no
refused 4 "$unknown" train -m int8.safetensors --shapes 4 --steps 1 --validate-every 0 --out run
refused 4 "$unknown" train -m int8.safetensors --recipe segmote --shapes 4 --steps 1 --validate-every 0 --out run
holds 'nothing was written then' test ! -e no.png -a ! -e no.safetensors -a ! -e no -a ! -e run
holds 'one that is known is taken' grep -q '"precision": "f32"' <(voxpert info f32.safetensors --json)
voxpert train -q -m whole.safetensors --recipe segmote --shapes 4 --steps 1 --validate-every 0 --out adapter
refused 4 "$unknown" segment -m adapter/last.safetensors --base int8.safetensors "${box[@]}" -o no.png
voxpert convert -q -m f32.safetensors -o copy.safetensors
holds 'f32 is not stated' test "$(grep -ac '"precision"' copy.safetensors)" = 0

# ---- An identity that was left behind
identity() { voxpert info -q "$1" --json 2>/dev/null | field identity /dev/stdin; }
voxpert info whole.safetensors --json >whole.json
holds 'a true statement is verified' grep -q '"identity_verified": true' whole.json
holds 'and shown' test "$(field identity_stated whole.json)" = "$(field identity whole.json)"
cp whole.safetensors edited.safetensors && put edited.safetensors 2 '\0\77'
voxpert info edited.safetensors --json >edited.json 2>edited.err
holds 'a false one is not' grep -q '"identity_verified": false' edited.json
holds 'it is a warning' grep -q 'states identity .* but its weights have' edited.err
holds 'also of the report' grep -q '"warnings": \[' edited.json
holds 'the computed one counts' test "$(field identity edited.json)" != "$(field identity whole.json)"
holds 'and what was stated is shown' test "$(field identity_stated edited.json)" = "$(field identity whole.json)"
voxpert convert -q -m edited.safetensors -o again.safetensors 2>/dev/null
holds 'a copy states its own' test "$(identity again.safetensors)" = "$(field identity edited.json)"
holds 'rightly' grep -q '"identity_verified": true' <(voxpert info again.safetensors --json)

voxpert train -m edited.safetensors --shapes 4 --steps 1 --validate-every 0 --out trained 2>trained.err >trained.out
holds 'training on it is warned of, too' grep -q 'states identity .* but its weights have' trained.err trained.out

# A cache of one model does not answer for the other.
voxpert embed -q -m whole.safetensors -i "$picture" --cache cache
voxpert segment -q -m edited.safetensors "${box[@]}" --cache cache --json >cached.json 2>/dev/null
holds 'no entry is shared' grep -q '"embedding_cached": false' cached.json
voxpert embed -q -m whole.safetensors -i "$picture" -o one.safetensors
refused 3 'another model' segment -q -m edited.safetensors "${box[@]}" --embedding one.safetensors --json

# Nor does --resume.
mkdir pictures && cp "$picture" pictures/a.png
echo '{"image": "a.png", "objects": [{"boxes": [[20, 20, 90, 80]]}]}' >prompts.jsonl
folder=(-i pictures --prompts prompts.jsonl -o masks --resume)
voxpert segment -q -m whole.safetensors "${folder[@]}"
voxpert segment -m whole.safetensors "${folder[@]}" >same.out 2>/dev/null
holds 'the same model goes on' grep -q '0 done, 1 skipped' same.out
voxpert segment -m edited.safetensors "${folder[@]}" >other.out 2>/dev/null
holds 'another one begins anew' grep -q '1 done, 0 skipped' other.out
conclude
