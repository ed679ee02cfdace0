#!/usr/bin/env bash
# Folders: one model load, a report, and a run that is killed goes on to the same bytes.
. tests/cli/_cli.sh
cd "$work" || exit 1
mkdir in
for file in "$shared"/data/2d/micro_wbc/images/0[0-2]?.png; do cp "$file" in/; done
cp "$volume" in/scan_0000.nii
n=$(ls in | wc -l)
for file in in/*.png; do
    printf '{"image": "%s", "objects": [{"label": "cell", "boxes": [[10,10,60,60]]}, {"points": [{"p": [40,40]}]}]}\n' "${file#in/}"
done >p.jsonl
printf '{"image": "scan_0000.nii", "slice": "k:1", "objects": [{"boxes": [[0,0,4,3]]}]}\n' >>p.jsonl
run() { segment -i in --prompts p.jsonl "$@"; }

# ---- One run
run -o one --overlay one.seen --logits one.logits --rle one.rle --json >one.out
holds 'all are done' test "$(field done one.out)" -eq "$n" -a "$(field failed one.out)" -eq 0
holds 'a mask for each' test "$(ls one/*.png one/*.nii.gz | wc -l)" -eq "$n"
holds 'nnU-Net'\''s _0000 is left out' test -s one/scan.nii.gz
for folder in one.seen one.logits one.rle; do
    holds "$folder has a file for each" test "$(ls $folder | wc -l)" -eq "$n"
done
first=$(ls in | head -n 1)
segment -i "in/$first" --object 1 --box 10,10,60,60 --object 2 --point 40,40:+ -o single.png
holds 'a case is what a single image gives' cmp single.png "one/${first%.png}.png"
holds 'the report has a line for each' test "$(grep -c '"status":"done"' one/report.jsonl)" -eq "$n"
run -o json -r json.json
holds 'a report may be .json' test "$(grep -c '"status": "done"' json.json)" -eq "$n"

# ---- Killed and resumed, from .jsonl and from .json
compare() { diff -rq -x 'report.*' one "$1" && ! find "$1" -name '.*' | grep .; }
written() { [ "$(find cut -name '*.png' 2>/dev/null | wc -l)" -ge "$1" ]; }
for report in report.jsonl report.json; do
    rm -rf cut
    left=
    for masks in 2 8 $((n - 5)); do
        "$VOXPERT" segment -q -m "$model" -i in --prompts p.jsonl -o cut --resume -r cut/$report &
        wait_until written $masks
        left="$left $((n - $(ls cut/*.png 2>/dev/null | wc -l)))"
        kill -9 $! 2>/dev/null
        wait $! 2>/dev/null
    done
    echo "killed with$left of $n masks to go"
    touch cut/.voxpert-1-0.png.Ab3dEf # as a kill in the middle of a write leaves it
    run -o cut --resume -r cut/$report --json >cut.out
    holds "killed three times, then resumed ($report): the same bytes" compare cut
    holds "the report is whole again ($report)" test "$(grep -cE '"status": ?"done"' cut/$report)" -eq "$n"
done
run -o cut --resume -r cut/report.json --json >cut.out
holds 'a finished run has nothing left to do' test "$(field skipped cut.out)" -eq "$n"

# ---- What makes a case be done again
rm "cut/${first%.png}.png"
run -o cut --resume -r cut/report.json --json >cut.out
holds 'a missing output' test "$(field done cut.out)" -eq 1
sed -i "s/\"image\": \"$first\", \"objects\": \[{\"label\": \"cell\", \"boxes\": \[\[10,/\"image\": \"$first\", \"objects\": [{\"label\": \"cell\", \"boxes\": [[11,/" p.jsonl
run -o cut --resume -r cut/report.json --json >cut.out
holds 'other prompts' test "$(field done cut.out)" -eq 1
cp "in/$(ls in | sed -n 2p)" "in/$(ls in | sed -n 3p)"
run -o cut --resume -r cut/report.json --json >cut.out
holds 'another image' test "$(field done cut.out)" -eq 1
run -o cut --resume -r cut/report.json --keep-largest --json >cut.out
holds 'other flags' test "$(field done cut.out)" -eq "$n"
run -o cut --resume -r cut/report.json --keep-largest --cache c --json >cut.out
holds 'but not a cache, which changes nothing' test "$(field skipped cut.out)" -eq "$n"
run -o cut --resume -r cut/report.json --keep-largest --cache c --cache-half --json >cut.out
holds 'half precision' test "$(field done cut.out)" -eq "$n"
voxpert segment -q -m "$shared/golden/sam/files/sam_bare_bf16.pth" -i in --prompts p.jsonl -o cut --resume \
    -r cut/report.json --keep-largest --json >cut.out
holds 'another model' test "$(field done cut.out)" -eq "$n"
run -o cut -r cut/report.json --keep-largest --json >cut.out
holds 'no --resume' test "$(field done cut.out)" -eq "$n"
printf 'half a line {"case' >>one/report.jsonl
run -o one --resume --json >one.out
holds 'a damaged report only costs its damage' test "$(field failed one.out)" -eq 0

# ---- Files beside the image: the voxels of a NIfTI pair
mkdir pairs
cp "$volume" pair.nii
echo '{"image": "a.hdr", "slice": "k:1", "objects": [{"boxes": [[1, 1, 3, 2]]}]}' >pairs.jsonl
head -c 348 pair.nii >pairs/a.hdr && tail -c +353 pair.nii >pairs/a.img
printf 'ni1\0' | dd of=pairs/a.hdr bs=1 seek=344 conv=notrunc 2>/dev/null
printf '\0\0\0\0' | dd of=pairs/a.hdr bs=1 seek=108 conv=notrunc 2>/dev/null
segment -i pairs --prompts pairs.jsonl -o paired --json >paired.out || exit 1
segment -i pairs --prompts pairs.jsonl -o paired --resume --json >paired.out || exit 1
holds 'a pair that is as it was is skipped' test "$(field skipped paired.out)" -eq 1
printf '\7' | dd of=pairs/a.img bs=1 seek=42 conv=notrunc 2>/dev/null
segment -i pairs --prompts pairs.jsonl -o paired --resume --json >paired.out || exit 1
holds 'other voxels under the same header are noticed' test "$(field done paired.out)" -eq 1

# ---- Cases that fail
cp in/"$first" bad.png
printf 'no picture' >in/broken.png
printf '{"image": "broken.png", "objects": [{"boxes": [[1,2,3,4]]}]}\n' >bad.jsonl
printf '{"image": "%s", "objects": [{"boxes": [[1,2,3000,4]]}]}\n' "$first" >>bad.jsonl
printf '{"image": "absent.png", "objects": [{"boxes": [[1,2,3,4]]}]}\n' >>bad.jsonl
cat p.jsonl | grep -v "$first" >>bad.jsonl
voxpert segment -m "$model" -i in -o skip --prompts bad.jsonl --progress none --json >skip.out 2>skip.err
holds 'some failed: exit code 1' test $? -eq 1
holds 'one JSON document is printed' test "$(grep -c '^{' skip.out)" -eq 1
holds 'the others are done' test "$(field done skip.out) $(field failed skip.out)" = "$((n - 1)) 3"
holds 'each failure is said' test "$(grep -c ' failed: ' skip.err)" -eq 3
holds 'the report has their codes' test "$(grep -c '"code":3' skip/report.jsonl)" -eq 3
segment -i in -o stop --prompts bad.jsonl --on-error stop --json >stop.out 2>stop.err
holds 'stopped: exit code 1' test $? -eq 1
holds '--on-error stop ends with the first' test "$(field done stop.out) $(field failed stop.out)" = '0 1'
segment -i in -o skip --prompts bad.jsonl --resume --json >skip.out 2>skip.err
holds 'failed cases are tried again' test "$(field failed skip.out) $(field skipped skip.out)" = "3 $((n - 1))"
rm in/broken.png
cp "in/$first" "in/${first%.png}.bmp"
printf '{"image": "%s", "objects": [{"boxes": [[1,2,3,4]]}]}\n' "${first%.png}.bmp" "$first" >same.jsonl
refused 3 'would both be written' segment -q -m "$model" -i in -o twice --prompts same.jsonl
rm "in/${first%.png}.bmp"

# ---- Names that are not UTF-8, which no JSON can hold
latin=$'m\xe9decin.png'
mkdir latin
cp "in/$first" latin/plain.png
cp "in/$first" "latin/$latin"
voxpert segment -m "$model" -i latin -o odd --everything --points-per-side 2 --progress none --json >odd.out 2>odd.err
holds 'a name that is not UTF-8 fails: exit code 1' test $? -eq 1
holds 'the other image is done' test "$(field done odd.out) $(field failed odd.out)" = '1 1'
holds 'one sentence says why' test "$(grep -ac ' failed: .* is not UTF-8' odd.err)" -eq 1
holds 'no prompts are missed under --everything' test "$(grep -ac 'prompts' odd.err)" -eq 0
holds 'it has no mask' test "$(ls odd/*.png)" = odd/plain.png
holds 'the report calls it failed' grep -q '"status":"failed".*"case":"m\\\\xE9decin.png"' odd/report.jsonl
segment -i latin -o odd --everything --points-per-side 2 --resume --json >odd.out
holds 'and again, when resumed' test "$(field skipped odd.out) $(field failed odd.out)" = '1 1'
voxpert segment --overwrite -m "$model" -i latin -o odd --everything --points-per-side 2 --on-error stop >odd.out 2>&1
holds '--on-error stop ends with it' grep -aq '2 images: 0 done, 0 skipped, 1 failed' odd.out
refused 3 'is not UTF-8' segment -q -m "$model" -i "latin/$latin" --box 10,10,60,60 -o odd/m.png --json
holds 'a single image too, and says so in JSON' grep -qF '"message": "latin/m\\xE9decin.png: ' .out
refused 3 'is not UTF-8' segment -q -m "$model" -i "latin/$latin" --box 10,10,60,60 -o odd/m.png -r odd/r.json
refused 6 'is not UTF-8' segment -q -m "$model" -i latin/plain.png --box 10,10,60,60 -o "odd/$latin" --json
holds 'nothing of it was written' test "$(ls odd/*.png)" = odd/plain.png
voxpert segment --overwrite -m "$model" -i "latin/$latin" --box 10,10,60,60 -o "odd/$latin" >odd.out
holds 'without a report any name will do' test -s "odd/$latin" -a -s odd.out
voxpert embed -m "$model" -i latin --cache kept --json >odd.out
holds 'embeddings of any name are counted' test "$(grep -c '"status": "done"' odd.out)" -eq 2

# ---- Everything, and progress
rm in/scan_0000.nii
voxpert segment -m "$model" -i in -o all --everything --points-per-side 3 --progress plain >all.out 2>all.err
holds 'everything in every image' test "$(ls all/*.png | wc -l)" -eq $((n - 1))
holds 'plain progress' grep -qE "^$((n - 1)) of $((n - 1)) images, .* a second, .* left" all.err
holds 'a summary' grep -q "$((n - 1)) images: $((n - 1)) done, 0 skipped, 0 failed, $((n - 1)) empty; all/report.jsonl" all.out
voxpert segment -m "$model" -i in -o all --everything --points-per-side 3 --progress json --resume 2>&1 >all.out | tail -n 1 >all.err
holds 'progress as JSON' grep -q "{\"done\": $((n - 1)), \"total\": $((n - 1)), \"unit\": \"images\"" all.err
if a_program script 'progress on a terminal'; then
    script -qec "'$VOXPERT' segment --overwrite -m '$model' -i in -o all --everything --points-per-side 3" /dev/null >all.err
    holds 'on a terminal a line that changes, with the time left' grep -qP '\r[0-9]+ of [0-9]+ images, .* left' all.err
fi
tail -n 3 p.jsonl | grep -v scan >few.jsonl
voxpert segment -m "$model" -i in -o few --prompts few.jsonl --json >few.out 2>few.err
holds 'images without prompts are said' grep -q "few.jsonl: has no prompts for $((n - 3)) images of in" few.err
holds 'and left alone' test "$(field images few.out)" -eq 2
segment -i in -o all --everything --points-per-side 3 >all.out 2>&1
holds '-q is quiet' test ! -s all.out
conclude
