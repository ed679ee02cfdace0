#!/usr/bin/env bash
# The experiments' own scripts on two real sets and 150 steps: pictures, training, measures, routing, tables.
# Seen with avx512 (means of the sets; experts, unified expert, decoder): box 84.2 -> 84.1, 86.4, 87.3;
# one click 57.7 -> 63.8, 65.7, 71.0; no prompt 53.7 and 55.6.
. tests/cli/_cli.sh
$whole || { echo "skipped: the sets of the experiment are in the whole shared folder only"; exit 77; }
command -v python3 >/dev/null || { echo 'skipped: there is no python3'; exit 77; }
out=$work/experiments
SEEDS=1 SMALL=1 STEPS=150 experiments/segmote/run "$shared/data" "$out" base a f >"$work/log" 2>&1 || { tail -n 5 "$work/log"; exit 1; }
experiments/segmote/table "$out" --figures "$work/figures" >"$work/tables" 2>"$work/err" || { tail -n 5 "$work/err"; exit 1; }

# mean RUN WAY: of the sets' Dice at its first prompt, in thousandths; nothing if the table lacks it
mean() {
    local figure
    figure=$(sed -n "/^## $2/,/^## /s/^| mean of the sets |[^|]*| \([01]\)\.\([0-9]*\).*/\1\2/p" "$out/$1/learned/clicks.md")
    [ -z "$figure" ] || echo "$((10#$figure))"
}

# above RUN MARGIN WAY: the run's mean is over that of the frozen base by more than MARGIN thousandths
above() {
    local ours base
    ours=$(mean "$1" "$3") base=$(mean base "$3")
    [ -n "$ours" ] && [ -n "$base" ] && [ "$ours" -gt $((base + $2)) ]
}

for run in segmote unified decoder; do
    holds "$run is better with one click than the frozen base" above $run-1 30 'clicks alone'
    holds "$run loses nothing with a box" above $run-1 -10 'box then'
done
free=$(mean segmote-1 'the whole foreground')
holds 'segmote finds the foreground without a prompt' test "${free:-0}" -gt 400
routed=$out/segmote-1/routed/tokens.csv
pictures=$(find "$out/pictures" -type l | wc -l)
holds 'every token of every picture is routed' test "$(wc -l <"$routed")" -eq $((1 + 8 * pictures))
holds 'to more than one expert in each layer' \
    test "$(tail -n +2 "$routed" | cut -d, -f3,14 | sort -u | cut -d, -f1 | uniq -c | awk '$1 > 1' | wc -l)" -eq 2
holds 'its matrix is drawn' test -s "$out/segmote-1/routed/matrix.png"
holds 'tables of both parts' test "$(grep -c '^### [af],' "$work/tables")" -eq 3
holds 'figures' test -s "$work/figures/segmote-differences.png" -a -s "$work/figures/segmote-routing.png"
conclude
