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

# ---- One sentence of what is done, and what is kept
mkdir -p set/images set/masks
for i in $(seq 1000 3999); do ln -s "$picture" set/images/$i.png; ln -s "${picture/images/masks}" set/masks/$i.png; done
# interrupted WHAT WORDS ARGUMENT...: 130, and one sentence behind the progress, with the words
interrupted() {
    local what=$1 words=$2 code
    shift 2
    rm -f told.err
    "$VOXPERT" "$@" --progress json >told.out 2>told.err &
    wait_until grep -q '"done":' told.err
    kill -s INT %% 2>/dev/null
    wait %%
    code=$?
    grep -v '^{' told.err | grep -v 'warning:' >sentence.err
    holds "$what: exit code 130" test $code -eq 130
    holds "$what: one sentence" test "$(grep -c 'interrupted' sentence.err)" -eq 1
    holds "$what: $words" grep -qE "^voxpert [a-z]*: interrupted: $words" sentence.err
}
some='[1-9][0-9]* of [0-9]+' # of folders only what the report holds already

none='; no results were written'
interrupted 'check' "$some cases are done$none" check set
interrupted 'check --quality' "$some cases are done$none" check set --quality -o quality
interrupted 'check --write-split' "$some cases are done$none" check set --write-split split.json
interrupted 'stats' "$some cases are done$none" stats -i set/images -s set/masks -o stats.csv
interrupted 'evaluate' "$some cases are done$none" evaluate -p set/masks -g set/masks -o evaluated
interrupted 'evaluate --data' "$some cases are done$none" evaluate -m "$model" --data set -o predicted
interrupted 'evaluate --clicks' "$some objects are done$none" evaluate -m "$model" --data set --clicks 2 -o clicked
interrupted 'everything' "$some points are done$none" segment -m "$model" -i "$picture" --everything --points-per-side 200 -o every.png
interrupted 'segment of a folder' "($some images are done; --resume goes on|none of 151 images is done; --resume begins)" segment -m "$model" -i in -o folder --prompts p.jsonl
interrupted 'segment --data' "($some cases are done; --resume goes on|none of 3000 cases is done; --resume begins)" segment -m "$model" --data set -o simulated
interrupted 'embed' "$some images are done; their embeddings are kept" embed -m "$model" -i set/images -o embedded
interrupted 'embed --cache' "$some images are done; their embeddings are in the cache" embed -m "$model" -i set/images --cache cached
for file in quality/quality.json split.json stats.csv evaluated/cases.csv predicted/cases.csv clicked/clicks.csv every.png; do
    holds "$file was not written" test ! -e $file
done
holds 'embeddings are kept' test -n "$(ls embedded)" -a -n "$(ls cached)"

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
