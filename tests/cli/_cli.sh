# Read by the scripts beside it: the program, a model and pictures, and short words for what must hold.
#
# A fact that does not hold is said and counted; the script fails at its end (conclude).
set -u

whole=true # the shared folder, not the small one of the build that stands for it
if [ "${VOXPERT_SHARED-}" = small ]; then
    shared=$SMALL_SHARED whole=false
elif [ -n "${VOXPERT_SHARED-}" ]; then
    shared=$VOXPERT_SHARED
    [ -d "$shared" ] || { echo "VOXPERT_SHARED=$shared is missing"; exit 1; }
else
    shared=../shared
    [ -d "$shared" ] || { shared=$SMALL_SHARED whole=false; }
fi
shared=$(cd "$shared" && pwd)
model=$shared/golden/sam/files/sam_bare.pth
picture=$shared/data/2d/micro_wbc/images/074.png # 108 x 112, colour
width=108 height=112
volume=$shared/golden/image/nifti/dtype_int16.nii # 5 x 4 x 3

facts=0 broken=0 skipped=0 concluded=false
work=$(mktemp -d)
trap leave EXIT

# A script has not passed if it ended before `conclude`, or if bash itself complained of a line of it: at an
# arithmetic error bash gives up the whole loop around it and goes on behind it.  What it says of jobs that
# were killed ("line 5: 1234 Killed") is no complaint.
leave() {
    local code=$?
    exec 2>&3 3>&-
    cat "$work/.stderr" >&2
    if grep -E "^$0: line [0-9]+: " "$work/.stderr" | grep -qvE ': line [0-9]+: +[0-9]+ '; then
        echo 'bash could not run a line of this script, see above'
        code=1
    elif [ $code -eq 0 ] && ! $concluded; then
        echo "ended before all facts were looked at, after $facts"
        code=1
    fi
    rm -rf "$work"
    exit $code
}
exec 3>&2 2>"$work/.stderr"

# holds WHAT COMMAND...: the command must succeed
holds() {
    local what=$1
    shift
    facts=$((facts + 1))
    "$@" >"$work/.said" 2>&1 && return
    echo "does not hold: $what"
    head -n 8 "$work/.said" | cut -c 1-200 | sed 's/^/    /'
    broken=$((broken + 1))
}

# skip WHAT WHY: a fact that cannot be looked at here; it is printed and counted
skip() {
    echo "skipped: $1: $2"
    skipped=$((skipped + 1))
}
# a_program NAME FACT: whether it is installed; otherwise the fact is skipped
a_program() { command -v "$1" >/dev/null || { skip "$2" "there is no $1" && false; }; }
# a_shared PATH FACT: whether the shared folder has it; otherwise the fact is skipped, where that is the small one
a_shared() { $whole || [ -e "$shared/$1" ] || { skip "$2" "$1 is in the whole shared folder only" && false; }; }
# small_disk DIR SIZE FACT: whether a disk of that size can be mounted there; otherwise the fact is skipped
small_disk() {
    mkdir "$1" && mount -t tmpfs -o "size=$2" tmpfs "$1" 2>/dev/null ||
        { skip "$3" 'no small disk can be mounted' && false; }
}

# wait_until COMMAND...: until it succeeds, or the newest job has ended
wait_until() { until "$@" || ! kill -0 $! 2>/dev/null; do sleep 0.005; done; }

# blood_cells STEM...: these images of micro_wbc and their masks, as the data set cells
blood_cells() {
    local stem part
    for part in images masks; do
        mkdir -p cells/$part
        for stem in "$@"; do cp "$shared/data/2d/micro_wbc/$part/$stem".* cells/$part; done
    done
}

unset VOXPERT_CPU
export LC_ALL=C
voxpert() { "$VOXPERT" "$@"; }
# Names are used again; that nothing is replaced unless asked for is what tests/cli/overwrite.sh holds.
segment() {
    local replace=--overwrite
    case " $* " in *' --resume '*) replace= ;; esac
    voxpert segment -m "$model" -q $replace "$@"
}

# refused CODE WORD ARGUMENT...: ends with the code, names the word on stderr in one sentence
refused() {
    local code=$1 word=$2 got
    shift 2
    facts=$((facts + 1))
    voxpert "$@" >"$work/.out" 2>"$work/.err" </dev/null
    got=$?
    [ $got -eq "$code" ] && grep -qF -- "$word" "$work/.err" &&
        [ "$(grep -vc '^`voxpert' "$work/.err")" -eq 1 ] && return
    echo "voxpert $*: exit code $got, want $code and one sentence with \"$word\":"
    sed 's/^/    /' "$work/.err"
    broken=$((broken + 1))
}

# field NAME FILE: the values of a scalar field, a line each
field() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p" "$2"; }

# pixels MASK.nii: one value a line, of unsigned bytes
pixels() { od -An -v -w1 -t u1 -j 352 "$1" | tr -d ' '; }

# floats ARRAY.npy: one value a line
floats() {
    local head
    head=$(od -An -j 8 -N 2 -t u2 "$1")
    od -An -v -w4 -t f4 -j $((head + 10)) "$1" | tr -d ' '
}

# shape ARRAY.npy: "3, 112, 108"
shape() { head -c 128 "$1" | tr -d '\0' | sed -n "s/.*'shape': (\([^)]*\)).*/\1/p" | head -n 1; }

# The JSON without what differs from run to run
steady() { sed '/"\(load\|read\|encode\|decode\|write\|total\|peak_rss_bytes\)":/d' "$1"; }

conclude() {
    local more=
    concluded=true
    [ $skipped -eq 0 ] || more=", $skipped skipped"
    echo "$((facts - broken)) of $facts facts hold$more"
    [ $broken -eq 0 ] || exit 1
    [ $facts -gt 0 ] || exit 77
}
