#!/usr/bin/env bash
# Prompts as JSON in, a label map and a report out: those of the command line.
. tests/cli/_cli.sh
cd "$work" || exit 1
echo '{"objects": [{"label": "cell", "value": 3, "boxes": [[20,20,90,80]]}, {"points": [{"p": [30,30]}]}]}' >p.json
"$VOXPERT_EXAMPLES/json_request" "$picture" mask.png "$(cat p.json)" >report.json
holds 'it runs' test $? -eq 0
voxpert segment -q -i "$picture" --prompts p.json -o want.png --rle want.json
holds 'the label map is that of voxpert segment' cmp mask.png want.png
holds 'the report names it' grep -q '"outputs":{"mask":"mask.png"}' report.json
holds 'and the object' grep -q '"label":"cell"' report.json
holds 'a mask in it is that of voxpert segment' grep -qF "$(grep -m 1 -o '"counts": .*' want.json | sed 's/: /:/')" report.json
"$VOXPERT_EXAMPLES/json_request" "$picture" no.png '{"objects": [{"box": [1,2,3,4]}]}' 2>said.err
holds 'bad prompts are exit code 3' test $? -eq 3
holds 'with one sentence' grep -qx 'request: objects\[0\].box: is not known; known are .*' said.err
"$VOXPERT_EXAMPLES/json_request" "$picture" no.png '{"objects": [{"boxes": [[1,2,3000,4]]}]}' 2>said.err
holds 'a prompt outside is exit code 3' test $? -eq 3
holds 'which names the object' grep -q '^request: object 1: ' said.err
holds 'nothing was written' test ! -e no.png
conclude
