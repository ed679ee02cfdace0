# Sourced by the tests beside it: finds the golden folder, or ends the test.
#
# Without VOXPERT_SHARED the shared folder lies beside the repository, and its absence skips the
# test; a VOXPERT_SHARED that is missing fails it.

shared=${VOXPERT_SHARED:-../shared}
if [ ! -d "$shared/golden" ]; then
    if [ -n "$VOXPERT_SHARED" ]; then
        echo "VOXPERT_SHARED is set to $VOXPERT_SHARED, which holds no golden folder" >&2
        exit 1
    fi
    echo "skipped: no shared folder at $shared; set VOXPERT_SHARED"
    exit 77
fi

# files FOLDER MATCH [NOT]: the golden files whose names match the first pattern and not the second.
files() {
    ls "$shared/golden/$1" | grep -E "$2" | grep -vE "${3:-^$}" | sed "s#^#$shared/golden/$1/#"
}

full_size='_1024\.|vit_b_'
