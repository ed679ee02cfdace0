# What is right where new users met something else: the findings of a first use that are due, by number.
# The pictures are those of $VOXPERT_SHARED/data; without it these facts are skipped, and that is printed.

sets=${VOXPERT_SHARED:-/nowhere}/data
if ! [ -d "$sets/2d" ]; then
    echo "skipped: the findings of a first use need \$VOXPERT_SHARED/data"
    [ "${tables[*]}" != first_use ] || exit 77
    return
fi


# finding N WORDS: the facts that follow are about it, and run in a fresh folder
finding() {
    case="finding $1: $2"
    rm -rf "$cases/first-use" && mkdir -p "$cases/first-use" && cd "$cases/first-use" || exit 1
}

# states TEXT COMMAND...: the fact is that the command succeeds; what it prints is shown
states() {
    local text=$1 got
    shift
    got=$("$@" 2>&1 </dev/null)
    fact "$([ $? -eq 0 ] && echo ok || echo -)" "$(tr '\t\n' '  ' <<<"$got" | sed "s|$cases/first-use/||g; s|$cases||g" | cut -c 1-150)" "$text"
}

# pictures SET N NAME: a copy of the first N pictures and masks of that set, as a folder NAME
pictures() {
    local file
    mkdir -p "$3/images" "$3/masks"
    for file in $(find "$sets/2d/$1/images" -type f | sort | head -n "$2"); do
        cp "$file" "$3/images"
        cp "$sets/2d/$1/masks/$(basename "${file%.*}")".* "$3/masks"
    done
    chmod -R u+w "$3"
}

# parts DIR: each case with its part
parts() {
    "$PROGRAM" check --list --json "$1" 2>/dev/null |
        tr -d ' \n' | grep -oE '"name":"[^"]*"[^{}]*"part":"[a-z]*"' | sed -E 's/"name":"([^"]*)".*"part":"([a-z]*)"/\1 \2/' | sort
}

# trained DIR [FLAG...]: a run of two steps on a small model, in run/
trained() {
    "$PROGRAM" train -m "$builtin" --data "$1" --out run --steps 2 --batch 1 --threads 1 --train 'mask_decoder.*' \
        --progress plain "${@:2}" >train.out 2>train.err </dev/null
}

if chosen 'finding 1'; then
    finding 1 'splits belong to cases'
    pictures micro_wbc 24 cells
    cp -r cells skin
    same_parts() { parts cells >a && parts skin >b && [ -s a ] && diff a b | grep -c '^<' | sed 's/$/ of the cases have another part/'; cmp -s a b; }
    states 'a renamed folder has the same parts' same_parts
    moved() { rm -rf run && trained cells && "$PROGRAM" evaluate -m run/model.safetensors --data skin --part test --clicks 1 --progress none 2>&1; }
    same_test() { moved && ! grep -qi 'trained' <<<"$(moved)"; }
    states 'the test part of the renamed folder was not trained on' same_test
    mixed() {
        mkdir -p mixed/images mixed/masks
        for name in $(parts cells | awk '$2 == "training" { print $1 }' | head -n 6); do
            cp cells/images/"${name##*/}".* mixed/images && cp cells/masks/"${name##*/}".* mixed/masks
        done
        printf 'stem,group\n' >mixed/groups.csv
        for file in mixed/images/*; do file=${file##*/}; echo "${file%.*},x${file%.*}" >>mixed/groups.csv; done
        ls mixed/images | wc -l
        "$PROGRAM" evaluate -m run/model.safetensors --data mixed --clicks 1 --progress none 2>&1 >/dev/null | grep -i 'train'
    }
    states 'evaluate warns of cases that the model trained on' mixed
    write_split() { "$PROGRAM" check cells --write-split split.json && [ -s split.json ]; }
    states 'check --write-split writes it down' write_split
    states 'the run folder holds its split' sh -c 'grep -l "sha256\|content\|digest" run/split* run/*split*'
    states 'help of check says what the split hashes' sh -c "\"$PROGRAM\" help check | grep -iE 'split|groups.csv'"
fi

