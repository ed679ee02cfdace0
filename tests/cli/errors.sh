#!/usr/bin/env bash
# Each mistake has its exit code and one sentence that names what is wrong; nothing is written.
. tests/cli/_cli.sh
cd "$work" || exit 1
mkdir out empty some
cp "$picture" some/a.png
printf '{"image": "a.png", "objects": [{"boxes": [[20,20,90,80]]}]}\n' >ok.json
printf 'no picture' >text.png
voxpert segment -m "$model" -q -i "$picture" --box 20,20,90,80 --low-res out/low.npy || exit 1
mv out/low.npy low.npy
good=(-m "$model" -i "$picture" -o out/m.png)
box=(--box 20,20,90,80)

# ---- The program and its verbs
refused 2 '"segmnt"; did you mean segment?' segmnt
refused 2 'no verb "xyzzy"' xyzzy
refused 2 'no verb "xyzzy"' help xyzzy

# ---- Flags
refused 2 'unknown flag --bxo; did you mean --box?' segment "${good[@]}" --bxo 1,2,3,4
refused 2 'unknown flag -x' segment "${good[@]}" -x
refused 2 '"stray" is no flag' segment "${good[@]}" "${box[@]}" stray
refused 2 '--output needs a value' segment -m "$model" -i "$picture" "${box[@]}" -o
refused 2 '--output needs a value' segment -m "$model" -i "$picture" -o --box 1,2,3,4
refused 2 '--output needs a value' segment -m "$model" -i "$picture" --output= "${box[@]}"
refused 2 '--output is given twice' segment "${good[@]}" "${box[@]}" -o out/n.png
refused 2 '--multimask takes no value' segment "${good[@]}" "${box[@]}" --multimask=1
refused 2 '--input is needed' segment -m "$model" -o out/m.png "${box[@]}"
refused 2 '--output is needed' segment -m "$model" -i "$picture" "${box[@]}"
refused 2 'nothing to segment' segment "${good[@]}"
refused 2 '--threads -1' segment "${good[@]}" "${box[@]}" -t -1
refused 2 '--threads two' segment "${good[@]}" "${box[@]}" --threads two
refused 2 '--max-memory lots' segment "${good[@]}" "${box[@]}" --max-memory lots
refused 2 '--max-memory -4G' segment "${good[@]}" "${box[@]}" --max-memory -4G
refused 2 '--progress loud' segment "${good[@]}" "${box[@]}" --progress loud
refused 2 '--cpu abacus' segment "${good[@]}" "${box[@]}" --cpu abacus
refused 2 '--preset none' segment "${good[@]}" "${box[@]}" --preset none
refused 2 '--min-size 0' segment "${good[@]}" "${box[@]}" --min-size 0
refused 2 '--window 40' segment "${good[@]}" "${box[@]}" --window 40
refused 2 '--window 40,0' segment "${good[@]}" "${box[@]}" --window 40,0
refused 2 '--window 40,nan' segment "${good[@]}" "${box[@]}" --window 40,nan
refused 2 '--page 0' segment "${good[@]}" "${box[@]}" --page 0
refused 2 '--zoom and --no-zoom' segment "${good[@]}" "${box[@]}" --zoom --no-zoom
refused 2 '--cache-half needs --cache' segment "${good[@]}" "${box[@]}" --cache-half
refused 2 '--embedding' segment "${good[@]}" "${box[@]}" --embedding e --zoom
refused 2 '--resume goes with a folder' segment "${good[@]}" "${box[@]}" --resume
refused 2 '--on-error goes with a folder' segment "${good[@]}" "${box[@]}" --on-error skip
refused 2 '--probability-bits' segment "${good[@]}" "${box[@]}" --probability out/p.npy --probability-bits 16
refused 2 '--probability-bits 12' segment "${good[@]}" "${box[@]}" --probability out/p.png --probability-bits 12

# ---- Prompts by flags
for bad in 1,2,3 1,2,3,4,5 1,2,3,x nan,2,3,4 1,inf,3,4 1,2,3,1e300 '' '1,2,3,4]' '1;2;3;4'; do
    refused 2 --box segment "${good[@]}" --box "$bad"
