#!/usr/bin/env bash
# The manual page names each flag that the program's help names, and no other, and has the settings of
# training with their defaults.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

flags() { grep -oE -- '--[a-z][a-z0-9-]*' | sort -u; }

verbs=$(sed -n 's/^\.B voxpert \([a-z]*\).*/\1/p' docs/voxpert.1)
for verb in $verbs; do
    "$VOXPERT" "$verb" --help >>"$folder/help"
done
flags <"$folder/help" >"$folder/told"
sed 's/\\f[A-Z]//g; s/\\-/-/g' docs/voxpert.1 | flags >"$folder/written"

if ! diff "$folder/told" "$folder/written"; then
    echo "< stands in the help only, > in docs/voxpert.1 only"
    exit 1
fi
tools/settings-man --print "$VOXPERT" >"$folder/settings"
sed -n '/^\.\\" settings:/,/^\.\\" end of settings/p' docs/voxpert.1 | sed '1d;$d' >"$folder/page"
if ! diff "$folder/settings" "$folder/page"; then
    echo "< stands in train --help, > in docs/voxpert.1: tools/settings-man writes it anew"
    exit 1
fi
echo "$(wc -l <"$folder/told") flags of $(echo "$verbs" | wc -w) verbs are in step"
