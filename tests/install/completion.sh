#!/usr/bin/env bash
# The completion offers verbs first, then the flags of the verb and the words of a flag, as the program's own
# tables have them, then files.
set -eu
. tools/voxpert.bash
lines=0

complete_line() { # the last word is the one to complete
    COMP_WORDS=("$VOXPERT" "$@") COMP_CWORD=$# COMPREPLY=()
    _voxpert
    echo "${COMPREPLY[*]}"
}
expect() { # expect ANSWER WORD...
    local answer=$1 got
    shift
    got=$(complete_line "$@")
    lines=$((lines + 1))
    [ "$got" = "$answer" ] || { echo "voxpert $*: got '$got', want '$answer'"; exit 1; }
}

expect 'segment' se
expect 'embed' em
expect 'embed evaluate experts' e
expect 'list' experts l
expect 'remove' experts re
expect '--name' experts add --n
expect '' experts list --n
expect '--help' --h
expect '--box --box-nms-thresh' segment --bo
expect '--keep-largest' segment --box 1,2,3,4 --k
expect 'skip stop' segment --on-error ''
expect 'stop' segment --on-error = st
expect '' segment -i ''
expect 'train' help tr
expect 'f32 f16' embed --dtype ''
expect 'f32 f16 bf16' convert --dtype ''
expect 'validation' train --measure v
expect 'adamw adam' train --optimizer ''
expect '' train --lr ''
expect '--lr --lr-end --lr-start' train --lr
expect 'nan' evaluate --empty n
expect 'median' stats --aggregation med
expect 'medsam' info --preset med
expect '' nosuch --x
expect '' check ''
echo "completion answers $lines lines as it should"
