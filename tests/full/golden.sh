# Models of the published sizes, with the best kernels.
. tests/golden/_folder.sh
exec "$GOLDEN" --brief $(files sam "$full_size" '\.tensors$|predictor|automask') \
    $(files segmote '^full_.*\.safetensors$')
