#!/usr/bin/env bash
# An adapter goes on learning, and the router gets to know an expert that was added.
. tests/cli/_cli.sh
. tests/cli/_experts.sh
cd "$work" || exit 1
states() { experts list -m "$1" | sed -n 's/^1\t[0-9]*\t[^\t]*\t[0-9]*\t//p' | tr '\n' ';'; }
recipe=(--recipe segmote --base "$base" --steps 20 --lr 5e-3)

experts add -q -m "$adapter" -o more.safetensors --name skin
teach released -m more.safetensors "${recipe[@]}" --release-experts
holds 'a released expert is one of the router' \
    test "$(states released/model.safetensors)" = 'routed;routed;routed;routed;'
holds 'it keeps its name' grep -q skin <(experts list -m released/model.safetensors)
holds 'the routing that was recorded has a column for it' grep -q 'expert_4' released/routing.csv
holds 'what was trained runs' voxpert segment -q -m released/model.safetensors --base "$base" -i "$picture" \
    --box 20,20,90,80 -o mask.png
voxpert train --out "$work/held" --shapes 6 --batch 4 --warm-up 2 --threads 1 --validate-every 0 --progress none \
    -m more.safetensors "${recipe[@]}" >/dev/null 2>held.err
holds 'one that is not released stays disabled' \
    test "$(states held/model.safetensors)" = 'routed;routed;routed;disabled;'
holds 'and that is said' grep -q '1 of 4 experts are disabled in the router, and are not trained: release-experts' held.err
voxpert train -m "$adapter" --base "$base" --measure all --data "$shared/data/2d/micro_wbc" --validate-most 2 >table.txt
holds 'an adapter is measured on its base' grep -q '^| macro average' table.txt

refused 4 'was trained on a base of identity' train --recipe segmote -m "$adapter" --base "$stranger" --shapes 4 --validate-every 0 --out no
refused 2 'is no adapter, so it has no base' train --recipe segmote -m "$base" --base "$base" --shapes 4 --validate-every 0 --out no
refused 2 'no experts to release' train --recipe segmote -m "$base" --release-experts --shapes 4 --validate-every 0 --out no
refused 2 'goes on with the recipe segmote' train -m "$adapter" --base "$base" --shapes 4 --validate-every 0 --out no
refused 2 'rank asks for others' train --recipe segmote -m "$adapter" --base "$base" --rank 9 --shapes 4 --validate-every 0 --out no
holds 'no model was written' test -z "$(find no -name '*.safetensors' 2>/dev/null)"
conclude
