# Every small file of golden/segmote, with the best kernels.
. tests/golden/_folder.sh
exec "$GOLDEN" --brief $(files segmote '\.safetensors$' '^full_')
