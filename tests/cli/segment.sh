#!/usr/bin/env bash
# What each flag of `voxpert segment` does to the results.
. tests/cli/_cli.sh
cd "$work" || exit 1
image=(-i "$picture")

# ---- One object: 0 and 255, and a report that agrees
segment "${image[@]}" --box 20,20,90,80 -o one.nii --logits one.npy --rle one.json -r report.json --json >one.out
pixels one.nii >one.txt
holds 'a mask of one object holds 0 and 255' test "$(sort -u one.txt | tr '\n' ' ')" = '0 255 '
holds 'it has the size of the image' test "$(wc -l <one.txt)" -eq $((width * height))
holds 'the area is the number of its pixels' test "$(field area one.out)" -eq "$(grep -c 255 one.txt)"
holds '--report writes what --json prints' diff <(steady one.out | grep -v '^}') <(steady report.json | grep -v '^}')
holds 'logits are [1, height, width]' test "$(shape one.npy)" = "1, $height, $width"
holds 'inside is where the logit is above 0' diff one.txt <(floats one.npy | awk '{ print ($1 > 0 ? 255 : 0) }')
holds 'the report names model and image by their hashes' \
    test "$(grep -cE '"(sha256|identity)": "[0-9a-f]{64}"' one.out)" -eq 2
for name in score peak_rss_bytes encode decode write total; do
    holds "the report says $name" test -n "$(field $name one.out)"
done
sed -n '/^  "prompts": {/,/^  }/p' one.out | sed '1s/.*/{/; $s/,$//' >told.json
segment "${image[@]}" --prompts told.json --logits told.npy
holds 'the report tells the prompts as a prompts file does' cmp told.npy one.npy
holds '--rle writes what the report says' test "$(field counts one.json)" = "$(field counts one.out)"
for type in png tif bmp nii.gz; do
    segment "${image[@]}" --box 20,20,90,80 -o one.$type
    holds "a mask can be .$type" test -s one.$type
done
zcat one.nii.gz >again.nii
holds '.nii.gz holds the same as .nii' cmp one.nii again.nii

# ---- Several: labels, and the larger logit where they overlap
segment "${image[@]}" --box 10,10,70,80 --box 40,30,100,100 --box 5,60,60,110 -o many.nii --logits many.npy --json >many.out
pixels many.nii >many.txt
floats many.npy >many.logits
cat >winner.awk <<'AWK'
{ n = (NR - 1) % plane; o = int((NR - 1) / plane) + 1
  if ($1 > 0 && (!(n in best) || $1 > best[n])) { best[n] = $1; label[n] = o } }
END { for (n = 0; n < plane; n++) print label[n] + 0 }
AWK
holds 'labels go to the largest logit, ties to the lower number' \
    diff many.txt <(awk -v plane=$((width * height)) -f winner.awk many.logits)
holds 'three objects are reported' test "$(field object many.out | tr '\n' ' ')" = '1 2 3 '
segment "${image[@]}" --box 40,30,100,100 -o second.nii --logits second.npy
holds 'an object does not depend on the others' \
    cmp <(floats second.npy) <(sed -n "$((width * height + 1)),$((2 * width * height))p" many.logits)
segment "${image[@]}" --object 2 --box 40,30,100,100 --object 1 --box 10,10,70,80 --object 3 --box 5,60,60,110 -o named.nii
holds '--object numbers them in any order' cmp named.nii many.nii
segment "${image[@]}" --object 1 --box 10,10,70,80 --object 2 --point 50,50:+ --point 90,90:- --json -o mixed.nii >mixed.out
holds 'points of --object 2 make one object' test "$(field object mixed.out | tr '\n' ' ')" = '1 2 '
segment "${image[@]}" --box=[10,10,70,80] -o a.nii && segment --input="$picture" --box '10, 10, 70, 80' -oa2.nii
holds '--flag=value, -fvalue and brackets are the same' cmp a.nii a2.nii

# ---- Prompts files say the same as flags
cat >prompts.json <<'JSON'
{"image": "074.png", "space": "pixel-xy", "objects": [
    {"boxes": [[10, 10, 70, 80]]}, {"boxes": [[40, 30, 100, 100]]}, {"boxes": [[5, 60, 60, 110]]}]}
JSON
segment "${image[@]}" --prompts prompts.json -o file.nii
holds '--prompts FILE.json' cmp file.nii many.nii
printf '[%s]' "$(cat prompts.json)" >list.json
tr -d '\n' <prompts.json >lines.jsonl
printf '\n\n{"image": "other.png", "objects": [{"boxes": [[1,2,3,4]]}]}' >>lines.jsonl
printf '{"074.png": %s}' "$(sed 's/"image": "074.png", //' prompts.json)" >keyed.json
for file in list.json lines.jsonl keyed.json; do
    segment "${image[@]}" --prompts $file -o other.nii
    holds "--prompts $file" cmp other.nii many.nii
