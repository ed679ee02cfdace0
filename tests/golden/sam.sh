# Every small file of golden/sam, with the best kernels.
. tests/golden/_folder.sh
exec "$GOLDEN" --brief $(files sam '\.safetensors$' "$full_size")