done
refused 2 outside segment "${good[@]}" --box 20,20,$((width + 1)),80
refused 2 outside segment "${good[@]}" --box=-2,20,30,80
refused 2 'with x and y exchanged it would lie inside' segment "${good[@]}" --box 20,30,110,50
refused 2 'object 2' segment "${good[@]}" "${box[@]}" --box 20,20,30,$((height + 1))
for bad in 1, 1,2:1 1:+ nan,2:+ 1,2,3:- 1,2: :+ '1,2 :x'; do
    refused 2 --point segment "${good[@]}" --point "$bad"
done
refused 2 outside segment "${good[@]}" --point $((width + 1)),5:+
refused 2 outside segment "${good[@]}" --point=-2,5:-
refused 2 'several --box together with --point' segment "${good[@]}" "${box[@]}" --box 1,1,9,9 --point 5,5:+
refused 2 'several --box together' segment "${good[@]}" "${box[@]}" --box 1,1,9,9 --mask some/a.png
refused 2 '--object 0' segment "${good[@]}" --object 0 "${box[@]}"
refused 2 '--object one' segment "${good[@]}" --object one "${box[@]}"
refused 2 'no prompt follows' segment "${good[@]}" --object 1
refused 2 'before the first --object' segment "${good[@]}" "${box[@]}" --object 1 --point 5,5:+
refused 2 'object 1 has a box already' segment "${good[@]}" --object 1 "${box[@]}" --box 1,1,9,9
refused 2 'object 1 has a mask already' segment "${good[@]}" --mask some/a.png --mask some/a.png
refused 2 '--prompts excludes' segment "${good[@]}" "${box[@]}" --prompts ok.json
refused 2 '--everything excludes' segment "${good[@]}" "${box[@]}" --everything
refused 2 '--points-per-side goes with --everything' segment "${good[@]}" "${box[@]}" --points-per-side 4
refused 2 '--logits does not go with --everything' segment "${good[@]}" --everything --logits out/l.npy
for flag in --fill-holes --keep-largest --min-size=9; do
    refused 2 "${flag%=9} does not go with --everything" segment "${good[@]}" --everything $flag
done
refused 2 '--points-per-side 0' segment "${good[@]}" --everything --points-per-side 0
refused 2 '--stability-score-thresh 2' segment "${good[@]}" --everything --stability-score-thresh 2
refused 3 none.png segment "${good[@]}" --mask none.png
refused 3 'but the image is 108 x 112' segment "${good[@]}" --mask "$shared/golden/image/png/grey8.png"
refused 3 'dim_2d.nii' segment "${good[@]}" --mask "$shared/golden/image/nifti/dim_2d.nii"
refused 3 none.npy segment "${good[@]}" --mask none.npy
head -c 100 low.npy >cut.npy
refused 3 cut.npy segment "${good[@]}" --mask cut.npy

