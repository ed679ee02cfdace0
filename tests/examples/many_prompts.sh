#!/usr/bin/env bash
# An image is encoded once and asked twice.
. tests/cli/_cli.sh
cd "$work" || exit 1
"$VOXPERT_EXAMPLES/many_prompts" "$picture" 50 50 5 5 "$model" >said.out
holds 'it runs' test $? -eq 0
holds 'two answers' test "$(wc -l <said.out)" -eq 2
holds 'the second needs no encoding' grep -q '^and one outside .* encoded in 0.000 s' said.out
conclude
