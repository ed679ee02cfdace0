#!/usr/bin/env bash
# Everything mode: masks of all that a grid of points finds, in one label map and as run lengths.
. tests/cli/_cli.sh
cd "$work" || exit 1
# thresholds that this untrained model can pass
loose=(--everything --points-per-side 6 --pred-iou-thresh=-9 --stability-score-thresh 0 --stability-score-offset 0.1)
grid=("${loose[@]}" --box-nms-thresh 1)
segment -i "$picture" "${grid[@]}" -o all.nii --rle all.json --overlay all.png --json >all.out
found=$(field area all.out | wc -l)
holds 'something is found' test "$found" -gt 3
holds 'areas fall: large ones are painted first' diff <(field area all.out) <(field area all.out | sort -nr)
holds 'labels are 1..n' test "$(pixels all.nii | sort -n | tail -n 1)" -le "$found"
holds 'the smallest lies on top' \
    test "$(pixels all.nii | grep -cx "$found")" -eq "$(field area all.out | tail -n 1)"
holds 'run lengths of all, as amg.py names them' \
    test "$(grep -c '"\(segmentation\|stability_score\|predicted_iou\|crop_box\|point_coords\|bbox\)"' all.json)" -eq $((6 * found))
holds 'the overlay is there' test -s all.png
segment -i "$picture" "${grid[@]}" --threads 7 -o threads.nii
holds '7 threads give the same' cmp all.nii threads.nii
for batch in 1 5 4000; do
    segment -i "$picture" "${grid[@]}" --points-per-batch $batch -o batch.nii
    holds "$batch points at once give the same" cmp all.nii batch.nii
done
count() { segment -i "$picture" --everything "$@" --json | field area /dev/stdin | wc -l; }
holds '--pred-iou-thresh filters' test "$(count --pred-iou-thresh 10)" -eq 0
holds '--box-nms-thresh filters' \
    test "$(segment -i "$picture" "${loose[@]}" --box-nms-thresh 0.5 --json | field area /dev/stdin | wc -l)" -lt "$found"
holds '--stability-score-thresh filters' \
    test "$(count --points-per-side 6 --pred-iou-thresh=-9 --box-nms-thresh 1 --stability-score-offset 0.1 --stability-score-thresh 0.9)" -lt "$found"
voxpert segment -m "$model" -i "$picture" "${grid[@]}" --crop-n-layers 1 --crop-nms-thresh 1 --crop-overlap-ratio 0.3 \
    --crop-n-points-downscale-factor 2 --progress json -o crops.nii 2>&1 >/dev/null | tail -n 1 >crops.err
holds '--crop-n-layers 1 asks in four crops too' grep -q '"done": 72, "total": 72' crops.err
segment -i "$picture" "${grid[@]}" --min-mask-region-area 200 --mask-threshold 0.1 --points-per-batch 16 -o clean.nii
holds '--min-mask-region-area, --mask-threshold' test -s clean.nii
voxpert segment -m "$model" -i "$picture" --everything --points-per-side 1 -o none.nii --json --progress none >none.out 2>none.err
holds 'nothing found is an empty map, not an error' test "$(pixels none.nii | sort -u)" = 0
holds 'whether one embedding was cached is not said of many crops' test -z "$(field embedding_cached none.out)"
holds 'nothing is said to be nothing' grep -q 'nothing was found: no mask reaches --pred-iou-thresh 0.88 and --stability-score-thresh 0.95' none.err
holds 'in the report too' grep -q '"nothing was found: ' none.out
refused 2 '--crop-n-layers 5' segment -m "$model" -i "$picture" --everything -o no.png --crop-n-layers 5
refused 2 'exclude each other' segment -m "$model" -i "$picture" --everything -o no.png --crop-n-layers 1 --crop-side 64
refused 2 '--crop-side 15' segment -m "$model" -i "$picture" --everything -o no.png --crop-side 15
voxpert segment -m "$model" -i "$picture" "${grid[@]}" --crop-side 40 --progress json --overwrite -o crops.nii 2>&1 >/dev/null | tail -n 1 >crops.err
holds '--crop-side 40: 16 squares, 4 of 80 pixels and the image' grep -q '"done": 756, "total": 756' crops.err

# The built-in model brings thresholds and crops of its own.
if ! voxpert info | grep -q '^built_in_model *no model'; then
    voxpert segment -q -i "$picture" --everything -o cell.nii --json >cell.out
    holds 'the built-in model finds things with default flags' test "$(field area cell.out | head -n 1)" -gt 500
    voxpert segment -q -i "$picture" --everything -o published.nii --json --crop-side 0 --pred-iou-thresh 0.88 \
        --stability-score-thresh 0.95 >cell.out
    holds 'where the published ones find nothing' test -z "$(field area cell.out)"
fi
conclude