# ---- Prompts by a file: exit code 3
prompts() { printf '%s\n' "$1" >"$2"; }
bad_prompts() { # bad_prompts WORD JSON
    prompts "$2" bad.json
    refused 3 "$1" segment "${good[@]}" --prompts bad.json
}
refused 3 none.json segment "${good[@]}" --prompts none.json
bad_prompts 'is a Git LFS pointer, not prompts' 'version https://git-lfs.github.com/spec/v1
oid sha256:0000000000000000000000000000000000000000000000000000000000000000
size 12
'
bad_prompts 'is no JSON' '{"objects": ['
bad_prompts 'holds no prompts' '[]'
bad_prompts 'holds no prompts' '{}'
bad_prompts 'must be a list of at least one object' '{"image": "074.png", "objects": []}'
bad_prompts 'objects[0].box: is not known' '{"objects": [{"box": [1,2,3,4]}]}'
bad_prompts 'colour: is not known' '{"colour": 1, "objects": [{"boxes": [[1,2,3,4]]}]}'
bad_prompts 'four finite numbers' '{"objects": [{"boxes": [[1,2,3]]}]}'
bad_prompts 'four finite numbers' '{"objects": [{"boxes": [[1,2,3,"4"]]}]}'
bad_prompts 'four finite numbers' '{"objects": [{"boxes": [[1,2,3,1e300]]}]}'
bad_prompts 'four finite numbers' '{"objects": [{"boxes": [10,10,60]}]}'
bad_prompts 'one box' '{"objects": [{"boxes": [[1,2,3,4],[5,6,7,8]]}]}'
bad_prompts 'outside' '{"objects": [{"boxes": [[1,2,900,4]]}]}'
bad_prompts 'objects[0].points[1]' '{"objects": [{"points": [{"p":[1,2]},{"p":[1,2,3]}]}]}'
bad_prompts '"positive" must be' '{"objects": [{"points": [{"p":[1,2],"positive":1}]}]}'
bad_prompts 'neither points' '{"objects": [{"label": "x"}]}'
bad_prompts 'objects[0].value' '{"objects": [{"boxes": [[1,2,3,4]], "value": 0}]}'
bad_prompts 'objects[0].value' '{"objects": [{"boxes": [[1,2,3,4]], "value": 65536}]}'
bad_prompts '"label" must be' '{"objects": [{"boxes": [[1,2,3,4]], "label": 3}]}'
bad_prompts 'objects[0].mask' '{"objects": [{"mask": 3}]}'
bad_prompts 'space' '{"space": "world-ras", "objects": [{"boxes": [[1,2,3,4]]}]}'
bad_prompts '"expert" must be "auto"' '{"objects": [{"boxes": [[1,2,3,4]], "expert": 2}]}'
bad_prompts 'has no experts' '{"objects": [{"boxes": [[1,2,3,4]], "expert": "liver"}]}'
printf '{"slice": "j:1", "space": "voxel-ijk", "objects": [{"boxes": [[0,0,2,2]]}]}' >axes.json
refused 3 '"voxel-ijk" is for slices of k, but the slice is j:1' segment -m "$model" -i "$volume" -o out/m.nii --prompts axes.json
printf '{"space": "voxel-ijk", "objects": [{"boxes": [[0,0,2,2]]}]}' >axes.json
refused 3 'the slice is i:2' segment -m "$model" -i "$volume" -o out/m.nii --prompts axes.json --slice i:2
bad_prompts 'slice' '{"slice": "z:1", "objects": [{"boxes": [[1,2,3,4]]}]}'
bad_prompts 'without a folder' '{"image": "../074.png", "objects": [{"boxes": [[1,2,3,4]]}]}'
bad_prompts 'has no entry' '{"image": "other.png", "objects": [{"boxes": [[1,2,3,4]]}]}'
bad_prompts 'two entries' '[{"image": "a", "objects": [{"boxes": [[1,2,3,4]]}]}, {"image": "a", "objects": [{"boxes": [[1,2,3,4]]}]}]'
bad_prompts 'does not say its "image"' '[{"objects": [{"boxes": [[1,2,3,4]]}]}, {"objects": [{"boxes": [[1,2,3,4]]}]}]'
bad_prompts 'outside' "{\"objects\": [{\"boxes\": [[1,2,$((width + 1)),4]]}]}"
bad_prompts 'object 2' '{"objects": [{"boxes": [[1,2,3,4]]}, {"points": [{"p": [1,500]}]}]}'
bad_prompts 'none.png' '{"objects": [{"mask": "none.png"}]}'
printf '{"image": "074.png", "objects": [{"boxes": [[1,2,3,4]]}]}\n{"image"\n' >bad.jsonl
refused 3 'line 2' segment "${good[@]}" --prompts bad.jsonl
refused 2 'an image shows one object' segment "${good[@]}" "${box[@]}" --box 1,1,9,9 --probability out/p.png

# ---- Images
refused 3 none.png segment -m "$model" -i none.png -o out/m.png "${box[@]}"
refused 3 text.png segment -m "$model" -i text.png -o out/m.png "${box[@]}"
refused 2 "--slice: $volume: is a volume of 3 slices: choose one" segment -m "$model" -i "$volume" -o out/m.nii --box 0,0,2,2
refused 2 '--slice z:1' segment -m "$model" -i "$volume" -o out/m.nii --box 0,0,2,2 --slice z:1
refused 2 'is PNG and has no pages, but page 1 is asked for' segment "${good[@]}" "${box[@]}" --page 1
refused 2 'is NIfTI and has no pages' segment -m "$model" -i "$volume" -o out/m.nii --box 0,0,2,2 --slice k:1 --page 1
refused 2 '--slice k' segment -m "$model" -i "$volume" -o out/m.nii --box 0,0,2,2 --slice k
for slice in k: k57 x:1 k:1: k:1:2:3 kk:1 k:1.5 'k: 1' k:1:-1 k:99999999999999999999999999; do
    refused 2 "--slice $slice" segment -m "$model" -i "$volume" -o out/m.nii --box 0,0,2,2 --slice "$slice"
