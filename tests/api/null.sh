#!/usr/bin/env bash
# No public function crashes on a NULL, or fails without a sentence (null_calls.py).
set -u
command -v python3 >/dev/null || { echo 'python3 is missing'; exit 77; }
here=$PWD work=$(mktemp -d) flags=
trap 'rm -rf "$work"' EXIT
nm -D --undefined-only "$VOXPERT_LIBRARY" | grep -q __asan && flags='-fsanitize=address,undefined'
python3 tests/api/null_calls.py include/voxpert >"$work/calls.c" || exit 1
"$CC" -std=gnu17 -DVOXPERT_UNSTABLE $flags -I include -o "$work/calls" "$work/calls.c" "$VOXPERT_LIBRARY" \
    -Wl,-rpath,"$(dirname "$VOXPERT_LIBRARY")" || exit 1
cd "$work" && ASAN_OPTIONS=detect_leaks=0 ./calls
