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

# Files of golden/sam whose names match the first pattern and not the second.
sam_files() {
    ls "$shared/golden/sam" | grep -E "$1" | grep -vE "$2" | sed "s#^#$shared/golden/sam/#"
}

full_size='_1024\.|vit_b_'