done
refused 2 '--slice k:-1' segment -m "$model" -i "$volume" -o out/m.nii --box 0,0,2,2 --slice k:-1
refused 2 k:3 segment -m "$model" -i "$volume" -o out/m.nii --box 0,0,2,2 --slice k:3
refused 2 outside segment -m "$model" -i "$volume" -o out/m.nii --box 0,0,4,5 --slice k:1
printf '{"image": "dtype_int16.nii", "slice": "k:1", "objects": [{"boxes": [[0,0,2,2]]}]}' >sliced.json
refused 2 'says "slice": "k:1"' segment -m "$model" -i "$volume" -o out/m.nii --prompts sliced.json --slice k:2
refused 2 'says "slice": "k:1" of dtype_int16.nii' segment -m "$model" -i "$(dirname "$volume")" -o new --prompts sliced.json --slice j:1

# ---- Models
refused 4 none.pth segment -m none.pth -i "$picture" -o out/m.png "${box[@]}"
refused 4 text.png segment -m text.png -i "$picture" -o out/m.png "${box[@]}"
refused 4 missing info "$shared/golden/sam/files/decoder_module_prefix.pth"
for file in "$shared"/golden/sam/hostile/{evil_eval,evil_system,truncated_tail}.pth; do
    refused 4 "$(basename "$file")" segment -m "$file" -i "$picture" -o out/m.png "${box[@]}"
done
refused 5 'KiB of working memory, more than the limit of 80 KiB' segment "${good[@]}" "${box[@]}" --max-memory 80K
refused 5 '--max-memory: this needs ' segment "${good[@]}" "${box[@]}" --max-memory 80K
refused 5 'over the memory limit of 1024 bytes' segment "${good[@]}" "${box[@]}" --max-memory 1K

# ---- Outputs
refused 2 '--output out/m.jpg: the name must end with' segment -m "$model" -i "$picture" -o out/m.jpg "${box[@]}"
refused 2 '--logits out/l.png' segment "${good[@]}" "${box[@]}" --logits out/l.png
refused 2 '--overlay out/o.jpg' segment "${good[@]}" "${box[@]}" --overlay out/o.jpg
refused 2 '--rle out/r.txt' segment "${good[@]}" "${box[@]}" --rle out/r.txt
refused 2 '--report out/r.txt' segment "${good[@]}" "${box[@]}" -r out/r.txt
refused 2 'name the same file' segment "${good[@]}" "${box[@]}" --overlay out/m.png
refused 2 'would replace the input' segment -m "$model" -i some/a.png -o some/a.png "${box[@]}"
refused 2 'name the same file' segment "${good[@]}" "${box[@]}" --overlay out/../out/m.png
ln -s out same
refused 2 'name the same file' segment "${good[@]}" "${box[@]}" --overlay same/m.png
cp ok.json q.json
for flag in --rle --report; do
    refused 2 "$flag q.json: would replace the input q.json" segment "${good[@]}" --prompts q.json $flag q.json
    refused 2 "$flag ./q.json: would replace the input" segment "${good[@]}" --prompts q.json $flag ./q.json
done
cp low.npy l.npy
refused 2 'would replace the input' segment "${good[@]}" --mask l.npy --logits l.npy
refused 2 'would replace the input' segment -m "$model" -i "$picture" --mask some/a.png -o some/a.png
printf '{"objects": [{"mask": "l.npy"}]}' >by_mask.json
refused 2 'would replace the input' segment "${good[@]}" --prompts by_mask.json --low-res l.npy
holds 'inputs stay' test "$(cksum <q.json) $(cksum <l.npy)" = "$(cksum <ok.json) $(cksum <low.npy)"
refused 6 'cannot be written' segment -m "$model" -i "$picture" -o missing/m.png "${box[@]}"
mkdir folder.png
mkfifo pipe.png
refused 6 'no regular file' segment -m "$model" -i "$picture" -o pipe.png "${box[@]}"
refused 6 'no regular file' segment -m "$model" -i "$picture" -o folder.png "${box[@]}"

