#!/usr/bin/env bash
# The completion offers verbs first, then the flags that the verb's own help names, then files.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# A program that knows one verb stands for the real one.
cat >"$folder/voxpert" <<'FAKE'
#!/bin/sh
[ "$1 $2" = "segment --help" ] && printf '  --box x0,y0,x1,y1  a box\n  --keep-largest\n  -o OUT, --out OUT\n'
FAKE
chmod +x "$folder/voxpert"
. tools/voxpert.bash

complete_line() { # the last word is the one to complete
    COMP_WORDS=("$folder/voxpert" "$@") COMP_CWORD=$# COMPREPLY=()
    _voxpert
    echo "${COMPREPLY[*]}"
}
expect() { # expect ANSWER WORD...
    local answer=$1 got
    shift
    got=$(complete_line "$@")
    [ "$got" = "$answer" ] || { echo "voxpert $*: got '$got', want '$answer'"; exit 1; }
}

expect 'segment' se
expect 'embed' e
expect '--help' --h
expect '--box --keep-largest --out' segment --
expect '--keep-largest' segment --box 1,2,3,4 --k
expect 'skip stop' segment --on-error ''
expect '' segment -i ''
echo "completion answers 7 lines as it should"
