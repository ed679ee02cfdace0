#!/usr/bin/env bash
# The library from Python without a struct: the mask of voxpert segment, and its sentence on a failure.
. tests/cli/_cli.sh
command -v python3 >/dev/null || { echo 'python3 is missing'; exit 77; }
nm -D --undefined-only "$VOXPERT_LIBRARY" | grep -q __asan && { echo 'python3 cannot load a library with sanitizers'; exit 77; }
here=$PWD
cd "$work" || exit 1
export VOXPERT_LIBRARY
python3 - <<'P'
size = 60
with open("disc.pgm", "wb") as file:
    file.write(b"P5\n%d %d\n255\n" % (size, size))
    file.write(bytes(200 if (x - 30) ** 2 + (y - 30) ** 2 < 200 else 30 for y in range(size) for x in range(size)))
P
python3 "$here/docs/examples/box.py" disc.pgm 14 14 46 46 >said.out 2>said.err
holds 'it runs' test $? -eq 0
holds 'an area is printed' grep -Eqx '[1-9][0-9]* pixels' said.out
python3 "$here/docs/examples/box.py" disc.pgm 14 14 460 46 >/dev/null 2>said.err
holds 'a box outside fails' test $? -eq 1
holds 'in the words of the library' grep -q 'outside' said.err
conclude