done
printf '{"objects": [{"label": "cell", "value": 7, "expert": "auto", "boxes": [[10,10,70,80]], "points": [{"p": [60,60], "positive": false}]}]}' >value.json
segment "${image[@]}" --prompts value.json -o value.nii --json >value.out
holds 'a value that was said is written' test "$(pixels value.nii | sort -u | tr '\n' ' ')" = '0 7 '
holds 'its label is reported' grep -q '"label": "cell"' value.out
printf '{"objects": [{"value": 2, "boxes": [[0,0,30,30]]}, {"boxes": [[40,40,70,80]]}, {"boxes": [[80,80,100,100]]}]}' >some.json
segment "${image[@]}" --prompts some.json -o some.nii --json >some.out
holds 'objects without a value get free ones' test "$(field value some.out | tr '\n' ' ')" = '2 1 3 '
sed 's/{"boxes"/{"value": 2, "boxes"/g' some.json >merged.json
segment "${image[@]}" --prompts merged.json -o merged.nii
holds 'objects of one value are merged' \
    diff <(pixels merged.nii) <(pixels some.nii | sed 's/^[13]$/2/')
segment "${image[@]}" --box 10,10,70,80 --point 60,60:- -o flags.nii
holds 'box and point together are one object' \
    diff <(pixels value.nii | sed 's/^7$/255/') <(pixels flags.nii)

# ---- Candidates
segment "${image[@]}" --point 50,50:+ --multimask --logits three.npy --low-res low3.npy -o best.nii --json >three.out
holds '--multimask gives three' test "$(shape three.npy)" = "3, $height, $width"
holds '--multimask gives three small ones' test "$(shape low3.npy)" = '3, 16, 16'
holds 'the best is written' \
    diff <(pixels best.nii) <(floats three.npy | head -n $((width * height)) | awk '{ print ($1 > 0 ? 255 : 0) }')
holds 'the best has the largest score' diff <(field score three.out | tail -n 3) <(field score three.out | tail -n 3 | sort -gr)

# ---- Probabilities
segment "${image[@]}" --box 20,20,90,80 --probability p.npy --logits l.npy
holds 'a probability is the sigmoid of the logit' \
    awk '{ d = $2 - 1 / (1 + exp(-$1)); if (d > 1e-6 || d < -1e-6) exit 1 }' <(paste <(floats l.npy) <(floats p.npy))
segment "${image[@]}" --box 20,20,90,80 --probability p8.png
segment "${image[@]}" --box 20,20,90,80 --probability p16.png --probability-bits 16
holds '8 bits' test "$(od -An -j 24 -N 1 -t u1 p8.png)" -eq 8
holds '16 bits' test "$(od -An -j 24 -N 1 -t u1 p16.png)" -eq 16

# ---- Mask prompts
segment "${image[@]}" --box 20,20,90,80 --low-res low.npy -o first.nii
holds '--low-res is [1, 16, 16]' test "$(shape low.npy)" = '1, 16, 16'
segment "${image[@]}" --mask low.npy -o refined.nii --json >refined.out
holds 'earlier logits are a prompt' test -n "$(field area refined.out)"
segment "${image[@]}" --mask "$shared/data/2d/micro_wbc/masks/074.png" -o coarse.nii
holds 'a mask file is a prompt' test -s coarse.nii
segment "${image[@]}" --mask first.nii -o from_nii.nii
holds 'a mask may be NIfTI' test -s from_nii.nii
voxpert segment -m "$model" "${image[@]}" --mask low3.npy -o x.nii >/dev/null 2>remark.txt
holds 'of several earlier masks the first is used, and that is said' grep -q 'the first is used' remark.txt
cp low.npy prompts.low.npy
printf '{"objects": [{"mask": "prompts.low.npy"}]}' >mask.json
(mkdir -p elsewhere && cd elsewhere && segment "${image[@]}" --prompts ../mask.json -o ../from_file.nii)
holds 'masks in a prompts file lie beside it' cmp from_file.nii refined.nii

