#!/usr/bin/env bash
# The smallest program gives the mask that the command line gives, and its exit codes.
. tests/cli/_cli.sh
cd "$work" || exit 1
one_box() { "$VOXPERT_EXAMPLES/one_box" "$@"; }
holds 'it runs' one_box "$picture" 20 20 90 80 mask.png "$model"
segment -i "$picture" --box 20,20,90,80 -o want.png
holds 'the mask is that of voxpert segment' cmp mask.png want.png
one_box "$picture" 20 20 900 80 no.png "$model" 2>said.err
holds 'a box outside is exit code 2' test $? -eq 2
holds 'and said in words' grep -q outside said.err
one_box none.png 20 20 90 80 no.png "$model" 2>/dev/null
holds 'no image is exit code 3' test $? -eq 3
one_box "$picture" 20 20 90 80 no.png none.pth 2>/dev/null
holds 'no model is exit code 4' test $? -eq 4
one_box "$picture" 20 20 90 80 missing/no.png "$model" 2>/dev/null
holds 'no folder is exit code 6' test $? -eq 6
conclude
