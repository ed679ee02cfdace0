#!/usr/bin/env bash
# A run that is killed and goes on gives the bytes of one that was not; refusals are sentences.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

sed -e 's/"image": 256/"image": 32/' -e 's/"vit.side": 16/"vit.side": 8/' \
    -e 's/"vit.patch": 16/"vit.patch": 4/' -e 's/"vit.dim": 192/"vit.dim": 16/' \
    -e 's/"vit.depth": 6/"vit.depth": 1/' -e 's/"vit.heads": 6/"vit.heads": 2/' \
    -e 's/"vit.hidden": 768/"vit.hidden": 32/' -e 's/\[0, 1, 2, 3, 4, 5\]/[0]/' \
    -e 's/: 128/: 16/' -e 's/: 512/: 32/' -e 's/transformer.heads": 8/transformer.heads": 2/' \
    tools/builtin.json >"$folder/tiny.json"

train() {
    "$VOXPERT" train --new "$folder/tiny.json" --shapes 6 --steps 40 --batch 4 --warm-up 4 \
        --validate-every 0 --checkpoint-minutes 0.0000001 --quiet "$@"
}

train --out "$folder/whole"

train --out "$folder/killed" &
run=$!
for _ in $(seq 200); do
    [ ! -e "$folder/killed/state.safetensors" ] || break
    sleep 0.05
done
kill -9 "$run" 2>/dev/null || true
wait "$run" 2>/dev/null && echo "the run ended before it was killed"
train --out "$folder/killed" --resume

for file in last.safetensors summary.json; do
    cmp "$folder/whole/$file" "$folder/killed/$file"
done
for run in whole killed; do
    sed 's/, "seconds": [^}]*//' "$folder/$run/history.jsonl" >"$folder/$run.history"
done
diff "$folder/whole.history" "$folder/killed.history"

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
refused 2 "either --model or --new" --out "$folder/x" --shapes 4
refused 2 "--lr must be a number" --new "$folder/tiny.json" --out "$folder/x" --lr fast
refused 2 "--resume" --new "$folder/tiny.json" --out "$folder/whole" --shapes 6
refused 2 "--time-limit" --new "$folder/tiny.json" --out "$folder/x" --time-limit soon
refused 3 "no object" --new "$folder/tiny.json" --out "$folder/x"
refused 3 "nowhere" --new "$folder/tiny.json" --out "$folder/x" --data "$folder/nowhere"
echo "killed and resumed: the same bytes"
