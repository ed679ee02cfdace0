#!/usr/bin/env bash
# What labels measure, as CSV and as JSON; mistakes leave nothing behind.
. tests/cli/_cli.sh
gold=$shared/golden/eval/folder
cd "$work" || exit 1
stats() { voxpert stats -q "$@"; }

# Label maps are images too: their values inside of a label are the label
stats -i "$gold/gt" -s "$gold/gt" -o own.csv --aggregation median || exit 1
holds 'a row per case and label, and one per label over cases' test "$(wc -l <own.csv)" -eq 11
column() { awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $1, $2, $c }' "$2"; }
holds 'values inside of a label are the label' \
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "intensity_mean") c = i; next } $2 != $c { exit 1 }' own.csv
voxpert evaluate -q -p "$gold/gt" -g "$gold/gt" -o e --format csv || exit 1
for pair in n_ref:voxels volume_ref_mm3:volume_mm3 lesions_ref:components; do
    column "${pair%:*}" e/cases.csv | awk '$3 > 0' >want
    column "${pair#*:}" own.csv | grep -v '^median' >got
    holds "${pair#*:} agree with evaluate" cmp want got
done
stats -i "$gold/gt" -s "$gold/gt" -o own.json --labels anterior=1,both=1+2 --aggregation mean || exit 1
holds 'names' grep -q '"(1, 2)": {"name": "both", "voxels"' own.json
holds 'the mean over cases' grep -q '"1": {"cases": 5, "name": "anterior", "voxels": 219.8,' own.json
stats -i "$gold/gt" -s "$gold/gt" >said.json || exit 1
holds 'JSON on standard output without a file' grep -q '"box_xyz": \[' said.json

# nnU-Net's names, pictures, threads
mkdir images
for file in "$gold"/gt/*; do cp "$file" "images/$(basename "$file" .nii.gz)_0000.nii.gz"; done
for threads in 1 3; do stats -i images -s "$gold/pred" -o t$threads.csv -t $threads || exit 1; done
holds 'the same bytes with 1 and 3 threads' cmp t1.csv t3.csv
stats -i "$picture" -s "$shared/data/2d/micro_wbc/masks/074.png" -o picture.csv || exit 1
holds 'a picture with colours' test "$(wc -l <picture.csv)" -eq 3

# ---- Mistakes
refused 2 '--input and --segmentation are needed' stats -i images
refused 2 '--aggregation sum' stats -i images -s images --aggregation sum
refused 2 '--output bad.txt' stats -i images -s images -o bad.txt
cp "$picture" a.csv
refused 2 "would replace the input" stats -i a.csv -s images -o a.csv
refused 3 'no file of it has one of the same name' stats -i images -s "$shared/golden/eval/components" -q -o bad.csv
refused 3 'but its image' stats -q -i "$picture" -s "$gold/gt/hippocampus_049.nii.gz" -o bad.csv
refused 3 none stats -q -i none -s images -o bad.csv
refused 5 '074.png' stats -q -i "$picture" -s "$shared/data/2d/micro_wbc/masks/074.png" --max-memory 1K -o bad.csv
refused 6 'own.csv: is there already; --overwrite replaces it' stats -q -i "$gold/gt" -s "$gold/gt" -o own.csv
holds 'it may be replaced' stats -i "$gold/gt" -s "$gold/gt" -o own.csv --overwrite
refused 6 'the folder cannot be written' stats -i images -s images -o nowhere/s.csv
holds 'no mistake left anything' test ! -e bad.csv
conclude