if chosen 'finding 2'; then
    finding 2 'what segment writes, evaluate takes'
    pictures micro_wbc 2 cells
    mkdir labels
    "$PROGRAM" segment -i cells/images -o masks --everything --points-per-side 2 --pred-iou-thresh 0.1 \
        --stability-score-thresh 0.1 -q </dev/null >/dev/null 2>&1
    about 20-evaluate-0-1-against-0-255
    case='finding 2: what segment writes, evaluate takes'
    number 1 Dice evaluate -p pred -g gt
    warned '255 & 1' evaluate -p pred -g gt
    cd ../37-boxes-as-people-give-them || exit 1
    value_one() { "$PROGRAM" segment -i scan.png --box 38,14,77,51 -o one.png --value 1 --progress none && "$PROGRAM" info one.png | grep -E 'range.*\[0.0, 1.0\]'; }
    states 'segment --value 1 writes 0 and 1' value_one
    one_is_evaluated() { "$PROGRAM" evaluate -p one.png -g one.png --progress none | grep 'Dice 1'; }
    states 'and evaluate takes it' one_is_evaluated
fi

if chosen 'finding 3'; then
    finding 3 'no millimetres where the spacing is unknown'
    pictures micro_wbc 2 cells
    table_header() { "$PROGRAM" stats -i cells/images -s cells/masks -o areas.csv --progress none && head -n 2 areas.csv; }
    no_volume() { table_header && ! grep -qE '[0-9],[0-9.]+,0\.[0-9]+,' <(sed -n 2p areas.csv | cut -d, -f 5-7) && head -n 1 areas.csv | grep -qi 'pixel\|_px'; }
    states 'stats of a PNG gives pixels, no millilitres' no_volume
    spaced() { "$PROGRAM" stats -i cells/images -s cells/masks -o spaced.csv --spacing 0.1,0.1 --progress none && head -n 1 spaced.csv | grep 'mm2'; }
    states 'stats --spacing 0.1,0.1 gives square millimetres' spaced
    in_pixels() { "$PROGRAM" evaluate -p cells/masks -g cells/masks -o report --progress none | grep -v ' 2mm' && ! grep -qi '2mm' report/cases.csv; }
    states 'evaluate of PNGs names pixels' in_pixels
fi

if chosen 'finding 4'; then
    finding 4 'a model and its base are compared in one view'
    pictures micro_wbc 3 cells
    protocol() { "$PROGRAM" evaluate --data cells --clicks 1 --progress none 2>&1 | head -n 1 | grep -iE 'crop|zoom|whole'; }
    states 'the first line of evaluate says the view in words' protocol
fi

if chosen 'finding 5'; then
    finding 5 'quality does not depend on how values are stored'
    python3 - "$cases/first-use" <<'PYTHON'
import struct, sys, os
root = sys.argv[1]
for d in ("imagesTr", "labelsTr"):
    os.makedirs(f"{root}/set/{d}")
