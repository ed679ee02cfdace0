#!/usr/bin/env bash
# Experts and bad input: data sets without a case or without a label, a base of another model, kept embeddings
# that are damaged, checkpoints that end early, a disk that fills while one is written.
. tests/cli/_cli.sh
. tests/cli/_experts.sh
cd "$work" || exit 1
recipe=(--recipe segmote -m "$base" --tokens 2 --experts 3 --rank 4 --batch 4 --warm-up 2 --validate-every 0 --threads 1 --progress none)

# A set of four pictures, each with one object
mkdir -p set/images set/masks
for name in 003 015 074 005; do
    cp "$shared/data/2d/micro_wbc/images/$name.png" set/images
    cp "$shared/data/2d/micro_wbc/masks/$name.png" set/masks
done
learn() { voxpert train "${recipe[@]}" --data set:train --cache kept "$@"; }

# ---- Data sets
mkdir -p none/images none/masks
refused 3 none train "${recipe[@]}" --data none --out no
refused 3 nowhere train "${recipe[@]}" --data nowhere --out no
cp -r set gap && rm gap/masks/015.png
refused 3 015.png train "${recipe[@]}" --data gap --out no
cp -r set cut && head -c 90 set/masks/015.png >cut/masks/015.png
refused 3 cut/masks/015.png train "${recipe[@]}" --data cut:train --out no
holds 'no model was written' test -z "$(find no -name '*.safetensors' 2>/dev/null)"

# ---- The base
refused 4 'was trained on a base of identity' train -q --recipe segmote -m "$adapter" --base "$stranger" --data set --out no
refused 4 'was trained on a base of identity' segment -m "$adapter" --base "$stranger" -i "$picture" --prompt-free -o no.png
refused 4 'was trained on a base of identity' evaluate -m "$adapter" --base "$stranger" --data set --clicks 1 -o no
head -c 3000 "$adapter" >short.safetensors
refused 4 short.safetensors segment -m short.safetensors --base "$base" -i "$picture" --prompt-free -o no.png
holds 'nothing was written' test ! -e no.png

# ---- Kept embeddings
learn --steps 20 --out whole --quiet
holds 'they are kept' test "$(find kept -name '*.safetensors' | wc -l)" -eq 4
spoil() { # spoil HOW: the largest of them
    local file
    file=$(find kept -name '*.safetensors' -printf '%s %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)
    case $1 in
    nan) printf '\377\377\377\377' | dd of="$file" bs=1 seek=$(($(stat -c %s "$file") - 64)) conv=notrunc status=none ;;
    short) truncate -s -40 "$file" ;;
    esac
    spoilt=$(basename "$file")
}
for how in nan short; do
    spoil $how
    learn --steps 20 --out "after_$how" 2>"$how.err" >/dev/null
    holds "one with $how: the run ends well" test $? -eq 0
    holds "one with $how: it is told of" grep -q "$spoilt" "$how.err"
    holds "one with $how: the model is the same" cmp whole/last.safetensors "after_$how/last.safetensors"
done

# ---- Checkpoints
learn --steps 20 --out part --quiet
cp -r part early && truncate -s 2000 early/state.safetensors
cp early/state.safetensors before
refused 4 early/state.safetensors train "${recipe[@]}" --data set:train --cache kept --steps 20 --out early --resume
holds 'it stays as it was' cmp before early/state.safetensors
cp -r part other
refused 3 'begun with other options' train "${recipe[@]}" --data set:train --cache kept --steps 30 --seed 5 --out other --resume

# ---- A disk that fills: the checkpoint before stays, and the run can go on from it elsewhere
if small_disk tiny 64k 'a disk that fills leaves the checkpoint before'; then
    head -c 40000 /dev/zero >tiny/filler
    voxpert train "${recipe[@]}" --data set:train --cache kept --steps 20 --out tiny/run 2>full.err >/dev/null
    holds 'a full disk is exit code 6' test $? -eq 6
    holds 'it names the file' grep -q 'tiny/run/' full.err
    holds 'no half of a checkpoint is there' test -z "$(find tiny/run -name 'state.safetensors' -o -name '*.tmp*' -o -name 'last.safetensors')"
    umount tiny
fi
(
    ulimit -f 8
    voxpert train "${recipe[@]}" --data set:train --cache kept --steps 20 --out limit 2>limit.err >/dev/null
)
holds 'a file over the limit is exit code 6' test $? -eq 6
holds 'it is named' grep -q 'limit/' limit.err
conclude
