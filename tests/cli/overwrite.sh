#!/usr/bin/env bash
# Nothing that is there is replaced unless asked for; a run that breaks off tells how to go on; what was
# damaged since is made again.
[ -n "${signals_reset:-}" ] || signals_reset=1 exec env --default-signal=INT,QUIT bash "$0" "$@"
. tests/cli/_cli.sh
cd "$work" || exit 1
set -m # background jobs may be interrupted
first() { voxpert segment -q -m "$model" -i "$picture" --box 20,20,90,80 "$@"; }

# ---- One image: every output
for output in -o=m.png --logits=l.npy --low-res=w.npy --probability=p.png --overlay=o.png --rle=r.json --report=t.json; do
    flag=${output%%=*} file=${output#*=}
    printf mine >"$file"
    refused 6 "$file: is there already; --overwrite replaces it" segment -q -m "$model" -i "$picture" --box 20,20,90,80 "$flag" "$file"
    holds "$file stays" test "$(cat "$file")" = mine
    holds "--overwrite replaces $file" first "$flag" "$file" --overwrite
    holds "$file is new" test "$(head -c 4 "$file")" != mine
done
printf mine >c.safetensors
refused 6 'c.safetensors: is there already' convert -q -m "$model" -o c.safetensors
holds 'convert --overwrite' voxpert convert -q -m "$model" -o c.safetensors --overwrite
refused 6 'c.safetensors: is there already' embed -q -m "$model" -i "$picture" -o c.safetensors
holds 'embed --overwrite' voxpert embed -q -m "$model" -i "$picture" -o c.safetensors --overwrite

# ---- Folders
mkdir in
for i in 1 2 3 4; do cp "$picture" in/$i.png; done
for i in in/*; do printf '{"image": "%s", "objects": [{"boxes": [[20,20,90,80]]}]}\n' "${i#in/}"; done >p.jsonl
run() { voxpert segment -q -m "$model" -i in --prompts p.jsonl "$@"; }
run -o out --rle out.rle
cp -r out before
refused 6 'out/report.jsonl: is there already; --resume goes on with its run, --overwrite begins anew' \
    segment -q -m "$model" -i in --prompts p.jsonl -o out
mkdir foreign && cp out/* foreign/ && rm foreign/report.jsonl
refused 6 ': is there already' segment -q -m "$model" -i in --prompts p.jsonl -o foreign --resume
holds 'masks that no report tells of stay' diff <(cat out/*.png | cksum) <(cat foreign/*.png | cksum)
refused 2 '--resume and --overwrite exclude each other' segment -q -m "$model" -i in --prompts p.jsonl -o out --resume --overwrite
mkdir theirs && printf mine >theirs/3.png
refused 6 'theirs/3.png: is there already' segment -q -m "$model" -i in --prompts p.jsonl -o theirs
holds 'nothing was begun' test "$(ls theirs)" = 3.png -a "$(cat theirs/3.png)" = mine
run -o out --rle out.rle --overwrite --json >again.out
holds '--overwrite begins anew' test "$(field done again.out) $(field skipped again.out)" = '4 0'
voxpert embed -q -m "$model" -i in -o out.emb
refused 6 'out.emb/1.safetensors: is there already' embed -q -m "$model" -i in -o out.emb

# ---- Damage since
printf x >>out/2.png
printf x >>out.rle/3.json
voxpert segment -m "$model" -i in --prompts p.jsonl -o out --rle out.rle --resume --json --progress none >again.out 2>again.err
holds 'damaged outputs are made again, and only those' test "$(field done again.out) $(field skipped again.out)" = '2 2'
holds 'to the same bytes' cmp out/2.png before/2.png
holds 'what was there is kept: it may be a correction' test -s out/2.png.changed -a -s out.rle/3.json.changed
holds 'and that is said' grep -q 'out/2.png: is not as it was written; .* kept as out/2.png.changed' again.err
printf x >>out/2.png
run -o out --rle out.rle --resume >/dev/null 2>&1
holds 'a second one has a name of its own' test -s out/2.png.changed-2

# ---- A value of one's own
first -o v.nii --value 1
holds '--value is the foreground' test "$(pixels v.nii | sort -u | tr '\n' ' ')" = '0 1 '
first -o v2.nii --box 40,30,100,100 --value 7
holds 'of all objects' test "$(pixels v2.nii | sort -u | tr '\n' ' ')" = '0 7 '
printf '{"objects": [{"value": 3, "boxes": [[0,0,30,30]]}, {"boxes": [[40,40,70,80]]}]}' >values.json
voxpert segment -q -m "$model" -i "$picture" --prompts values.json --value 1 -o v3.nii
holds 'but of those that have one in their file' test "$(pixels v3.nii | sort -u | tr '\n' ' ')" = '0 1 3 '
run -o ones --value 1 --json >again.out
run -o ones --value 1 --resume --json >again.out
holds 'another value is another result' test "$(field skipped again.out)" -eq 4
run -o ones --value 2 --resume --json >again.out
holds 'which --resume makes again' test "$(field done again.out)" -eq 4
refused 2 '--value 0' segment -q -m "$model" -i "$picture" --box 20,20,90,80 -o no.png --value 0
refused 2 '--value does not go with --everything' segment -q -m "$model" -i "$picture" --everything -o no.png --value 1

# ---- Empty masks are counted
voxpert segment -m "$model" -i in --prompts p.jsonl -o none --min-size 100000 --progress none >none.out 2>none.err
holds 'in the last line' grep -q '^4 images: 4 done, 0 skipped, 0 failed, 4 empty; none/report.jsonl$' none.out
holds 'each warning names its image' test "$(grep -c 'in/[1-4].png: object 1: nothing was found' none.err)" -eq 4

# ---- A full disk ends the run
if small_disk tiny 40k 'a full disk ends a run of a folder'; then
    voxpert segment -m "$model" -i in --prompts p.jsonl -o tiny/m --overlay tiny/o --progress none >full.out 2>full.err
    holds 'exit code 6' test $? -eq 6
    holds 'one sentence with the reason' test "$(grep -c 'No space left on device; . of 4 images are done' full.err)" -eq 1
    holds 'no other' test "$(wc -l <full.err)" -eq 1
    holds 'nothing unfinished' test -z "$(find tiny -name '.*')"
    umount tiny
fi
(
    ulimit -f 8
    voxpert segment -m "$model" -i in --prompts p.jsonl -o limit/m --logits limit/l --progress none >full.out 2>full.err
)
holds 'nor does a limit on files' test $? -eq 6
holds 'the reason is named' grep -q 'limit/l/1.npy: .*File too large; 0 of 4 images are done' full.err
(
    ulimit -f 8
    first --overlay limit/o.png --logits limit/l.npy 2>full.err
)
holds 'of any writer' grep -q 'File too large' full.err

# ---- Interrupted
for i in $(seq 100 250); do ln -s "$picture" in/$i.png; done
for i in in/*; do printf '{"image": "%s", "objects": [{"boxes": [[20,20,90,80]]}]}\n' "${i#in/}"; done >p.jsonl
mkfifo progress
"$VOXPERT" segment -m "$model" -i in -o many --prompts p.jsonl --progress json 2>progress >/dev/null &
job=$!
{ # the first line of progress is the sign that it works
    read -r line
    kill -s INT $job
    cat
} <progress >many.err
wait $job
holds 'exit code 130' test $? -eq 130
holds 'how far it came, and how to go on' grep -qE '^voxpert segment: interrupted: ([1-9][0-9]* of 155 images are done; --resume goes on|none of 155 images is done; --resume begins with the first)$' many.err
conclude
