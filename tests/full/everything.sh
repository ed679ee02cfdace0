#!/usr/bin/env bash
# Everything mode with the built-in model and default flags on nuclei that it did not learn from: of those
# that its card counts, at least 60 % are found at an IoU of 0.5 (measured: see models/README.md).
. tests/cli/_cli.sh
command -v python3 >/dev/null || { echo 'skipped: there is no python3'; exit 77; }
experiments/everything/measure "$shared/data/2d/micro_nuclei" "$work/found" --program "$VOXPERT" >"$work/figures" || exit 1
cat "$work/figures"
share() { sed -n "s/^$1 .*: \([01]\)\.\([0-9]*\)$/\1\2/p" "$work/figures"; } # in thousandths
holds '60 % of the nuclei are found' test "$((10#$(share large)))" -ge 600
holds 'and 35 % of the masks are nuclei' test "$((10#$(share masks)))" -ge 350
conclude
