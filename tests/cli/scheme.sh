#!/usr/bin/env bash
# SegMoTE taught on an IMIS-Net by the published scheme: what it writes is used, and what is refused.
. tests/cli/_cli.sh
cd "$work" || exit 1
"$TINY_MODELS" "$work" || exit 1
mkdir -p wbc/images wbc/masks wbc/regions
for stem in 074 075 076 077; do
    cp "$shared/data/2d/micro_wbc/images/$stem.png" wbc/images/
    cp "$shared/data/2d/micro_wbc/masks/$stem.png" wbc/masks/
    cp "$shared/data/2d/micro_wbc/masks/$stem.png" wbc/regions/
done
echo '{"1": "nucleus", "2": "cytoplasm"}' >wbc/names.json
data=(--data wbc:train:group=A:names=names.json --validate-every 0)
teach() {
    voxpert train -m imis.safetensors --recipe segmote --scheme segmote --vocab merges.txt "${data[@]}" \
        --batch 4 --steps 6 --rank 4 "$@"
}
holds 'the scheme runs to its end' teach -o run --json
holds 'and warns of nothing' test -z "$(teach -o quiet 2>&1 >/dev/null | grep -i warning)"
teach -q -o again -t 3
holds 'with three threads to the same bytes' cmp run/last.safetensors again/last.safetensors
teach -q -o seed --seed 2
holds 'another seed is another run' test "$(cksum <run/last.safetensors)" != "$(cksum <seed/last.safetensors)"
segment_it() { voxpert segment -q --overwrite -i "$picture" --vocab merges.txt "$@"; }
segment_it -m run/last.safetensors --base imis.safetensors --text nucleus --logits taught.npy
segment_it -m imis.safetensors --text nucleus --logits before.npy
holds 'what was taught answers to a text' test "$(shape taught.npy)" = "1, $height, $width"
holds 'in another way than its base' test "$(cksum <taught.npy)" != "$(cksum <before.npy)"
holds 'info says what it stands on' grep -q '^parent_sha256' <(voxpert info run/last.safetensors --base imis.safetensors)
teach -o silent --cache run/embeddings --vocab merges.txt --schedule linear --warm-up-epochs 2 -q 2>/dev/null
holds 'embeddings of another run are found again' test ! -e silent/embeddings

refused 2 'it needs the recipe segmote' train -m imis.safetensors --scheme segmote "${data[@]}" -o no
refused 2 '--scheme is voxpert, paper, sam-med2d or segmote' train -m imis.safetensors --scheme other "${data[@]}" -o no
refused 2 'is an IMIS-Net' train -m imis.safetensors "${data[@]}" -o no
refused 2 'cannot learn beside experts' train -m imis.safetensors --recipe segmote --train 'image_encoder.*' "${data[@]}" -o no
refused 2 'the experts of the base have 4' train -m segmote.safetensors --recipe segmote --experts 5 --rank 4 "${data[@]}" -o no
refused 3 'nowhere.txt' train -m imis.safetensors --recipe segmote --scheme segmote --vocab nowhere.txt "${data[@]}" -o no
refused 3 'names.json' train -m imis.safetensors --recipe segmote --data wbc/images:names=names.json -o no
refused 2 '--vocab is for' train -m imis.safetensors --recipe segmote --vocab merges.txt "${data[@]}" -o no
refused 2 'group=NAME' train -m imis.safetensors --recipe segmote --data wbc:group= -o no
conclude
