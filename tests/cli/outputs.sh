#!/usr/bin/env bash
# Every verb that writes, onto a full disk and onto a read-only one: exit code 6, one sentence with the
# system's reason, JSON, and nothing left behind; and a file that is there already stays as it is.
. tests/cli/_cli.sh
. tests/cli/_experts.sh
cd "$work" || exit 1
mkdir -p set/images set/masks in first
for i in 003 012 020; do
    cp "$shared/data/2d/micro_wbc/images/$i.png" set/images/
    cp "$shared/data/2d/micro_wbc/masks/$i.png" set/masks/
done
cp set/images/003.png set/images/012.png in/
voxpert evaluate -q -m "$model" --data set --clicks 1 -o first/clicks || exit 1
clicks=first/clicks/clicks.json image=(-i set/images/003.png --box 20,20,90,80)
maps=(-p set/masks -g set/masks) expert=(-m "$adapter" --base "$base")

# each DIR CALL: calls CALL VERB ARGUMENT... with each verb that writes into DIR
each() {
    local dir=$1 call=$2 flag
    $call segment "${image[@]}" -o "$dir/mask.png"
    for flag in logits:l.npy low-res:l.npy probability:p.png overlay:o.png rle:r.json report:r.json report:r.csv; do
        $call segment "${image[@]}" -o beside.png --"${flag%:*}" "$dir/${flag#*:}"
    done
    $call segment -i in -o "$dir/folder" --everything --points-per-side 3
    $call segment --data set -o "$dir/masks"
    $call embed -i in/003.png -o "$dir/e.safetensors"
    $call convert -m "$model" -o "$dir/c.safetensors"
    $call check set --quality -o "$dir/quality"
    $call check set --write-split "$dir/split.json"
    $call evaluate "${maps[@]}" -o "$dir/maps"
    $call evaluate -m "$model" --data set --clicks 1 -o "$dir/clicks"
    $call evaluate -p "$clicks" --compare "$clicks" -o "$dir/compared"
    $call stats -i set/images -s set/masks -o "$dir/areas.csv"
    $call experts route "${expert[@]}" -i in --prompt-free -o "$dir/figures"
    $call experts route "${expert[@]}" -i in --prompt-free --csv "$dir/tokens.csv"
    $call experts add "${expert[@]}" -o "$dir/a.safetensors" --name new
    $call experts remove "${expert[@]}" -o "$dir/r.safetensors" --expert 1
    $call experts prune "${expert[@]}" --data set --part all -o "$dir/p.safetensors" --tolerance 0
    $call train -m "$base" --shapes 4 --batch 2 --steps 1 --validate-every 0 --out "$dir/run" --progress none
}

# What is left of a folder run is its report, from which --resume goes on, and of training its history.
left() { find . -mindepth 1 ! -path './.*' ! -path './full/filled' ! -name report.jsonl ! -path './full/folder' ! -path './full/masks' ! -path './full/run*' | sort; }
fails_with() { # fails_with REASON VERB ARGUMENT...
    local reason=$1 before code
    shift
    before=$(left)
    voxpert "$@" --json >.out 2>.err </dev/null
    code=$?
    holds "$*: exit code 6" test $code -eq 6
    holds "$*: $reason" grep -q "$reason" .err
    holds "$*: JSON" grep -q '"code": 6' .out
    holds "$*: nothing is left" diff <(echo "$before") <(left)
}
on_full() { fails_with 'No space left on device' "$@"; }
on_read_only() { fails_with 'Read-only file system' "$@"; }
if small_disk full 64k 'a full disk'; then
    dd if=/dev/zero of=full/filled bs=4k 2>/dev/null
    each full on_full
    umount full
fi
if small_disk read_only 64k 'a read-only disk'; then
    mount -o remount,ro read_only
    each read_only on_read_only
    umount read_only
fi

# Each file that a verb writes, there before it begins
stays() { # stays VERB ARGUMENT...
    local file files code
    rm -rf there && mkdir there
    voxpert "$@" --json >.out 2>&1 </dev/null || { holds "$* can write" false && return; }
    files=$(find there -type f | grep -vE 'tfevents|history|split.json$' | sort) # of a run the model, its state and summary
    [ "$2" = set ] && files=$(find there -type f)
    for file in $files; do
        rm -rf there && mkdir -p "$(dirname "$file")" && echo precious >"$file"
        voxpert "$@" --json >.out 2>.err </dev/null
        code=$?
        holds "$*: $file is there, exit code 6" test $code -eq 6
        holds "$*: $file stays" grep -qx precious "$file"
        holds "$*: nothing else" test "$(find there -type f)" = "$file"
    done
    rm -f beside.png
}
each there stays

# A model beside which there is no state of a run is kept, where --resume was said
mkdir kept && echo precious >kept/model.safetensors
voxpert train -m "$base" --shapes 4 --batch 2 --steps 1 --validate-every 0 --out kept --progress none --resume >.out 2>.err
holds '--resume without a state begins anew' test -s kept/state.safetensors
holds 'keeps the model that was there' grep -qx precious kept/model.safetensors.before
holds 'and reports it' grep -q 'it is kept as kept/model.safetensors.before' .err
conclude
