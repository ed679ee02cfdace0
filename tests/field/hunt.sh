# Files as other libraries write them, drawn anew from one seed: what is decoded must be what they decode, or
# be refused or told (tests/field/hunt.py). Kinds of files whose library is not installed are left out.
set -u
# Debian's Python has Debian's packages, another one that stands first in PATH has not.
for python in /usr/bin/python3 python3 ''; do
    [ -z "$python" ] || ! "$python" -c 'import numpy' 2>/dev/null || break
done
[ -n "$python" ] || { echo "skipped: no python3 with numpy is installed"; exit 77; }
exec "$python" tests/field/hunt.py --decode "${FIELD_DECODE:-build/release/field_decode}" --files 300 --seed 11
