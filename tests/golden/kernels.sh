# The smallest files of golden/sam, both directions among them, with every set of kernels.
. tests/golden/_folder.sh
list="$(files sam 'micro|tinyvit|grad_iter|prompt_point1' '\.tensors$|288')
    $(files segmote 'tiny_(routed|inter|ppt|round|train_ba).*safetensors|paper_(k2|ppt_guided|train_k2)\.')"
for kernels in reference portable avx2 avx512; do
    VOXPERT_CPU=$kernels "$GOLDEN" --brief $list
    status=$?
    [ $status -eq 2 ] && echo "$kernels: not on this processor" && continue
    [ $status -eq 0 ] || exit 1
done