# ---- Folders
refused 2 'comes from --prompts' segment -m "$model" -i some -o out "${box[@]}"
refused 2 '--output is needed' segment -m "$model" -i some --prompts ok.json
refused 2 'is the folder of the input' segment -m "$model" -i some -o some --prompts ok.json
refused 2 '--report out/r.txt' segment -m "$model" -i some -o out --prompts ok.json -r out/r.txt
refused 2 '--output and --overlay name the same file, new/a.png' segment -m "$model" -i some -o new --overlay new --prompts ok.json
refused 2 '--output and --overlay name the same file' segment -m "$model" -i some -o new --overlay none/../new/. --prompts ok.json
refused 2 '--logits and --low-res name the same file' segment -m "$model" -i some -o new --logits more --low-res more --prompts ok.json
refused 2 '--logits and --probability name the same file' segment -m "$model" -i some -o new --logits more --probability more --prompts ok.json
refused 2 '--report and --rle name the same file' segment -m "$model" -i some -o new --rle new --report new/a.json --prompts ok.json
refused 2 'would replace the input ok.json' segment -m "$model" -i some -o new --prompts ok.json -r ok.json
holds 'no folder was made' test ! -e new -a ! -e more -a ! -e none
refused 2 '--on-error shrug' segment -m "$model" -i some -o out --prompts ok.json --on-error shrug
refused 2 '--embedding goes with a single image' segment -m "$model" -i some -o out --prompts ok.json --embedding e
refused 3 'holds no image' segment -m "$model" -i empty -o out --everything
refused 4 none.pth segment -m none.pth -i some -o out --prompts ok.json
refused 6 'is no folder' segment -m "$model" -i some -o text.png --prompts ok.json

# ---- Other verbs
refused 2 'either --output or --cache' embed -m "$model" -i "$picture"
refused 2 'either --output or --cache' embed -m "$model" -i "$picture" -o out/e.safetensors --cache c
refused 2 '--output out/e.bin' embed -m "$model" -i "$picture" -o out/e.bin
refused 2 '--dtype f64' embed -m "$model" -i "$picture" -o out/e.safetensors --dtype f64
refused 2 '--on-error goes with a folder' embed -m "$model" -i "$picture" --cache c --on-error stop
refused 3 none.png embed -m "$model" -i none.png --cache c
voxpert convert -q -m "$model" -o c.safetensors
refused 2 'would replace the input' embed -m c.safetensors -i "$picture" -o c.safetensors
refused 2 'would replace the input' convert -m c.safetensors -o ./c.safetensors
mkdir two
cp "$picture" two/a.png && cp "$picture" two/a.tif
refused 3 'a.png and a.tif would both be written to out/a.safetensors' embed -m "$model" -i two -o out
refused 2 '--model is needed' convert -o out/c.safetensors
refused 2 '--output is needed' convert -m "$model"
refused 2 '--output out/c.pth' convert -m "$model" -o out/c.pth
refused 2 '--dtype i8' convert -m "$model" -o out/c.safetensors --dtype i8
refused 2 '--verify and --no-verify' convert -m "$model" -o out/c.safetensors --verify --no-verify
refused 4 none.pth convert -m none.pth -o out/c.safetensors
refused 6 'cannot be written' convert -m "$model" -o missing/c.safetensors
refused 3 none.png info none.png
refused 4 none.pth info none.pth
refused 2 '"b.png" is no flag' info a.png b.png

# ---- A failure in JSON
voxpert segment -m none.pth -i "$picture" "${box[@]}" --json >failure.json 2>/dev/null
holds 'a failure is told in JSON too' grep -q '"code": 4' failure.json

# ---- VOXPERT_CPU
VOXPERT_CPU=abacus "$VOXPERT" segment "${good[@]}" "${box[@]}" >.out 2>&1
holds 'VOXPERT_CPU ends with 2 where it is unknown' test $? -eq 2
holds 'VOXPERT_CPU is named' grep -q 'VOXPERT_CPU abacus' .out

holds 'nothing was written' test -z "$(find out -mindepth 1)"
# ---- Words that are no verb
refused 2 'there is no verb "segmnt"; did you mean segment?' segmnt --json
holds 'as JSON too' grep -q '"message": "there is no verb' "$work/.out"
holds 'with its warnings' grep -q '"warnings": \[\]' "$work/.out"
refused 2 'did you mean route?' experts rout --json
holds 'a part of experts likewise' grep -q '"code": 2' "$work/.out"
refused 2 'one of list, route, add, remove, prune must stand first' experts --json
conclude
