#!/usr/bin/env bash
# The mask in one call: nearly the ellipse that was drawn.
set -eu
fail() { echo "$1" >&2; exit 1; }
"$VOXPERT_EXAMPLES/one_call" >"${TMPDIR:-/tmp}/one_call.$$" || fail "one_call ended with $?"
answer=$(cat "${TMPDIR:-/tmp}/one_call.$$"); rm -f "${TMPDIR:-/tmp}/one_call.$$"
[[ $answer =~ ^drawn\ ([0-9]+)\ pixels,\ found\ ([0-9]+)$ ]] || fail "one_call printed: $answer"
drawn=${BASH_REMATCH[1]} found=${BASH_REMATCH[2]}
[ $((found * 10)) -gt $((drawn * 8)) ] && [ $((found * 10)) -lt $((drawn * 12)) ] || fail "$answer"
echo "one_call: $answer"
