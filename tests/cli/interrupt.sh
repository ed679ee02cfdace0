#!/usr/bin/env bash
# A run that is cut off leaves nothing that is not complete.
# What is begun in the background ignores SIGINT and SIGQUIT, and so would the program.
[ -n "${signals_reset:-}" ] || signals_reset=1 exec env --default-signal=INT,QUIT bash "$0" "$@"
. tests/cli/_cli.sh
cd "$work" || exit 1
mkdir out
set -m # background jobs may be interrupted

for name in INT TERM HUP QUIT XCPU; do
    "$VOXPERT" segment --progress json -m "$model" -i "$picture" --everything --points-per-side 400 \
        --pred-iou-thresh 10 -o out/m.png --overlay out/o.png --rle out/r.json 2>progress.json &
    wait_until test -s progress.json
    kill -s $name %% 2>/dev/null
    wait %%
    code=$?
    rm progress.json
    holds "SIG$name ends it with 130" test $code -eq 130
    holds "SIG$name leaves nothing" test -z "$(find out -mindepth 1)"
done

# In a folder, wherever it happens to be
mkdir in
for i in $(seq 100 250); do ln -s "$picture" in/$i.png; done
for i in in/*; do printf '{"image": "%s", "objects": [{"boxes": [[20,20,90,80]]}]}\n' "${i#in/}"; done >p.jsonl
written() { [ "$(find many -name '*.png' 2>/dev/null | wc -l)" -ge "$1" ]; }
for masks in 0 1 2 5 10 40; do
    rm -rf many
    "$VOXPERT" segment -q -m "$model" -i in -o many --overlay many/seen --prompts p.jsonl -t 2 &
    wait_until written $masks
    kill -s INT %% 2>/dev/null
    wait %%
    code=$?
    holds "interrupted after $masks files: exit code 130" test $code -eq 130 -o $code -eq 0
    holds "no unfinished file after $masks files" test -z "$(find many -name '.*' 2>/dev/null)"
done
whole() { for mask in many/*.png; do cmp "$mask" want.png || return; done; }
segment -i "$picture" --box 20,20,90,80 -o want.png
holds 'every mask that is there is whole' whole

# A reader that goes away
mkdir pipe
voxpert segment -q -m "$model" -i "$picture" --everything --points-per-side 16 --pred-iou-thresh 0.2 \
    --stability-score-thresh 0 --box-nms-thresh 1 --json -o pipe/m.png 2>/dev/null | head -c 1 >/dev/null
code=${PIPESTATUS[0]}
holds 'a closed pipe ends it with 130, or all was written' test "$code" -eq 130 -o "$code" -eq 0
holds 'a closed pipe leaves nothing unfinished' test -z "$(find pipe -name '.*')"

# A limit on the size of files
mkdir limit
(
    ulimit -f 1
    voxpert segment -q -m "$model" -i "$picture" --box 20,20,90,80 -o limit/m.png --logits limit/l.npy 2>limit.err
)
holds 'a file over the limit is exit code 6' test $? -eq 6
holds 'it is named' grep -q 'limit/l.npy' limit.err
holds 'and leaves none of the results' test -z "$(find limit -mindepth 1)"

# A full disk
voxpert check "$shared/golden/eval/datasets/broken/wrong_number" >/dev/full 2>full.err
holds 'findings that cannot be written are exit code 6' test $? -eq 6
voxpert check --list "$shared/golden/eval/datasets/broken/wrong_number" >/dev/full 2>full.err
holds 'and so is a list' test $? -eq 6
voxpert segment -q -m "$model" -i "$picture" --box 20,20,90,80 --json >/dev/full 2>full.err
holds 'a report that cannot be written is exit code 6' test $? -eq 6
if small_disk tiny 16k 'a full disk leaves no results'; then
    voxpert segment -m "$model" -i "$picture" --box 20,20,90,80 -o tiny/m.png --logits tiny/l.npy 2>full.err
    holds 'a full disk is exit code 6' test $? -eq 6
    holds 'it names the file' grep -q 'tiny/l.npy' full.err
    holds 'and leaves none of the results' test -z "$(find tiny -mindepth 1)"
    umount tiny
fi
conclude
