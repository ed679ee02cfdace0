#!/usr/bin/env bash
# The help of a verb names each flag that the verb takes, every number has its default, and the words that
# the completion offers are words of the help.
set -u
broken=0
wrong() {
    echo "$*"
    broken=$((broken + 1))
}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# ---- Flags and their words: the tables that the program parses with against the help
all='segment embed convert train check evaluate stats experts info'
offered() { "$VOXPERT" complete -- "$@"; }
[ "$(offered '' | grep -v -e '^-' -e help | sort | tr '\n' ' ')" = "$(echo $all | tr ' ' '\n' | sort | tr '\n' ' ')" ] ||
    wrong "this script does not know all verbs: $(offered '' | tr '\n' ' ')"
words=0
for verb in $all; do
    "$VOXPERT" "$verb" --help >"$folder/$verb"
    parts=
    [ $verb = experts ] && parts=$(offered experts '' | grep -v -e '^-')
    for part in ${parts:-none}; do
        line=("$verb")
        [ "$part" = none ] || line+=("$part")
        offered "${line[@]}" -- | sort -u >"$folder/flags"
        while read -r flag; do
            grep -qE -- "(^|[ ,])$flag([ ,;.:=]|\$)" "$folder/$verb" || wrong "voxpert ${line[*]}: the help does not name $flag"
            for word in $(offered "${line[@]}" "$flag" '' | grep -v '^-'); do
                words=$((words + 1))
                grep -qwF -- "${word%%:*}" "$folder/$verb" || wrong "voxpert ${line[*]} $flag: the help does not name $word"
            done
        done <"$folder/flags"
    done
done
[ $words -gt 60 ] || wrong "only $words words of flags were found"

# ---- Numbers: "default", "[2]" or ": 0.88 [0.4]" in the paragraph of the flag
for verb in $all; do
    awk '/^ +(-[a-z], )?--[a-z]/ { if (flag != "" && text !~ /default|\[[0-9.e-]+[];]/) print flag
             flag = $0 ~ /--[a-z0-9-]+ [NXT]( |$)/ ? $0 : ""; sub(/^ +/, "", flag); text = "" }
         /^ *$/ { if (flag != "" && text !~ /default|\[[0-9.e-]+[];]/) print flag; flag = "" }
         { text = text $0 }' "$folder/$verb" |
        grep -vE -- '^--(object|clicks|epochs|halve-at|class-weight|time-limit) ' >"$folder/missing" # what is given or not at all
    [ -s "$folder/missing" ] && { wrong "voxpert $verb --help: no default of:"; cat "$folder/missing"; }
done

[ $broken -eq 0 ] && echo "the help is whole"
exit $((broken > 0))
