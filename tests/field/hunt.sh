# Files as other libraries write them, drawn anew from one seed: what is decoded must be what they decode, or
# be refused or told (tests/field/hunt.py). Kinds of files whose library is not installed are left out.
set -u
command -v python3 >/dev/null || { echo "skipped: python3 is not installed"; exit 77; }
exec python3 tests/field/hunt.py --decode "${FIELD_DECODE:-build/release/field_decode}" --files 300 --seed 11