open(f"{root}/set/dataset.json", "w").write('{"channel_names": {"0": "MR"}, "labels": {"background": 0, "a": 1}, "numTraining": 4, "file_ending": ".nii"}')
def nifti(path, code, bits, data):
    h = bytearray(352)
    struct.pack_into("<i", h, 0, 348)
    struct.pack_into("<8h", h, 40, 3, 32, 32, 4, 1, 1, 1, 1)
    struct.pack_into("<2h", h, 70, code, bits)
    struct.pack_into("<4f", h, 76, 1, 1, 1, 1)
    struct.pack_into("<f", h, 108, 352)
    struct.pack_into("<h", h, 254, 1)
    struct.pack_into("<12f", h, 280, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
    h[344:348] = b"n+1\0"
    open(path, "wb").write(bytes(h) + data)
values = [(x * 7 + y * 13 + z * 29 + (x ^ y) * 5) % 60 + 1 for z in range(4) for y in range(32) for x in range(32)]
label = bytes(1 if 8 <= x < 24 and 8 <= y < 24 else 0 for z in range(4) for y in range(32) for x in range(32))
for i, (code, bits, kind) in enumerate(((2, 8, "B"), (16, 32, "f"), (4, 16, "h"), (64, 64, "d"))):
    nifti(f"{root}/set/imagesTr/c{i}_0000.nii", code, bits, struct.pack(f"<{len(values)}{kind}", *values))
    nifti(f"{root}/set/labelsTr/c{i}.nii", 2, 8, label)
PYTHON
    same_quality() { "$PROGRAM" check set --quality -o quality -q; cut -d, -f 3-6 quality/quality.csv | sed 1d | sort | uniq -c; [ "$(cut -d, -f 3-6 quality/quality.csv | sed 1d | sort -u | wc -l)" -eq 1 ]; }
    states 'one picture stored as four sample types has one sharpness' same_quality
fi

if chosen 'finding 8'; then
    finding 8 'a model on a data set in one command'
    pictures micro_wbc 12 cells
    one_command() { "$PROGRAM" segment --data cells --part test --simulate box -o predictions --progress none 2>&1 && find predictions -name '*.png' | grep .; }
    states 'segment --data DIR --part test --simulate box' one_command
    clicked() { "$PROGRAM" segment --data cells --part test --simulate clicks:2 -o clicked --progress none 2>&1 && find clicked -name '*.png' | grep .; }
    states 'segment --data DIR --part test --simulate clicks:2' clicked
    measured() { "$PROGRAM" evaluate -m built-in --data cells --part test -o report --progress none 2>&1 && grep -il hd95 report/*.md; }
    states 'evaluate -m MODEL --data DIR --part test: every metric' measured
    compared() { "$PROGRAM" evaluate -m built-in --data cells --part test --compare "$builtin" -o compared --progress none 2>&1 && find compared -name '*.tex' | grep . && grep -l 'p' compared/*.md; }
    states 'evaluate --compare MODEL: p-values, and a table in LaTeX' compared
fi

if chosen 'finding 9'; then
    finding 9 'training shows its progress from the first second'
    pictures micro_wbc 6 cells
    head_of_run() { trained cells; cat train.err train.out | head -n 8; cat train.err train.out | head -n 20 | grep -qiE 'parameters' && cat train.err train.out | head -n 20 | grep -q 'run'; }
    states 'what is trained on, parameters and folder come first' head_of_run
    phase() { rm -rf run; "$PROGRAM" train --recipe segmote -m "$builtin" --data cells --out run --steps 1 --progress plain 2>&1 | grep -iE 'encod|embed' | head -n 2 | grep .; }
    states 'encoding is a phase with progress' phase
fi

if chosen 'finding 10'; then
    finding 10 'everything mode finds things with the built-in model'
    for set in ct_liver micro_nuclei derm_ph2 micro_wbc; do
        picture=$(find "$sets/2d/$set/images" -type f | sort | head -n 1)
        some() { "$PROGRAM" segment -i "$picture" --everything -o m.png --progress none 2>&1; }
        found_some() { local said; said=$(some | head -n 3); echo "$said"; ! grep -q 'nothing was found' <<<"$said"; }
        rm -f m.png
        states "a picture of $set: some masks with default flags" found_some
    done
    mkdir dark && cp "$cases/40-extreme-sizes/black.png" dark/one.png && cp "$cases/40-extreme-sizes/black.png" dark/two.png
    counted() { "$PROGRAM" segment -i dark -o masks --everything --points-per-side 2 --progress none 2>&1 | tail -n 1 | grep -i 'empty'; }
    states 'a folder run counts what is empty' counted
    named() { rm -rf masks; "$PROGRAM" segment -i dark -o masks --everything --points-per-side 2 --progress none 2>&1 | grep 'nothing' | head -n 2 | grep -E 'one|two'; }
    states 'a warning of a folder run names the image' named
fi

if chosen 'finding 11'; then
    finding 11 'prompts and reports as CSV'
    mkdir scans && cp "$cases/37-boxes-as-people-give-them/scan.png" scans/scan.png
    printf 'image,x0,y0,x1,y1\nscan.png,38,14,77,51\n' >boxes.csv
    printf '\357\273\277image,x0,y0,x1,y1,label\r\nscan.png,38,14,77,51,lesion\r\n' >windows.csv
    for file in boxes.csv windows.csv; do
        from_csv() { rm -rf masks && "$PROGRAM" segment -i scans -o masks --prompts $file --progress none 2>&1 && ls masks; }
        states "segment --prompts $file" from_csv
    done
    as_csv() { rm -rf masks && "$PROGRAM" segment -i scans -o masks --prompts boxes.csv --report areas.csv --progress none 2>&1 && head -n 1 areas.csv; }
    states 'segment --report areas.csv' as_csv
fi

if chosen 'finding 12'; then
    finding 12 'DICOM is recognized, and the way to NIfTI told'
    mkdir series && cp "$cases/04-other-format-under-a-usual-name/ct.dcm" series
    dicom_folder() { "$PROGRAM" segment -i series -o masks --everything 2>&1 | grep -i 'dicom'; }
    states 'a folder of DICOM files: says so' dicom_folder
    states 'the manual page names DICOM' grep -c DICOM "$here/../../docs/voxpert.1"
    states 'README names DICOM' grep -c DICOM "$here/../../README.md"
fi

if chosen 'finding 13'; then
    finding 13 'the built-in model has a name in every verb'
    pictures micro_wbc 8 cells
    cp "$cases/37-boxes-as-people-give-them/scan.png" .
    prints 'sam' info built-in
    quiet segment -m built-in -i scan.png --box 38,14,77,51 -o m.png
    quiet embed -m built-in -i scan.png -o e.safetensors
    quiet convert -m built-in -o copy.safetensors
    quiet evaluate -m built-in --data cells --clicks 1
    begun() { "$PROGRAM" train -m built-in --data cells --out run --steps 1 --batch 1 --train 'mask_decoder.*' --progress none 2>&1; [ -f run/model.safetensors ]; }
    states 'train -m built-in' begun
    by_default() { "$PROGRAM" train --measure test --data cells --progress none 2>&1 | tail -n 3; [ "${PIPESTATUS[0]}" -eq 0 ]; }
    states 'train --measure test without a model: the built-in one' by_default
fi

if chosen 'finding 14'; then
    finding 14 'defaults, and what a run used, are written'
    pictures micro_wbc 6 cells
    defaults() { local n all; all=$("$PROGRAM" help train | grep -cE '^ +--[a-z0-9-]+ (N|X|RATE|T)\b'); n=$("$PROGRAM" help train | grep -ciE 'default|\([0-9.e-]+\)'); echo "$n lines with a default, $all flags with a number"; [ "$n" -ge "$all" ]; }
    states 'help of train states the default of every number' defaults
    summary() { trained cells --seed 5 && tr -d ' \n' <run/summary.json | cut -c 1-400 && for key in seed version data threads split; do grep -qi "\"[a-z_]*$key[a-z_]*\"" run/summary.json || { echo " no $key"; return 1; }; done; }
    states 'summary.json holds settings, data, split, seed, version' summary
    card() { "$PROGRAM" info run/model.safetensors | grep -iE 'licen|training|labels'; "$PROGRAM" info run/model.safetensors | grep -iE '^training.*cells'; }
    states 'the model says what it was trained on' card
fi

if chosen 'finding 15'; then
    finding 15 'README prints what the program prints'
    states 'tools/check-readme compares numbers' sh -c "! grep -q 'Numbers may differ' '$here/../../tools/check-readme'"
fi

if chosen 'finding 16'; then
    finding 16 'a full disk ends the run and says so'
    mkdir clinic small
    for i in 1 2 3 4 5 6; do cp "$cases/40-extreme-sizes/3x2000.png" clinic/$i.png; done
    cp "$cases/37-boxes-as-people-give-them/scan.png" clinic/0.png
    if mount -t tmpfs -o size=8k tmpfs small 2>/dev/null; then
        full() { "$PROGRAM" segment -i clinic -o small/m --everything --points-per-side 2 --pred-iou-thresh 0 --stability-score-thresh 0 --overlay small/o --progress none 2>&1 >/dev/null; }
        full_run() { local said; said=$(full); local code=$?; echo "exit $code: $said"; [ $code -eq 6 ] && [ "$(grep -c 'No space left' <<<"$said")" -eq 1 ]; }
        states 'segment of a folder: No space left on device, once, exit 6' full_run
        umount small
    else
        echo "skipped: finding 16 needs the right to mount a small file system"
    fi
fi

if chosen 'finding 17'; then
    finding 17 'stats pairs what pairs and lists the rest'
    pictures micro_wbc 4 cells
    rm cells/images/"$(ls cells/images | head -n 1)"
    more_masks() { "$PROGRAM" stats -i cells/images -s cells/masks -o areas.csv --progress none 2>&1; local code=$?; echo "exit $code, $(wc -l <areas.csv) lines"; [ $code -eq 1 ] && [ "$(wc -l <areas.csv)" -gt 3 ]; }
    states 'one mask too many: the table, and exit 1' more_masks
    rm cells/masks/*.png && pictures micro_wbc 4 cells && rm -f cells/masks/"$(ls cells/masks | tail -n 1)" areas.csv
    fewer_masks() { "$PROGRAM" stats -i cells/images -s cells/masks -o areas.csv --progress none 2>&1; local code=$?; echo "exit $code"; [ $code -eq 1 ] && [ -s areas.csv ]; }
    states 'one mask too few: the table, and exit 1' fewer_masks
fi

if chosen 'finding 18'; then
    finding 18 'one rule against overwriting'
    mkdir scans && cp "$cases/37-boxes-as-people-give-them/scan.png" scans/scan.png
    printf '{"image": "scan.png", "objects": [{"boxes": [[38, 14, 77, 51]]}]}\n' >p.jsonl
    "$PROGRAM" segment -i scans -o masks --prompts p.jsonl -q </dev/null
    refused '[26]' 'overwrite|resume' segment -i scans -o masks --prompts p.jsonl
    quiet segment -i scans -o masks --prompts p.jsonl --overwrite
    quiet segment -i scans -o masks --prompts p.jsonl --resume
    "$PROGRAM" stats -i scans/scan.png -s masks/scan.png -o s.csv -q </dev/null
    refused '[26]' 'overwrite' stats -i scans/scan.png -s masks/scan.png -o s.csv
    cp "$builtin" copy.safetensors
    refused '[26]' 'overwrite' convert -m "$builtin" -o copy.safetensors
fi

if chosen 'finding 21'; then
    finding 21 'a point without a sign is inside'
    cp "$cases/37-boxes-as-people-give-them/scan.png" .
    plus() { "$PROGRAM" segment -i scan.png --point 57,32:+ -o a.png -q && "$PROGRAM" segment -i scan.png --point 57,32 -o b.png -q && cmp a.png b.png; }
    states 'segment --point 57,32' plus
fi

if chosen 'finding 22'; then
    finding 22 'zero threads, and swapped corners'
    cp "$cases/37-boxes-as-people-give-them/scan.png" .
    quiet segment -i scan.png --box 38,14,77,51 --threads 0 -o m.png
    told 'swapped' segment -i scan.png --box 77,51,38,14 -o n.png
fi

if chosen 'finding 23'; then
    finding 23 'a box under two pixels'
    cp "$cases/37-boxes-as-people-give-them/scan.png" .
    warned '2 pixels|two pixels|smaller' segment -i scan.png --box 0.1,0.2,0.5,0.6 -o m.png
    warned '2 pixels|two pixels|smaller' segment -i scan.png --box 3,3,4,4 -o n.png
fi

if chosen 'finding 24'; then
    finding 24 'messages name only what exists'
    pictures micro_wbc 6 cells
    stopped() {
        env --default-signal=INT timeout -s KILL 300 "$PROGRAM" train -m "$builtin" --data cells --out run \
            --steps 100000 --threads 1 --progress plain >out 2>&1 </dev/null &
        local pid=$!
        until grep -qE 'step|encod|embed' out || ! kill -0 $pid 2>/dev/null; do sleep 0.1; done
        pkill -INT -P $pid
        wait $pid
        local code=$? file
        tail -n 3 out
        for file in $(grep -oE 'run/[a-z._/]*[a-z]' out | sort -u); do [ -e "$file" ] || { echo "$file is not there"; return 1; }; done
        [ $code -eq 130 ]
    }
    states 'an interrupted training names only files that are there' stopped
fi

if chosen 'finding 25'; then
    finding 25 'one true reason for a missing figure'
    pictures micro_wbc 3 cells
    reasons() { local said; said=$("$PROGRAM" evaluate -p cells/masks -g cells/masks -o report --progress none 2>&1 | grep -iE 'figure|gnuplot|png'); echo "$said"; ! grep -q 'gnuplot is not installed, or' <<<"$said"; }
    states 'evaluate: gnuplot is missing, or a figure needs more' reasons
fi
