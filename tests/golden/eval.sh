# Metrics, distances, statistics, quality: every value of golden/eval.
. tests/golden/_folder.sh
exec "$GOLDEN" "$shared/golden/eval"
