# Sourced by the tests beside it: finds the golden folder.
#
# Without VOXPERT_SHARED the shared folder lies beside the repository; in its absence the small one of the
# build stands for it, as with VOXPERT_SHARED=small. A VOXPERT_SHARED that is missing fails the test.

whole=true
shared=${VOXPERT_SHARED:-../shared}
if [ ! -d "$shared/golden" ]; then
    if [ "${VOXPERT_SHARED:-small}" != small ]; then
        echo "VOXPERT_SHARED is set to $VOXPERT_SHARED, which holds no golden folder" >&2
        exit 1
    fi
    shared=$SMALL_SHARED whole=false
fi

# files FOLDER MATCH [NOT]: the golden files whose names match the first pattern and not the second.
files() {
    ls "$shared/golden/$1" | grep -E "$2" | grep -vE "${3:-^$}" | sed "s#^#$shared/golden/$1/#"
}

full_size='_1024\.|vit_b_'
