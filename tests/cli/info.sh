#!/usr/bin/env bash
# What the program says of itself, of models and of images; and of its verbs.
. tests/cli/_cli.sh
cd "$work" || exit 1

voxpert info --json >machine.json
holds 'threads follow the affinity' \
    test "$(taskset -c 0 "$VOXPERT" info --json | field threads /dev/stdin)" -eq 1
holds 'the kernel sets begin with the reference' grep -A 1 kernel_sets machine.json
holds 'it has a version' test "$(field version machine.json)" = "$(voxpert --version | sed -n 's/^voxpert //p')"
voxpert info >machine.txt
for word in version threads memory_bytes kernel_sets built_in_model processor instruction_sets 'kernels ' build 'presets'; do
    holds "the machine: $word" grep -q "^$word " machine.txt
done

holds 'the build: compiler and options' test "$(grep -cE '^ *(compiler  *(gcc|clang) [0-9]|options  *[A-Z][a-z]+: )' machine.txt)" -eq 2
holds 'kernels that were asked for' grep -q '^kernels  *portable$' <(voxpert info --cpu portable)
holds 'else the last of the sets' test "$(sed -n 's/^kernels  *//p' machine.txt)" = "$(sed -n 's/^kernel_sets.*"\([a-z0-9]*\)"\]$/\1/p' machine.txt)"

voxpert >bare.out 2>bare.err
holds 'without a verb the help is printed' cmp bare.err <(voxpert help)
holds 'as what is wrong, with exit code 2' test "$(voxpert 2>/dev/null; echo $?)$(cat bare.out)" = 2
voxpert info "$model" >model.txt
for word in 'container *torch zip' 'parameters *65886' 'licence *not stated' 'identity *[0-9a-f]\{64\}'; do
    holds "the model: $word" grep -q "^$word" model.txt
done
voxpert info "$volume" --json >volume.json
holds 'a volume: kind' test "$(field kind volume.json)" = volume
holds 'a volume: type' test "$(field type volume.json)" = int16
holds 'a volume: spacing and place' test "$(grep -cE 'spacing_mm|affine_ras' volume.json)" -eq 2
holds 'a volume: hash' test "$(field sha256 volume.json)" = "$(sha256sum <"$volume" | cut -d ' ' -f 1)"
voxpert info "$picture" >picture.txt
holds 'a picture: size' grep -q "^size *\[$width, $height\]" picture.txt
holds 'a picture: format' grep -q '^format *PNG' picture.txt

# ---- Help
for verb in segment embed convert check info; do
    voxpert $verb --help >help.txt
    holds "$verb --help has an example" grep -q '^Example' help.txt
    holds "help $verb is the same" cmp help.txt <(voxpert help $verb)
    holds "$verb stands in the list" grep -q "^  $verb " <(voxpert help)
    holds "$verb --help fits 100 columns" awk 'length > 100 { exit 1 }' help.txt
    [ $verb = segment ] || sed -i '/voxpert segment/d' help.txt # other verbs only mention it
    for flag in $(grep -oE -- '--[a-z][a-z-]*' help.txt | sort -u); do
        voxpert $verb "$flag" x >flag.out 2>&1 </dev/null
        holds "$verb knows $flag" test -z "$(grep 'unknown flag' flag.out)"
    done
done
holds 'help is exit code 0' voxpert help
holds '--version anywhere' grep -q '^voxpert [0-9]' <(voxpert segment --version)
conclude
