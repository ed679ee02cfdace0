#!/usr/bin/env bash
# The libraries offer what the public headers declare, and nothing else.
set -eu

declared() { # functions that the headers mark VOXPERT_API
    cat include/voxpert/*.h | tr '\n' ' ' | sed 's/;/;\n/g' |
        sed -n 's/.*VOXPERT_API [^;]*[ *]\(voxpert_[a-z0-9_]*\)(.*;/\1/p' | sort -u
}

compare() { # compare WHAT FILE-OF-NAMES
    if surplus=$(grep -v '^voxpert_' "$2"); then
        echo "$1 shows names that are not the library's own:" $surplus
        exit 1
    fi
    if ! missing=$(comm -13 "$2" "$folder/declared" | grep .); then return; fi
    echo "$1 lacks what the headers declare:" $missing
    exit 1
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
declared >"$folder/declared"
nm -D --defined-only "$VOXPERT_LIBRARY" | awk '{print $NF}' | sort -u >"$folder/shared"
nm -g --defined-only "$VOXPERT_ARCHIVE" | awk 'NF == 3 {print $NF}' | sort -u >"$folder/archive"
compare libvoxpert.so "$folder/shared"
compare libvoxpert.a "$folder/archive"
echo "$(wc -l <"$folder/declared") functions declared and offered"
