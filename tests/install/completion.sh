#!/usr/bin/env bash
# The completion offers verbs first, then the flags that the verb's own help names, then files.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# A program that knows two verbs stands for the real one.
cat >"$folder/voxpert" <<'FAKE'
#!/bin/sh
[ "$1 $2" = "segment --help" ] && printf '  voxpert other --strange\n  --box x0,y0,x1,y1  of `other --odd`\n  --keep-largest, --beta1 X\n  -o OUT, --out OUT\n'
[ "$1 $2" = "train --help" ] && printf '      --loss one-way|other\n      --optimizer adamw|adam    a b|c\n      --lr N\n'
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
expect 'embed' em
expect 'embed evaluate experts' e
expect 'list' experts l
expect '--help' --h
expect '--beta1 --box --keep-largest --out' segment --
expect '--beta1 --box --keep-largest --out -o' segment -
expect '--beta1' segment --be
expect '--keep-largest' segment --box 1,2,3,4 --k
expect 'skip stop' segment --on-error ''
expect '' segment -i ''
expect 'train' help tr
expect 'f32 f16' embed --dtype ''
expect 'f32 f16 bf16' convert --dtype ''
expect 'validation' train --measure v
expect 'one-way' train --loss on
expect 'adamw adam' train --optimizer ''
expect '' train --lr ''
expect 'nan' evaluate --empty n
expect 'median' stats --aggregation med
echo "completion answers 20 lines as it should"
