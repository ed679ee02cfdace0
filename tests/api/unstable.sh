#!/usr/bin/env bash
# Headers that may change say so to the compiler: they need VOXPERT_UNSTABLE, and voxpert.h does not.
set -u
failed=0
compile() { # HEADER [FLAG]
    printf '#include <voxpert/%s>\n' "$1" | "$CC" -std=gnu17 ${2:-} -I include -fsyntax-only -x c - 2>&1
}
for header in dataset.h evaluate.h exchange.h experts.h train.h; do
    compile $header | grep -q VOXPERT_UNSTABLE || { echo "$header: is there without VOXPERT_UNSTABLE"; failed=1; }
    compile $header -DVOXPERT_UNSTABLE || { echo "$header: does not compile"; failed=1; }
done
compile voxpert.h || { echo "voxpert.h: needs VOXPERT_UNSTABLE"; failed=1; }
exit $failed
