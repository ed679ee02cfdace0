# bash completion for voxpert.  What may stand next is what the program itself answers, from the tables that
# it parses its flags with, so that both are never out of step.
_voxpert() {
    mapfile -t COMPREPLY < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _voxpert voxpert
