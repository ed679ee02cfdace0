# The folders of ordinary image files, each by its own function.
. tests/golden/_folder.sh
exec "$GOLDEN" "$shared/golden/image"
