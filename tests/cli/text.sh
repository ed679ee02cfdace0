#!/usr/bin/env bash
# What --text asks of models that read, and what is said of those that do not.
. tests/cli/_cli.sh
cd "$work" || exit 1
"$TINY_MODELS" "$work" || exit 1
image=(-i "$picture")
read_text() { voxpert segment -q --overwrite "${image[@]}" --vocab merges.txt "$@"; }

for kind in imis segmote; do
    read_text -m $kind.safetensors --text liver --logits one.npy --json >one.out
    read_text -m $kind.safetensors --text spleen --logits other.npy
    read_text -m $kind.safetensors --text Liver --logits again.npy
    holds "$kind: a text is prompt enough" test "$(shape one.npy)" = "1, $height, $width"
    holds "$kind: another name is another mask" test "$(cksum <one.npy)" != "$(cksum <other.npy)"
    holds "$kind: capitals do not matter" cmp one.npy again.npy
    holds "$kind: the report tells the text" test "$(field text one.out)" = liver
    read_text -m $kind.safetensors --text liver --text spleen --logits both.npy --json >both.out
    holds "$kind: each text is an object" test "$(field object both.out | tr '\n' ' ')" = '1 2 '
    holds "$kind: and does not depend on the others" \
        cmp <(floats both.npy) <(floats one.npy; floats other.npy)
    read_text -m $kind.safetensors --object 2 --text spleen --object 1 --text liver --logits named.npy
    holds "$kind: --object numbers them" cmp both.npy named.npy
    read_text -m $kind.safetensors --box 20,20,90,80 --text liver --logits boxed.npy
    holds "$kind: a text goes with a box" test "$(cksum <boxed.npy)" != "$(cksum <one.npy)"
    echo '{"objects": [{"text": "liver"}, {"text": "spleen"}]}' >texts.json
    read_text -m $kind.safetensors --prompts texts.json --logits file.npy
    holds "$kind: prompts files have them too" cmp both.npy file.npy
    read_text -m $kind.safetensors --text liver -t 3 --logits threads.npy
    holds "$kind: the same bytes with three threads" cmp one.npy threads.npy
done

read_text -m imis.safetensors --everything --points-per-side 2 --pred-iou-thresh -9 --stability-score-thresh 0 -o all.nii
holds 'everything mode asks an IMIS-Net by points' test -s all.nii
read_text -m imis.safetensors --text liver --zoom --logits zoomed.npy
read_text -m imis.safetensors --text liver --no-zoom --logits whole.npy
holds 'a text alone does not say where to zoom' cmp zoomed.npy whole.npy
read_text -m imis.safetensors --text liver --multimask --logits three.npy
holds 'and has three masks to choose from' test "$(shape three.npy)" = "3, $height, $width"

voxpert info imis.safetensors >imis.txt
holds 'info names an IMIS-Net' grep -q '^arch *imis-net' imis.txt
holds 'and its preset' grep -q '^preset *imis' imis.txt
holds 'info names a SegMoTE' grep -q '^arch *segmote' <(voxpert info segmote.safetensors)
voxpert convert -q -m imis.safetensors -o again.safetensors
read_text -m again.safetensors --text liver --logits again.npy
read_text -m imis.safetensors --text liver --logits one.npy
holds 'a converted IMIS-Net is the same' cmp one.npy again.npy
read_text -m segmote.safetensors --base imis.safetensors --text liver --logits over.npy
read_text -m segmote.safetensors --text liver --logits alone.npy
holds 'a released SegMoTE goes over its IMIS-Net' cmp over.npy alone.npy

no=(-o no.png)
refused 2 'reads no text' segment -m mute.safetensors "${image[@]}" "${no[@]}" --text liver
refused 2 'takes no vocabulary' segment -m mute.safetensors "${image[@]}" "${no[@]}" --text liver --vocab merges.txt
refused 2 'reads no text' segment -m "$model" "${image[@]}" "${no[@]}" --text liver
refused 2 '--vocab' segment -m imis.safetensors "${image[@]}" "${no[@]}" --text liver
refused 3 'nowhere.txt' segment -m imis.safetensors "${image[@]}" "${no[@]}" --text liver --vocab nowhere.txt
refused 2 'reads 40 at most' segment -m imis.safetensors "${image[@]}" "${no[@]}" --vocab merges.txt --text 'the left ventricle of the heart'
refused 2 'the name is empty' segment -m imis.safetensors "${image[@]}" "${no[@]}" --vocab merges.txt --text ' '
refused 2 'has a text already' segment -m imis.safetensors "${image[@]}" "${no[@]}" --vocab merges.txt --object 1 --text a --text b
refused 2 'several --text' segment -m imis.safetensors "${image[@]}" "${no[@]}" --vocab merges.txt --text a --text b --point 5,5:+
refused 2 'is a whole model' segment -m imis.safetensors --base imis.safetensors "${image[@]}" "${no[@]}" --box 1,1,9,9
echo '{"objects": [{"text": 7}]}' >wrong.json
refused 3 'objects[0].text' segment -m imis.safetensors "${image[@]}" "${no[@]}" --vocab merges.txt --prompts wrong.json
echo '{"objects": [{"text": "liver"}, {"text": "the left ventricle of the heart"}]}' >long.json
refused 3 'long.json: object 2: text "the left' segment -m imis.safetensors "${image[@]}" "${no[@]}" --vocab merges.txt --prompts long.json
refused 2 'object 2: text "the left' segment -m imis.safetensors "${image[@]}" "${no[@]}" --vocab merges.txt --text liver --text 'the left ventricle of the heart'
holds 'and none of them wrote a mask' test ! -e no.png
# ---- A vocabulary that changed in place
mkdir in
cp "$picture" in/a.png
echo '{"image": "a.png", "objects": [{"text": "liver"}]}' >in.jsonl
of_folder() { voxpert segment -q -m imis.safetensors -i in --prompts in.jsonl -o out --vocab "$@" --json >out.json; }
of_folder merges.txt || exit 1
cp merges.txt elsewhere.txt
of_folder elsewhere.txt --resume || exit 1
holds 'the same merges may lie elsewhere' test "$(field skipped out.json)" -eq 1
echo 'l i' >>merges.txt
of_folder merges.txt --resume || exit 1
holds 'other merges under the same name are noticed' test "$(field done out.json)" -eq 1

conclude
