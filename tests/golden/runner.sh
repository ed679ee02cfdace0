# What the golden runner must not let pass, and how it says so.
. tests/golden/_folder.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0
good=$shared/golden/sam/tinyvit_mbconv.safetensors
cp "$shared"/golden/sam/tinyvit_mbconv.tensors "$work"
bad=$work/bad.safetensors

# expect STATUS TEXT ARGUMENT...
expect() {
    local status=$1 text=$2
    shift 2
    local said
    said=$("$GOLDEN" "$@" 2>&1)
    local got=$?
    if [ $got -ne "$status" ] || ! grep -qF -- "$text" <<< "$said"; then
        echo "golden $*: exit $got instead of $status, or no \"$text\" in:"
        echo "$said"
        failed=1
    fi
}

expect 0 'all ok' "$good"
expect 0 'all ok' --precision f32 "$good"
expect 2 'no such precision: f16' --precision f16 "$good"
expect 2 'no such option: --fast' --fast "$good"
expect 2 'no files'
VOXPERT_CPU=abacus expect 2 'no such kernels here: VOXPERT_CPU=abacus' "$good"
expect 1 'No such file' "$work/absent.safetensors"
expect 1 'holds no golden files' "$work"

sed 's/tinyvit\.unit/tinyvit.euro/' "$good" > "$bad"
expect 1 'kind tinyvit.euro is not known' "$bad"
sed 's/out\.y/out.z/g' "$good" > "$bad"
expect 1 'out.z: nothing computes it' "$bad"
sed 's/expand\\": 4/expand\\": 5/' "$good" > "$bad"
expect 1 'does not fit the model' "$bad"
sed 's/tinyvit_mbconv\.tensors/tinyvit_mbconw.tensors/' "$good" > "$bad"
expect 1 'listing tinyvit_mbconw.tensors' "$bad"
{ head -c -4 "$good"; printf '\0\0\200\77'; } > "$bad" # its last value is 1 now
expect 1 'FAIL out.y' "$bad"
{ head -c -4 "$good"; printf '\0\0\300\177'; } > "$bad" # and NaN here
expect 1 'FAIL out.y' "$bad"
head -c -4 "$good" > "$bad"
expect 1 'FAIL' "$bad"

# A changed number, a key that nothing knows, and files that are missing.
mkdir "$work/eval"
sed 's/"edt": \[5.0,/"edt": [5.1,/' "$shared/golden/eval/edt.json" > "$work/eval/edt.json"
sed 's/"mean_a"/"mean_of_a"/' "$shared/golden/eval/statistics.json" > "$work/eval/statistics.json"
echo '{}' > "$work/eval/other.json"
expect 1 'edt.json: 9 results, 1 failed' "$work/eval"
expect 1 'FAIL: nothing computes it' "$work/eval"
expect 1 'quality.json: 1 results, 1 failed' "$work/eval"
expect 1 'other.json: not run' "$work/eval"

# A data set that holds something else, a finding that nobody makes, and so one too many.
ln -s "$(cd "$shared" && pwd)/golden/eval/datasets" "$work/eval/datasets"
sed 's/"pixels": 3261/"pixels": 3262/; s/"value": 7/"value": 8/; s/numTraining equals/numTraining is/' \
    "$shared/golden/eval/datasets.json" > "$work/eval/datasets.json"
expect 1 'datasets.json: 261 results, 4 failed' "$work/eval"
exit $failed