# ---- Cleaning
area() { # area ARGUMENT...: of an object with a hole
    segment -i "$shared/data/2d/micro_wbc/images/003.png" --box 10,10,50,50 "$@" --json | field area /dev/stdin
}
plain=$(area)
holds '--keep-largest takes away' test "$(area --keep-largest)" -lt "$plain"
$whole || skip '--fill-holes adds' 'no mask of the drawn pictures has a hole'
! $whole || holds '--fill-holes adds' test "$(area --fill-holes)" -gt "$plain"
holds '--min-size of everything leaves nothing' test "$(area --min-size 100000)" -eq 0
voxpert segment -m "$model" "${image[@]}" --box 10,10,50,50 --min-size 100000 --json >empty.out 2>empty.err
holds 'nothing is said to be nothing' grep -q 'object 1: nothing was found' empty.err
voxpert segment -m "$model" -i "$shared/golden/image/nifti/dim_4d.nii" --slice k:0:1 --point 1,1:+ -o frame1.nii --json >frame1.out 2>frame1.err
holds 'a frame can be named, and nothing is said then' test ! -s frame1.err
voxpert segment -m "$model" -i "$shared/golden/image/nifti/dim_4d.nii" --slice k:0:0 --point 1,1:+ -o frame0.nii --json >frame0.out 2>frame0.err
holds 'the first frame can be named as well' test ! -s frame0.err
printf '{"slice": "k:0:0", "objects": [{"points": [[1,1]]}]}' >frame0.json
voxpert segment -m "$model" -i "$shared/golden/image/nifti/dim_4d.nii" --prompts frame0.json -o frame0.json.nii --json >/dev/null 2>frame0.err
holds 'in a prompts file too' test ! -s frame0.err
holds 'the report names the frame' grep -q '"slice": "k:0:1"' frame1.out
refused 2 "slice k:0 of frame 99" segment -m "$model" -i "$shared/golden/image/nifti/dim_4d.nii" --slice k:0:99 --point 1,1:+ -o no.nii
holds 'in the report too' grep -q '"object 1: nothing was found' empty.out
holds '--min-size 1 leaves all' test "$(area --min-size 1)" -eq "$plain"

# ---- Pictures
segment "${image[@]}" --box 20,20,90,80 --point 50,50:+ --overlay seen.png
holds 'the overlay is enlarged to 512 pixels or more, with a legend below' \
    test "$(od -An -j 16 -N 8 -t x1 seen.png | tr -d ' ')" = "$(printf '%08x%08x' $((5 * width)) $((5 * height + 42)))"
turned=$shared/golden/image/jpeg/exif_orientation_6.jpg
segment -i "$turned" --point 1,1:+ --json >turned.out
segment -i "$turned" --point 1,1:+ --no-exif --json >stored.out
holds 'EXIF turns the image, --no-exif does not' \
    test "$(field width turned.out) $(field height turned.out)" = "$(field height stored.out) $(field width stored.out)"

# ---- Slices of volumes
segment -i "$volume" --slice k:1 --box 0,0,4,3 -o slice.nii
holds 'the mask has the grid of the volume' test "$(od -An -j 40 -N 16 -t d2 slice.nii)" = "$(od -An -j 40 -N 16 -t d2 "$volume")"
holds 'and its position' cmp <(od -An -j 252 -N 76 -t x1 slice.nii) <(od -An -j 252 -N 76 -t x1 "$volume")
{ head -c 108 slice.nii && printf '\0\0\0\0' && tail -c +113 slice.nii | head -c 232 && printf 'ni1\0'; } >pair.hdr
tail -c +353 slice.nii >pair.img
for mask in slice.nii pair.hdr; do segment -i "$volume" --slice k:1 --mask $mask -o of.$mask.nii; done
holds 'a mask may be a slice of a .hdr and .img too' cmp of.slice.nii.nii of.pair.hdr.nii
pixels slice.nii >slice.txt
holds 'other slices stay empty' test "$(sed -n '1,20p;41,60p' slice.txt | sort -u)" = 0
segment -i "$volume" --slice k:1 --box 0,0,4,3 -o slice_picture.bmp --json >slice.out
holds 'x is i and y is j across k' test "$(field width slice.out)x$(field height slice.out)" = 5x4
segment -i "$volume" --slice i:2 --point 1,1:+ --json >slice.out
holds 'x is j and y is k across i' test "$(field width slice.out)x$(field height slice.out)" = 4x3
segment -i "$volume" --slice j:2 --point 1,1:+ --json >slice.out
holds 'x is i and y is k across j' test "$(field width slice.out)x$(field height slice.out)" = 5x3
segment -i "$volume" --slice k:1 --box 0,0,4,3 --logits w0.npy
segment -i "$volume" --slice k:1 --box 0,0,4,3 --logits w1.npy --window 40,400
segment -i "$volume" --slice k:1 --box 0,0,4,3 --logits w2.npy --window 900,2000
holds '--window changes what is seen' test "$(cksum <w0.npy)" != "$(cksum <w1.npy)" -a "$(cksum <w1.npy)" != "$(cksum <w2.npy)"
voxpert segment -m "$model" -i "$shared/golden/image/nifti/dim_4d.nii" --slice k:0 --point 1,1:+ --json >frames.out 2>frames.err
holds 'of several frames the first is used, and that is said' grep -q 'second); the first is used' frames.err
holds 'in the report too' grep -q 'second); the first is used"' frames.out
printf '{"slice": "k:1", "space": "voxel-ijk", "objects": [{"boxes": [[0,0,4,3]]}]}' >sliced.json
segment -i "$volume" --prompts sliced.json -o from_json.nii
holds 'a prompts file may name the slice' cmp from_json.nii slice.nii
segment -i "$volume" --prompts sliced.json --slice k:1 -o both.nii
holds 'and --slice the same one' cmp both.nii slice.nii

