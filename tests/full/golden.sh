# Models of the published sizes, with the best kernels.
. tests/golden/_folder.sh
exec "$GOLDEN" --brief $(sam_files "$full_size" '\.tensors$|predictor|automask')
