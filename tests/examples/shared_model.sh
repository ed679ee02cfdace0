#!/usr/bin/env bash
# Threads that share a model answer as one thread does.
. tests/cli/_cli.sh
cd "$work" || exit 1
images=("$shared"/data/2d/micro_wbc/images/00[1-6].png)
"$VOXPERT_EXAMPLES/shared_model" "$model" "${images[@]}" >together.out
holds 'it runs' test $? -eq 0
for image in "${images[@]}"; do "$VOXPERT_EXAMPLES/shared_model" "$model" "$image"; done >alone.out
holds 'together as alone' diff together.out alone.out
"$VOXPERT_EXAMPLES/shared_model" "$model" "${images[0]}" none.png >/dev/null 2>said.err
holds 'one that fails is exit code 1' test $? -eq 1
holds 'and named' grep -q none.png said.err
conclude
