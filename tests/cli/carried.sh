#!/usr/bin/env bash
# Whatever is made from a model says what the model said: its licence, its labels, what it was trained on;
# and cases that it was trained on test nothing, whichever verb wrote the file.
. tests/cli/_cli.sh
. tests/cli/_experts.sh
cd "$work" || exit 1
blood_cells 001 002 003 004
voxpert check -q cells --write-split parts.json || exit 1
sed 's/"part": "[a-z]*"/"part": "training"/' parts.json >learned.json
sed 's/"part": "[a-z]*"/"part": "test"/' parts.json >tested.json

tiny=(--batch 4 --warm-up 0 --steps 2 --threads 1 --validate-every 0 --quiet)
learn() { voxpert train --out "$@" "${tiny[@]}" || { echo "cannot train $1"; exit 1; }; }
learn whole --new tiny.json --data learned.json --licence 'CC-BY-4.0' --labels 'cell, nucleus' --training-data 'four pictures'
learn thin --recipe segmote -m "$base" --tokens 2 --experts 3 --rank 4 --data learned.json --licence 'CC-BY-4.0' \
    --labels 'cell, nucleus' --training-data 'four pictures'

# says KEY FILE: the metadata of a safetensors file
says() {
    tail -c +9 "$2" | head -c "$(od -An -N 8 -t u8 "$2" | tr -d ' ')" | sed 's/"__metadata__":{/&\n/; s/","/",\n"/g' |
        sed -nE "s/^\"$1\":\"(([^\"\\\\]|\\\\.)*)\".*/\1/p" | head -n 1
}
seen() { says split "$1" | sed 's/.*training//'; } # a digest of whole hashes is another than of their beginnings
# carries WHAT FILE BEFORE ARGUMENT...: what it states is what BEFORE states, and the cases are refused
carries() {
    local what=$1 file=$2 before=$3 key
    shift 3
    for key in licence labels; do
        holds "$what: $key" test "$(says $key "$file")" = "$(says $key "$before")" -a -n "$(says $key "$file")"
    done
    holds "$what: split" test "$(seen "$file")" = "$(seen "$before")" -a -n "$(seen "$file")"
    holds "$what: training_data" sh -c 'case $1 in *"four pictures"*) ;; *) exit 1 ;; esac' - "$(says training_data "$file")"
    refused 3 'was trained on 4 of the 4 cases of part "test"' evaluate -q -m "$file" "$@" --data tested.json --part test
    refused 3 'was trained on 4 of the 4 cases of part "test"' segment -q -m "$file" "$@" --data tested.json --part test -o no
}

# ---- A whole model
model=whole/model.safetensors
for type in f32 f16 bf16; do
    voxpert convert -q -m $model -o $type.safetensors --dtype $type || exit 1
    carries "convert --dtype $type" $type.safetensors $model
done
voxpert convert -q -m f16.safetensors -o twice.safetensors --preset sam || exit 1
carries 'convert twice' twice.safetensors $model
carries 'last' whole/last.safetensors $model
carries 'the training state' whole/state.safetensors $model
holds 'the state is prepared for as the model' test "$(says preprocess whole/state.safetensors)" = "$(says preprocess $model)"
voxpert convert -q -m whole/state.safetensors -o state.safetensors 2>surplus.err || exit 1
carries 'convert of the state' state.safetensors $model
holds 'but not that it can be resumed' test -z "$(says position state.safetensors)$(says recipe state.safetensors)"

# ---- An adapter
thin=thin/model.safetensors
voxpert convert -q -m $thin --base "$base" -o copy.safetensors || exit 1
carries 'convert of an adapter' copy.safetensors $thin --base "$base"
experts add -q -m copy.safetensors -o more.safetensors --name skin || exit 1
carries 'experts add' more.safetensors $thin --base "$base"
experts remove -q -m more.safetensors -o less.safetensors --expert skin || exit 1
carries 'experts remove' less.safetensors $thin --base "$base"
experts prune -q -m $thin --data cells --part all --tolerance 1 -o pruned.safetensors || exit 1
carries 'experts prune' pruned.safetensors $thin --base "$base"
carries 'the state of an adapter' thin/state.safetensors $thin --base "$base"

# ---- A model and what is trained on it
learn next -m f16.safetensors --shapes 4
carries 'training goes on' next/model.safetensors $model
learn over --recipe segmote -m f16.safetensors --tokens 2 --experts 3 --rank 4 --shapes 4
holds 'an adapter has the licence of its base' test "$(says licence over/model.safetensors)" = 'CC-BY-4.0'
refused 3 'was trained on 4 of the 4 cases of part "test"' evaluate -q -m over/model.safetensors --base f16.safetensors \
    --data tested.json --part test
voxpert train --out more -m f16.safetensors --data cells --licence MIT --training-data 'the same again' "${tiny[@]:0:8}" >/dev/null 2>more.err || exit 1
holds 'another licence than that before is told' grep -q 'licence "MIT" is written, but f16.safetensors.* states "CC-BY-4.0"' more.err
holds 'and written' test "$(says licence more/model.safetensors)" = MIT
holds 'what was before stays' test "$(says training_data more/model.safetensors)" = 'the same again; before: four pictures'
holds 'names of labels are joined' sh -c 'case $1 in *"cell, nucleus") ;; *) exit 1 ;; esac' - "$(says labels more/model.safetensors)"
conclude
