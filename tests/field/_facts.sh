# Read by tests/field/run: the words in which the tables beside it state what is right.
#
# A table is a list of facts; each runs the program once or twice and prints one line into $table:
#
#     case <TAB> fact <TAB> what the program did <TAB> ok or -
#
# WORDS are extended regular expressions without regard to case; "a & b" asks for both, in any order.

# about CASE: the facts that follow are about files of that case, and run in its folder
about() {
    case=$1
    cd "$cases/$case" || exit 1
}

# chosen CASE: whether the facts of that case are to be tried
chosen() {
    [ ${#only[@]} -eq 0 ] && return
    local name
    for name in "${only[@]}"; do
        [[ $1 == "$name"* ]] && return
    done
    return 1
}

# fact OK GOT TEXT: writes the line
fact() {
    printf '%s\t%s\t%s\t%s\n' "$case" "$3" "$2" "$1" >>"$table"
    [ -n "$before" ] || echo "$case | $3 | $2 | $1"
}

# Runs the program; sets $code, $out, $err (files) and $both.  What another fact wrote into m.png goes first.
program() {
    [[ "$*" != *"-o m.png"* ]] || rm -f m.png
    out=$scratch/out err=$scratch/err both=$scratch/both arguments=("$@")
    timeout 600 "$PROGRAM" "$@" --progress none >"$out" 2>"$err" </dev/null
    code=$?
    cat "$err" "$out" >"$both"
}

# shown: exit code and first words of what was printed, for the table
shown() {
    local first
    first=$(sed "s/^voxpert [a-z]*: //; /^\`voxpert/d; s|$scratch/||g" "$1" | tr '\t\n' '  ' | cut -c 1-150)
    echo "exit $code${first:+: $first}"
}

# words WORDS FILE: whether each of them is in the file, names of the command line left out
words() {
    local rest=$1 one text argument
    text=$(<"$2")
    for argument in "${arguments[@]}"; do
        [ ${#argument} -lt 3 ] || [[ $argument != *[./]* ]] || text=${text//"$argument"/} text=${text//"${argument##*/}"/}
    done
    while [ -n "$rest" ]; do
        one=${rest%%" & "*}
        grep -qiE -- "$one" <<<"$text" || return 1
        [ "$one" = "$rest" ] && return
        rest=${rest#*" & "}
    done
}

verdict() { if "$@"; then echo ok; else echo -; fi; }

# command ARGUMENT...: as it is shown in the table
command_text() { echo "$*" | sed "s|$scratch/||g; s|$builtin|builtin.safetensors|g; s| --json\$||"; }

# quiet ARGUMENT...: ends with 0 and has nothing to warn of
quiet() {
    program "$@"
    is_quiet() { [ $code -eq 0 ] && ! [ -s "$err" ]; }
    fact "$(verdict is_quiet)" "$(shown "$err")" "$(command_text "$@"): no warning"
}

# warned WORDS ARGUMENT...: ends with 0 and warns in these words
warned() {
    local words=$1
    shift
    program "$@"
    is_warned() { [ $code -eq 0 ] && words "$words" "$err"; }
    fact "$(verdict is_warned)" "$(shown "$err")" "$(command_text "$@"): warns of \"$words\""
}

# refused CODE WORDS ARGUMENT...: ends with that code (a regular expression), and these words on stderr
refused() {
    local want=$1 words=$2
    shift 2
    program "$@"
    is_refused() {
        [[ $code =~ ^$want$ ]] && words "$words" "$err"
    }
    fact "$(verdict is_refused)" "$(shown "$err")" \
        "$(command_text "$@"): exit $want, \"$words\""
}

# told WORDS ARGUMENT...: used with a warning in these words, or refused in them
told() {
    local words=$1
    shift
    program "$@"
    is_told() { [[ $code =~ ^[0123]$ ]] && words "$words" "$both"; }
    fact "$(verdict is_told)" "$(shown "$both")" "$(command_text "$@"): says \"$words\""
}

# prints WORDS ARGUMENT...: ends with 0 and prints these words
prints() {
    local words=$1
    shift
    program "$@"
    is_printed() { [ $code -eq 0 ] && words "$words" "$out"; }
    fact "$(verdict is_printed)" "$(shown "$both")" "$(command_text "$@"): prints \"$words\""
}

# found WORDS SET: `check` ends with 1 and finds it
found() {
    local words=$1
    shift
    program check "$@"
    is_found() { [ $code -eq 1 ] && words "$words" "$both"; }
    fact "$(verdict is_found)" "$(shown "$both")" "check $*: finds \"$words\""
}

# lacks WORDS SET: `check` reads it, and does not print these words
lacks() {
    local words=$1
    shift
    program check "$@"
    is_lacking() { [[ $code =~ ^[01]$ ]] && ! words "$words" "$both"; }
    fact "$(verdict is_lacking)" "exit $code: $(grep -iE -- "$words" "$both" | head -n 1 | cut -c 1-120)" \
        "check $*: does not say \"$words\""
}

# no_error SET: `check` finds no error in it (warnings are none)
no_error() {
    program check "$@" --json
    is_clean() { [[ $code =~ ^[01]$ ]] && grep -q '"errors": 0' "$out"; }
    fact "$(verdict is_clean)" "exit $code: $(grep -oE '"(errors|warnings)": [0-9]+' "$out" | tr -d '"' | tr '\n' ' ')$(head -n 1 "$err" | cut -c 1-120)" \
        "check $*: no error"
}

# number WANTED FIELD ARGUMENT...: the field of the JSON report has that value first
number() {
    local want=$1 field=$2 got
    shift 2
    program "$@" --json
    got=$(grep -oE "\"($field)\": \"?[^\",}]*" "$out" | head -n 1 | sed 's/.*: "\{0,1\}//')
    same_number() { [ -n "$got" ] && awk -v a="$got" -v b="$want" 'BEGIN { d = a - b; if (d < 0) d = -d
        exit !(a == b || d <= 1e-6 * (b < 0 ? -b : b)) }'; }
    fact "$(verdict same_number)" "exit $code: $field ${got:-not there}" \
        "$(command_text "$@"): $field is $want"
}

# The box of every segmentation, in any picture of 96 x 72 or 72 x 96.
box=12,14,60,55

# mask OUT IMAGE ARGUMENT...: segments what is in the box into a PNG file
mask() {
    rm -f "$1"
    program segment -i "$2" -o "$1" --box "$box" "${@:3}" --json
}

# like FILE TWIN [FLAG...]: segmented exactly like the picture that it stands for
like() {
    as_twin "" "$@"
}

# like_warned WORDS FILE TWIN [FLAG...]: the same, with a warning in these words
like_warned() { as_twin "$@"; }

as_twin() {
    local words=$1 file=$2 twin=$3 of_twin
    local reference=$scratch/reference.png result=$scratch/result.png
    shift 3
    mask "$reference" "$twin" ${twin_flags-}
    of_twin=$code
    mask "$result" "$file" "$@"
    is_alike() {
        [ "$of_twin" -eq 0 ] && [ $code -eq 0 ] && cmp -s "$reference" "$result" &&
            words "$words" "$err"
    }
    fact "$(verdict is_alike)" "$(alike_text) $(shown "$err")" \
        "segment $file${*:+ $*}: as $twin${twin_flags:+ $twin_flags}${words:+, warns of \"$words\"}"
}

alike_text() {
    if ! [ -f "$result" ]; then
        echo "no mask,"
    elif cmp -s "$reference" "$result"; then
        echo "same mask,"
    else
        echo "another mask,"
    fi
}

# area: of the first object of the last report
area() { sed -n 's/^ *"area": \([0-9]*\),$/\1/p' "$out" | head -n 1; }

# near FILE TWIN [FLAG...]: the areas differ by at most 3 in 100; for pixels that were changed a little
near() {
    local file=$1 twin=$2 a b
    shift 2
    mask "$scratch/reference.png" "$twin" ${twin_flags-}
    a=$(area)
    mask "$scratch/result.png" "$file" "$@"
    b=$(area)
    is_near() {
        [ -n "$a" ] && [ -n "$b" ] && [ "$a" -gt 50 ] &&
            [ $((100 * (a > b ? a - b : b - a))) -le $((3 * a)) ]
    }
    fact "$(verdict is_near)" "${b:-no} pixels of ${a:-no}, $(shown "$err")" \
        "segment $file${*:+ $*}: about the area of $twin"
}
