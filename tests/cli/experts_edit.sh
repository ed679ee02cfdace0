#!/usr/bin/env bash
# `voxpert experts add` and `remove`: no answer changes, names are words of --expert, no file is lost.
. tests/cli/_cli.sh
. tests/cli/_experts.sh
cd "$work" || exit 1
ask() { voxpert segment -q --overwrite --base "$base" -i "$picture" --box 20,20,90,80 "$@"; }
shown() { experts list -m "$1" | sed -n 's/^1\t\([0-9]*\)\t\([^\t]*\)\t[0-9]*\t\(.*\)/\1 \2 \3/p' | tr '\n' ';'; }

experts add -m "$adapter" -o skin.safetensors --name skin >said.txt
holds 'a new expert is last, named and disabled' \
    test "$(shown skin.safetensors)" = '1 - routed;2 - routed;3 - routed;4 skin disabled;'
holds 'that is said' grep -qx 'skin.safetensors: with skin, disabled until the router is trained again' said.txt
ask -m "$adapter" --logits before.npy --routing-csv before.csv
ask -m skin.safetensors --logits after.npy --routing-csv after.csv
holds 'no logit changes' cmp before.npy after.npy
holds 'nor what the routers say, but for a column of -inf and one of 0' \
    diff <(cut -d, -f5- before.csv | tail -n +2) <(cut -d, -f5-7,9-11,13- after.csv | tail -n +2)
holds 'which are there' test "$(cut -d, -f8,12 after.csv | sort -u | tr '\n' ' ')" = '-inf,0 logit_4,gate_4 '
ask -m skin.safetensors --expert skin --logits skin.npy --routing-csv skin.csv
ask -m skin.safetensors --expert 4 --logits four.npy
holds 'its name and its number are the same' cmp skin.npy four.npy
holds 'and it is reached by them' test "$(cut -d, -f14 skin.csv | sort -u | tr '\n' ' ')" = '4 expert '
holds 'with an answer of its own' test "$(cksum <skin.npy)" != "$(cksum <before.npy)"
holds 'info shows the configuration' grep -q 'held_back *\[3\]' <(voxpert info skin.safetensors --base "$base")
holds 'JSON tells it too' test "$(experts list -m skin.safetensors --json | grep -c '"held_back": true')" -eq 2
experts add -q -m "$adapter" -o same.safetensors --name skin
experts add -q -m "$adapter" -o other.safetensors --name skin --seed 8
experts add -q -m "$adapter" -o copy.safetensors --name skin --copy 2
holds 'the same seed gives the same bytes' cmp skin.safetensors same.safetensors
holds 'another seed others' test "$(cksum <skin.safetensors)" != "$(cksum <other.safetensors)"
holds 'a copy is something else again' test "$(cksum <copy.safetensors)" != "$(cksum <other.safetensors)"
experts add -q -m skin.safetensors -o two.safetensors --name eye --copy skin
holds 'a copy may be named by the name of what it copies' \
    test "$(shown two.safetensors)" = '1 - routed;2 - routed;3 - routed;4 skin disabled;5 eye disabled;'
experts route -q -m two.safetensors -i "$picture" -o seen
holds 'figures are drawn with names' test -s seen/074_object1.png

# ---- Fewer
experts remove -m two.safetensors -o less.safetensors --expert skin >said.txt
holds 'what is behind a removed one moves up' \
    test "$(shown less.safetensors)" = '1 - routed;2 - routed;3 - routed;4 eye disabled;'
holds 'that is said, too' grep -qx 'less.safetensors: without skin' said.txt
experts remove -q -m less.safetensors -o back.safetensors --expert 4
ask -m back.safetensors --logits back.npy --routing-csv back.csv
holds 'with all of the new ones gone everything is as it was' cmp before.csv back.csv
holds 'to the byte' cmp before.npy back.npy
experts remove -q -m "$adapter" -o fewer.safetensors --expert 2 --json >fewer.json
holds 'JSON names the file' grep -q '"output": "fewer.safetensors"' fewer.json
experts remove -q -m fewer.safetensors -o one.safetensors --expert 1

# ---- Refusals, which leave every file as it was
cp skin.safetensors kept.safetensors
refused 6 'is there already' experts add -m "$adapter" --base "$base" -o skin.safetensors --name eye
refused 6 'is there already' experts remove -m two.safetensors --base "$base" -o skin.safetensors --expert eye
holds 'a file that is there stays' cmp skin.safetensors kept.safetensors
refused 2 'would replace the input' experts add -m skin.safetensors --base "$base" -o skin.safetensors --name eye
refused 2 'the last expert' experts remove -m one.safetensors --base "$base" -o no.safetensors --expert 1
refused 2 'an expert of that name' experts add -m skin.safetensors --base "$base" -o no.safetensors --name skin
refused 2 'a letter first' experts add -m "$adapter" --base "$base" -o no.safetensors --name 4skin
refused 2 'none of that name or number' experts add -m "$adapter" --base "$base" -o no.safetensors --name x --copy eye
refused 2 'none of that name or number' experts remove -m "$adapter" --base "$base" -o no.safetensors --expert 4
refused 2 '--copy and --seed exclude' experts add -m "$adapter" --base "$base" -o no.safetensors --name x --copy 1 --seed 2
refused 2 '--name is needed' experts add -m "$adapter" -o no.safetensors
refused 2 '--expert is needed' experts remove -m "$adapter" -o no.safetensors
refused 2 '--output is needed' experts add -m "$adapter" --name x
refused 2 'must end with .safetensors' experts add -m "$adapter" -o no.pth --name x
refused 2 'has no experts' experts add -m "$base" -o no.safetensors --name x
refused 4 'was trained on a base of identity' experts add -m "$adapter" --base "$stranger" -o no.safetensors --name x
refused 6 'no.safetensors' experts add -m "$adapter" --base "$base" -o nowhere/no.safetensors --name x
holds 'nothing is left of them' test -z "$(find . -name '*no.*' -o -name '.*.safetensors*')"
conclude
