#!/usr/bin/env bash
# A run that is killed and goes on gives the bytes of one that was not; refusals are sentences.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# tools/builtin.json, made small, whatever sizes it has
small=(image=32 vit.side=8 vit.patch=4 vit.dim=16 vit.depth=1 vit.heads=2 vit.hidden=32 vit.out=16
    prompt.dim=16 prompt.mask_width=4 decoder.transformer.dim=16 decoder.transformer.heads=2
    decoder.transformer.hidden=32 decoder.iou_hidden=16)
for pair in "${small[@]}"; do
    printf 's/"%s": [0-9]+/"%s": %s/\n' "${pair%=*}" "${pair%=*}" "${pair#*=}"
done >"$folder/small.sed"
echo 's/"vit.global": \[[^]]*\]/"vit.global": [0]/' >>"$folder/small.sed"
sed -E -f "$folder/small.sed" tools/builtin.json >"$folder/tiny.json"
for pair in "${small[@]}"; do
    grep -q "\"${pair%=*}\": ${pair#*=}[,}]*\$" "$folder/tiny.json" ||
        { echo "tools/builtin.json has no ${pair%=*}"; exit 1; }
done

recipe=(train --new "$folder/tiny.json" --shapes 6 --steps 120 --batch 4 --warm-up 4 --threads 1
    --validate-every 0 --checkpoint-minutes 0.0000001 --quiet)
train() { "$VOXPERT" "${recipe[@]}" "$@"; }

train --out "$folder/whole"

# begin NAME: in the background, until its first checkpoint
begin() {
    "$VOXPERT" "${recipe[@]:0:${#recipe[@]}-1}" --out "$folder/$1" >"$folder/$1.out" 2>"$folder/$1.err" & # no function: its process would not be the program
    process=$!
    while kill -0 "$process" 2>/dev/null && [ ! -e "$folder/$1/state.safetensors" ]; do
        sleep 0.01
    done
}

begin killed
kill -9 "$process" 2>/dev/null || true
if wait "$process" 2>/dev/null || [ -e "$folder/killed/last.safetensors" ]; then
    echo "the run ended before it was killed"
    exit 1
fi
train --out "$folder/killed" --resume

cmp "$folder/whole/last.safetensors" "$folder/killed/last.safetensors"
same() { grep -E '"(weights|recipe|steps|origin_sha256)": ' "$folder/$1/summary.json"; }
diff <(same whole) <(same killed)
for run in whole killed; do
    sed 's/, "seconds": [^}]*//' "$folder/$run/history.jsonl" >"$folder/$run.history"
done
diff "$folder/whole.history" "$folder/killed.history"

# A script's background job ignores SIGINT, and goes on; SIGTERM ends it with a checkpoint.
begin ignoring
kill -INT "$process"
wait "$process" || { echo "an ignored SIGINT ended the run"; exit 1; }
cmp "$folder/whole/last.safetensors" "$folder/ignoring/last.safetensors"

begin ended
kill -TERM "$process"
code=0
wait "$process" 2>/dev/null || code=$?
[ $code = 130 ] || { echo "SIGTERM: exit code $code, not 130"; exit 1; }
[ "$(grep -c "interrupted after [0-9]* steps\?; what it learned is in $folder/ended, and --resume goes on" "$folder/ended.err")" = 1 ] ||
    { echo "SIGTERM: no sentence of what is kept"; exit 1; }
! grep -q interrupted "$folder/ended.out" || { echo "SIGTERM: told twice"; exit 1; }
train --out "$folder/ended" --resume
cmp "$folder/whole/last.safetensors" "$folder/ended/last.safetensors"

"$VOXPERT" train --help >"$folder/help"
grep -q -- '--lr N .*\[default 0.0006; segmote 0.0001' <(tr -s '\n ' ' ' <"$folder/help") || { echo "no default of --lr"; exit 1; }
for setting in schedule step-at loss steps shapes zoom checkpoint-minutes; do
    grep -q -- "^      --$setting " "$folder/help" || { echo "--$setting is not told"; exit 1; }
done
[ "$(grep -c -- --threads "$folder/help")" = 1 ] || { echo "--threads is told twice"; exit 1; }

refused() {
    expected=$1 words=$2
    shift 2
    code=0
    "$VOXPERT" train "$@" 2>"$folder/said" || code=$?
    if [ "$code" != "$expected" ] || ! grep -q -- "$words" "$folder/said"; then
        echo "exit code $code, not $expected, or not about \"$words\": $*"
        cat "$folder/said"
        exit 1
    fi
}
refused 2 "--out is needed" --new "$folder/tiny.json"
refused 2 "either --model or --new" --new "$folder/tiny.json" -m built-in --out "$folder/x" --shapes 4
refused 2 "--lr must be a number" --new "$folder/tiny.json" --out "$folder/x" --lr fast
refused 6 "--resume" --new "$folder/tiny.json" --out "$folder/whole" --shapes 6
refused 2 "--time-limit" --new "$folder/tiny.json" --out "$folder/x" --time-limit soon
refused 3 "no object" --new "$folder/tiny.json" --out "$folder/x"
mkdir -p "$folder/lone/images" "$folder/lone/masks"
wbc=${VOXPERT_SHARED:-../shared}/data/2d/micro_wbc
if [ -r "$wbc/images/003.png" ]; then # a case named e is in a part that is kept
    cp "$wbc/images/003.png" "$folder/lone/images/e.png"
    cp "$wbc/masks/003.png" "$folder/lone/masks/e.png"
    refused 3 "are all in the validation and test parts; the option train" --new "$folder/tiny.json" \
        --out "$folder/x" --data "$folder/lone"
