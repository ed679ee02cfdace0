# bash completion for voxpert.  The flags of a verb, and the words of those that are told as
# `--flag one|other`, are read from its own help, so that they are never out of step with the program.

# The flags in a help text, without those of other verbs in its examples and quotations
_voxpert_flags() {
    sed -e '/^ *voxpert /d' -e 's/`[^`]*`//g' | grep -oE -- '(^|[ (|[])-([a-z]|-[a-z][a-z0-9-]*)' |
        tr -d ' (|[' | sort -u
}

# _voxpert_words FLAG: the words between bars that a help text gives for it
_voxpert_words() {
    sed -n "s/^ *$1 \\([a-z0-9-]*|[a-z0-9|-]*\\).*/\\1/p" | tr '|' ' '
}

_voxpert() {
    local program=${COMP_WORDS[0]} verb=${COMP_WORDS[1]-} word=${COMP_WORDS[COMP_CWORD]}
    local verbs='segment embed convert train check evaluate stats experts info help'
    local parts='list route add remove'
    local choices=

    if [ "$COMP_CWORD" -eq 1 ]; then
        choices="$verbs --help --version"
    elif [ "$verb" = help ]; then
        choices=${verbs% help}
    elif [ "$verb" = experts ] && [ "$COMP_CWORD" -eq 2 ]; then
        choices="$parts --help"
    else
        case ${COMP_WORDS[COMP_CWORD - 1]} in
        --aggregation) choices='mean median' ;;
        --dtype) [ "$verb" = convert ] && choices='f32 f16 bf16' || choices='f32 f16' ;;
        --empty) choices='nan one skip' ;;
        --format) choices='nnunet csv md png tex' ;;
        --limits) choices='set fixed both' ;;
        --measure) choices='train validation test all' ;;
        --metrics) choices='dice iou nsd hd95 hd assd vol lesion' ;;
        --part) choices='train validation test all' ;;
        --probability-bits) choices='8 16' ;;
        --simulate) choices='box clicks:1 clicks:5 free' ;;
        --on-error) choices='skip stop' ;;
        --progress) choices='auto plain json none' ;;
        --cpu) choices='reference portable avx2 avx512' ;;
        --recipe) choices='sam segmote' ;;
        --scheme) choices='voxpert paper sam-med2d segmote' ;;
        --preset) choices='sam sam-med2d sam-med2d-test medsam litemedsam imis voxpert' ;;
        *)
            case ${COMP_WORDS[COMP_CWORD - 1]} in
            --*)
                choices=$("$program" "$verb" --help 2>/dev/null |
                    _voxpert_words "${COMP_WORDS[COMP_CWORD - 1]}") ;;
            esac
            case $word in
            -*) choices=$("$program" "$verb" --help 2>/dev/null | _voxpert_flags) ;;
            esac ;;
        esac
    fi
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$word")
}
complete -o default -F _voxpert voxpert