# ---- Presets and zoom
for preset in sam sam-med2d sam-med2d-test medsam imis voxpert; do
    segment "${image[@]}" --box 20,20,90,80 --preset $preset --logits $preset.npy
    holds "--preset $preset" test -s $preset.npy
done
holds 'presets differ' test "$(cat sam.npy | cksum)" != "$(cat medsam.npy | cksum)"
segment "${image[@]}" --box 20,20,90,80 --no-zoom --logits whole.npy
segment "${image[@]}" --box 40,40,60,60 --zoom --logits zoomed.npy
holds '--no-zoom is what preset sam does' cmp whole.npy one.npy
crop() { tr -d ' \n' <"$1" | sed 's/.*"crop_box":\[\([0-9,]*\)\].*/\1/'; }
segment "${image[@]}" --box 40,40,60,60 --no-zoom --json >whole.out
segment "${image[@]}" --box 40,40,60,60 --zoom --json >zoomed.out
holds 'the report tells the crop: the whole image' test "$(crop whole.out)" = "0,0,$width,$height"
IFS=, read -r x y w h <<<"$(crop zoomed.out)"
holds 'or less, with the box in it' test "$x" -le 40 -a "$y" -le 40 -a $((x + w)) -gt 60 -a $((y + h)) -gt 60 -a "$w" -lt $width
holds '--zoom is blind far from the prompt' test "$(floats zoomed.npy | head -n 1)" = -32

# ---- The same bytes for any number of threads, in any language, on each kernel set
for threads in 2 7; do
    segment "${image[@]}" --box 20,20,90,80 --box 5,5,50,50 -t $threads --logits t.npy
    segment "${image[@]}" --box 20,20,90,80 --box 5,5,50,50 -t 1 --logits t1.npy
    holds "$threads threads give the bytes of one" cmp t.npy t1.npy
done
if localedef -i de_DE -f UTF-8 "$work/de_DE.UTF-8" >/dev/null 2>&1; then
    env LOCPATH="$work" LC_ALL=de_DE.UTF-8 "$VOXPERT" segment -q -m "$model" "${image[@]}" --box 20.5,20,90.25,80 --json >de.out
    segment "${image[@]}" --box 20.5,20,90.25,80 --json >en.out
    holds 'numbers are the same in a language with decimal commas' diff <(steady de.out) <(steady en.out)
fi
for set in reference portable; do
    segment "${image[@]}" --box 20,20,90,80 --cpu $set --logits k.npy --json >k.out
    holds "--cpu $set is used" grep -q "\"kernels\": \"$set\"" k.out
    holds "--cpu $set gives the same within 1e-3" \
        awk '{ d = $1 - $2; if (d > 1e-3 || d < -1e-3) exit 1 }' <(paste <(floats one.npy) <(floats k.npy))
done
VOXPERT_CPU=reference "$VOXPERT" segment -q -m "$model" "${image[@]}" --box 20,20,90,80 --json >k.out
holds 'VOXPERT_CPU is used' grep -q '"kernels": "reference"' k.out

# ---- The built-in model
if voxpert info | grep -q '^built_in_model *no model'; then
    refused 4 'none is built in' segment "${image[@]}" --box 20,20,90,80 -o built_in.nii
else
    voxpert segment -q --overwrite "${image[@]}" --box 25,20,85,90 -o built_in.nii --json >built_in.out
    holds 'without -m the built-in model is used' grep -q '"file": "built-in model"' built_in.out
    holds 'and finds something in the box' test "$(field area built_in.out)" -gt 500
fi

# ---- Words
voxpert segment -m "$model" "${image[@]}" --box 20,20,90,80 -o said.png >said.out 2>said.err
holds 'one line for an object' grep -qE '^said.png	object 1	score [0-9.]+	[0-9]+ pixels$' said.out
holds 'nothing else' test ! -s said.err
segment "${image[@]}" --box 20,20,90,80 -o said.png >said.out 2>&1
holds '-q is quiet' test ! -s said.out
voxpert segment -v --overwrite -m "$model" "${image[@]}" --box 20,20,90,80 -o said.png >/dev/null 2>said.err
holds '-v tells of the model' grep -q identity said.err
conclude
