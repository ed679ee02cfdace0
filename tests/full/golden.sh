# Models of the published sizes, with the best kernels.
. tests/golden/_folder.sh
$whole || { echo "skipped: golden files of the published sizes are in the whole shared folder only"; exit 77; }
exec "$GOLDEN" --brief $(files sam "$full_size" '\.tensors$|predictor|automask') \
    $(files segmote '^full_.*\.safetensors$')
