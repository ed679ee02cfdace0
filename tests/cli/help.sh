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

# ---- Flags: the tables of the sources against the help
table() { grep -ohE '\{"--[a-z][a-z0-9-]*"' "$@" | tr -d '{"' | sort -u; }
verbs='segment embed convert'
files_segment=apps/cli/job.c files_embed=apps/cli/embed.c files_convert=apps/cli/convert.c
for verb in $verbs; do
    files=files_$verb
    "$VOXPERT" "$verb" --help >"$folder/$verb"
    table "${!files}" apps/cli/common.c | while read -r flag; do
        grep -qE -- "(^|[ ,])$flag([ ,;.=]|\$)" "$folder/$verb" || echo "$flag"
    done >"$folder/missing"
    [ -s "$folder/missing" ] && wrong "voxpert $verb --help does not name: $(tr '\n' ' ' <"$folder/missing")"
done

# ---- Numbers: "default", "[2]" or ": 0.88 [0.4]" in the paragraph of the flag
for verb in segment embed convert evaluate stats check train; do
    "$VOXPERT" "$verb" --help >"$folder/$verb"
    awk '/^ +(-[a-z], )?--[a-z]/ { if (flag != "" && text !~ /default|\[[0-9.e-]+[];]/) print flag
             flag = $0 ~ /--[a-z-]+ [NX]( |$)/ ? $0 : ""; sub(/^ +/, "", flag); text = "" }
         /^ *$/ { if (flag != "" && text !~ /default|\[[0-9.e-]+[];]/) print flag; flag = "" }
         { text = text $0 }' "$folder/$verb" |
        grep -vE -- '^--(object|clicks|epochs|halve-at|class-weight) ' >"$folder/missing" # what is given or not at all
    [ -s "$folder/missing" ] && { wrong "voxpert $verb --help: no default of:"; cat "$folder/missing"; }
done

# ---- Words of the completion
for verb in segment embed convert train check evaluate stats experts info; do "$VOXPERT" $verb --help; done >"$folder/all" 2>/dev/null
sed -n "s/^ *--\([a-z-]*\)) *choices='\([^']*\)'.*/\1 \2/p" tools/voxpert.bash >"$folder/choices"
while read -r flag words; do
    for word in $words; do
        grep -qwF -- "${word%%:*}" "$folder/all" || wrong "tools/voxpert.bash offers $word behind --$flag, which no help names"
    done
done <"$folder/choices"
[ "$(wc -l <"$folder/choices")" -gt 10 ] || wrong 'the choices of tools/voxpert.bash were not found'
[ $broken -eq 0 ] && echo "the help is whole"
exit $((broken > 0))
