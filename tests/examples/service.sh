#!/usr/bin/env bash
# A model and an image as bytes, an encoder pass that is stopped and begun again, a mask as bytes.
. tests/cli/_cli.sh
cd "$work" || exit 1
"$VOXPERT_EXAMPLES/service" "$model" "$picture" 20 20 90 80 >said.out
holds 'it runs' test $? -eq 0
holds 'the encoder was stopped' grep -q '^stopped before block [0-9]* of the encoder: ' said.out
segment -i "$picture" --box 20,20,90,80 --json >want.json
area=$(sed -n 's/.*"area": \([0-9]*\).*/\1/p' want.json | head -n 1)
holds 'the mask is that of voxpert segment' grep -qx "${area:-none} pixels" said.out
"$VOXPERT_EXAMPLES/service" /dev/null "$picture" 20 20 90 80 2>said.err
holds 'no model is exit code 4' test $? -eq 4
conclude