fi
refused 3 "no object in that part" -m "$folder/whole/model.safetensors" --measure test
refused 5 "more than the limit of 64 KiB" --new "$folder/tiny.json" --out "$folder/x" --shapes 4 \
    --max-memory 64K
[ ! -e "$folder/x" ] || { echo "a run that was refused left $folder/x"; exit 1; }
refused 4 "nowhere" -m "$folder/nowhere.pth" --out "$folder/x" --shapes 4
[ ! -e "$folder/x" ] || { echo "a model that was refused left $folder/x"; exit 1; }
mkdir "$folder/mine"
refused 4 "nowhere" -m "$folder/nowhere.pth" --out "$folder/mine" --shapes 4
[ -e "$folder/mine" ] || { echo "a folder that was there is gone"; exit 1; }
refused 3 "nowhere" --new "$folder/tiny.json" --out "$folder/x" --data "$folder/nowhere"
# A data set of another format than folder pairs, and a list of its cases.
sets=${VOXPERT_SHARED:-../shared}/golden/eval/datasets
if [ -d "$sets" ]; then
    small_run=(train --new "$folder/tiny.json" --steps 2 --batch 2 --warm-up 1 --validate-every 0
        --threads 1 --quiet)
    "$VOXPERT" "${small_run[@]}" --data "$sets/imis/WBC" --data "$sets/sam_med2d:weight=2" \
        --out "$folder/sets"
    printf '{"data": "%s", "cases": ["hippocampus_050"]}' \
        "$(cd "$sets" && pwd)/nnunet/nnUNet_raw/Dataset004_Hippocampus" >"$folder/list.json"
    "$VOXPERT" "${small_run[@]}" --data "$folder/list.json:slices=2:train" --out "$folder/listed"
    refused 3 "add the label, or take the image away" --new "$folder/tiny.json" --out "$folder/x" \
        --data "$sets/broken/missing_label:slices=2"
fi
refused 2 "no option of a data folder" --new "$folder/tiny.json" --out "$folder/x" \
    --data "$folder:weight=none"
# The built-in model has a name, and is the default.
builtin=(train --shapes 2 --steps 1 --batch 1 --warm-up 0 --validate-every 0 --quiet)
"$VOXPERT" "${builtin[@]}" -m built-in --out "$folder/named"
"$VOXPERT" "${builtin[@]}" --out "$folder/unnamed"
cmp "$folder/named/last.safetensors" "$folder/unnamed/last.safetensors"
report=$("$VOXPERT" "${builtin[@]}" --json --out "$folder/report")
case $report in *'"best": null'*) ;; *) echo "no validation, and best is not null: $report"; exit 1 ;; esac
# What is printed as needed is at least what the process had, and not much more; sanitizers need memory of their own.
needed() { sed -n "s/^  \"memory_$1_bytes\": \([0-9]*\).*/\1/p" "$folder/$2/summary.json"; }
if ! "$VOXPERT" info | grep -q sanitize; then
    "$VOXPERT" train --new "$folder/tiny.json" --shapes 24 --steps 12 --batch 4 --warm-up 2 --threads 2 \
        --validate-every 6 --quiet --out "$folder/needs"
    "$VOXPERT" train --shapes 4 --steps 2 --batch 2 --warm-up 1 --threads 1 --validate-every 0 --quiet \
        --out "$folder/built"
    "$VOXPERT" train --recipe segmote --shapes 4 --steps 2 --batch 2 --warm-up 1 --threads 2 --validate-every 0 \
        --quiet --out "$folder/experts"
    for run in needs built experts; do
        awk -v needed="$(needed needed $run)" -v peak="$(needed peak $run)" -v run=$run 'BEGIN {
            if (peak > 0 && needed >= peak && needed <= 1.15 * peak + 1048576) exit 0
            printf "%s: %.1f MiB are said to be needed, %.1f MiB were\n", run, needed / 1048576, peak / 1048576
            exit 1 }' || exit 1
    done
    refused 5 "more than the limit" --shapes 4 --steps 2 --batch 2 --out "$folder/x" \
        --max-memory $(($(needed peak built) / 1024 - 2048))K
fi
echo "killed and resumed: the same bytes"
