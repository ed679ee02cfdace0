# Metrics, distances, statistics, quality: every value of golden/eval.
. tests/golden/_folder.sh
$whole && exec "$GOLDEN" "$shared/golden/eval"
echo 'skipped: quality.json: its pictures are in the whole shared folder only'
parts=$("$GOLDEN" "$shared/golden/eval" 2>&1 | grep -E '^[a-z_]+\.json: [1-9][0-9]* results' | grep -v '^quality')
echo "$parts"
[ "$(grep -c ' results, 0 failed' <<<"$parts")" -eq 7 ]
