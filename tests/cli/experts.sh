#!/usr/bin/env bash
# `voxpert experts list`: who is there, and what `info` says of a router that cannot choose.
. tests/cli/_cli.sh
. tests/cli/_experts.sh
cd "$work" || exit 1

experts list -m "$adapter" >list.txt
holds 'the numbers of the configuration' grep -q '2 tokens, 3 experts, 1 kept of a token, rank 4' list.txt
holds 'update, gate and prompt tokens' grep -q 'update residual, gate softmax, prompt tokens 2' list.txt
holds 'a line for each layer and expert' test "$(grep -cE $'^[12]\t[123]\t-\t148\trouted$' list.txt)" -eq 6
holds 'an expert of rank 4 on width 16 has 2 16 4 + 4 + 16 numbers' test $((2 * 16 * 4 + 4 + 16)) -eq 148
holds 'no router is degenerate after training' test "$(grep -c degenerate list.txt)" -eq 0
voxpert info --base "$base" "$adapter" >info.txt
holds 'nor does info say so' test "$(grep -c degenerate info.txt)" -eq 0
experts list -m "$adapter" --json >list.json
holds 'JSON has as many' test "$(field expert list.json | tr '\n' ' ')" = '1 2 3 1 2 3 '
holds 'the base is the one that was trained on' \
    test "$(field base_identity list.json)" = "$(field identity <(voxpert info "$base" --json))"

# ---- A router of zeros
other untrained --lr 0
experts list -m "$untrained" >zero.txt
holds 'a router of zeros is degenerate, in each layer' test "$(grep -c $'^[12]\trouter degenerate' zero.txt)" -eq 2
voxpert info --base "$base" "$untrained" >info.txt
holds 'info says so' grep -q '^router *degenerate in layers 1, 2: all weights are zero' info.txt
voxpert info --base "$base" "$untrained" --json >info.json
holds 'in JSON too' grep -q '"router": "degenerate in layers 1, 2' info.json

# ---- Refusals
refused 2 'none of list' experts lisst
refused 2 'did you mean list' experts lisst
refused 2 '--model is needed' experts list
refused 2 'has no experts' experts list -m "$base"
refused 4 'was trained on a base of identity' experts list -m "$adapter" --base "$stranger"
conclude
