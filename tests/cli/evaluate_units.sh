#!/usr/bin/env bash
# Labels that mean the same, units that are true, warnings where they are read: of files as people have
# them.
. tests/cli/_cli.sh
cases=$shared/field/cases
cd "$work" || exit 1
field_case() { echo "$cases/$1"*; }

# ---- 20: masks of 0 and 255 against labels of 0 and 1
set -- "$(field_case 20)"
voxpert evaluate -p "$1/pred" -g "$1/gt" -o twenty --metrics dice >said 2>warned || exit 1
holds 'one value on each side is one label' grep -q '^1	Dice 1$' said
holds 'which is said once' test "$(grep -c 'references mark with 1 what predictions mark with 255' warned)" -eq 1
holds 'in the summary' grep -q '"references mark with 1 what predictions mark with 255: both' twenty/summary.json
holds 'and in the table' grep -q '^- Warning: references mark with 1' twenty/table.md
voxpert evaluate -p "$1/pred" -g "$1/gt" --json >said.json 2>warned || exit 1
holds 'and in the JSON' sh -c 'sed -n "/^  \"warnings\"/,/^  \]/p" said.json | grep -q "references mark with 1"'
holds 'it is what joined values give' sh -c '[ "$(sed -n "s/^1	Dice \([0-9.]*\).*/\1/p" said)" = \
    "$("$VOXPERT" evaluate -q -p "$0/pred" -g "$0/gt" --labels x=1+255 --json |
        sed -n "s/^ *\"Dice\": \([0-9.]*\),/\1/p" | head -n 1 | cut -c 1-6)" ]' "$1"
voxpert evaluate -p "$1/pred" -g "$1/gt" --labels lesion=1 --metrics dice >named 2>warned || exit 1
holds 'so it is where the label is named' grep -q '^1 lesion	Dice 1$' named
holds 'which is a warning, once' test "$(grep -c \
    '^voxpert evaluate: predictions hold the value 255 alone: it is taken as the label 1 lesion$' warned)" -eq 1
echo '{"labels": {"background": 0, "lesion": 1}}' >dataset.json
voxpert evaluate -p "$1/pred" -g "$1/gt" --labels dataset.json --metrics dice >named 2>warned || exit 1
holds 'or named by a dataset.json' grep -q '^1 lesion	Dice 1$' named
holds 'a label that predictions lack is reported with the remedy' sh -c \
    '"$VOXPERT" evaluate -p "$0/pred" -g "$0/gt" --labels lesion=1,2 2>&1 >/dev/null |
        grep -q "no prediction holds the label 1 lesion; they hold 255; .* such as lesion=1+255"' "$1"
voxpert stats -i "$1/pred" -s "$1/pred" --labels lesion=1 -o named.csv 2>warned || exit 1
holds 'stats takes it too' awk -F, 'NR > 1 && !($2 == 1 && $3 == "lesion" && $5 > 0) { exit 1 }' named.csv
holds 'and warns once' test "$(grep -c 'segmentations hold the value 255 alone' warned)" -eq 1

# ---- 29: masks of 0 and 255 whose dataset.json names the label 1
toy=$cases/29-nnunet/png_0_255/Dataset001_Toy
sentence='Dataset001_Toy: its labels hold the value 255 alone: it is taken as the label 1 liver'
voxpert evaluate -m "$model" --data "$toy" --part all --metrics dice >said 2>warned || exit 1
holds 'evaluate --data measures the label' grep -q '^1 liver	Dice [01]' said
holds 'and warns' grep -qF "$sentence" warned
voxpert segment -m "$model" --data "$toy" --part all -o toy --progress none >said 2>warned || exit 1
holds 'segment --data warns' grep -qF "$sentence" warned
holds 'what it writes is the label' grep -q '"value":1,' toy/report.jsonl
voxpert train -m "$model" --measure train --data "$toy:train" >said 2>warned || exit 1
holds 'train warns' grep -qF "$sentence" warned
# the other way round, and several values without one in common
holds 'the sides may be exchanged' sh -c '"$VOXPERT" evaluate -p "$0/gt" -g "$0/pred" 2>/dev/null |
    grep -q "^255	Dice 1"' "$1"

# ---- 24: a value that marks what does not count
set -- "$(field_case 24)"
two=(-p "$1/pred.nii.gz" -g "$1/gt_255_ignore.nii.gz" --metrics dice)
voxpert evaluate "${two[@]}" >said 2>warned || exit 1
holds 'a label of the references alone is told' grep -q 'the label 255 is in references alone' warned
voxpert evaluate "${two[@]}" --ignore 255 >said 2>warned || exit 1
holds 'as the ignored one it is not' test ! -s warned
refused 2 '--ignore 0' evaluate -q "${two[@]}" --ignore 0
refused 2 '--ignore -2' evaluate -q "${two[@]}" --ignore -2
# -1 as NIfTI's int8, made from the unsigned label map: type 256, and the bytes of 255 are those of -1
gzip -dc "$1/gt_255_ignore.nii.gz" >void.nii
type=$(od -An -j 70 -N 2 -t u2 void.nii | tr -d ' ')
if [ "$type" = 2 ]; then
    printf '\000\001' | dd of=void.nii bs=1 seek=70 conv=notrunc 2>/dev/null
    voxpert evaluate "${two[@]:0:2}" -g void.nii --metrics dice >void_said 2>warned || exit 1
    holds 'voxels of -1 do not count' cmp said void_said
    holds 'which is told' grep -q 'void.nii: ignored voxels (-1) do not count' warned
    refused 3 'void.nii' evaluate -q -p void.nii -g "$1/pred.nii.gz"
fi

# ---- 21, 41: stored in another order than the reference or the image
set -- "$(field_case 21)"
voxpert evaluate -p "$1/same_place_flipped_storage.nii.gz" -g "$1/gt.nii.gz" --metrics dice -o turned >said 2>warned || exit 1
holds 'what lies in the same place is the same' grep -qx '1	Dice 1' said
holds 'which is said' sh -c 'grep -q "stored as -i, j, k" warned && grep -q "^- Warning: .*stored as -i, j, k" turned/table.md && grep -q "stored as -i, j, k" turned/summary.json'
refused 3 'shows another place' evaluate -q -p "$1/same_storage_other_affine.nii.gz" -g "$1/gt.nii.gz"
refused 3 'shows another place' evaluate -q -p "$1/transposed.nii.gz" -g "$1/gt.nii.gz"
set -- "$(field_case 41)/Dataset001_Toy"
voxpert stats -i "$1/imagesTr/c0_0000.nii.gz" -s "$1/labelsTr/c0.nii.gz" >said.json 2>warned || exit 1
holds 'a mirrored label measures its own voxels' grep -q '"intensity_mean": 789\.0082720588235' said.json
holds 'which is said, too' sh -c 'grep -q "stored as -i, j, k" warned && grep -q "stored as -i, j, k" said.json'

# ---- Pictures without a spacing
masks=$shared/data/2d/derm_ph2/masks
mkdir gt pred
for file in $(ls "$masks" | head -n 3); do cp "$masks/$file" gt; cp "$masks/$file" pred; done
voxpert evaluate -p pred -g gt -o pixels >said || exit 1
holds 'no millimetre anywhere' sh -c '! grep -qwE "mm|mm2|mm3|[0-9.]*mm" said pixels/cases.csv pixels/table.md 2>/dev/null'
holds 'pixels in the terminal' grep -q 'HD95_elements_px 0' said
holds 'areas in the table of cases' sh -c 'head -n 1 pixels/cases.csv | grep -q ",area_ref_px,area_pred_px,area_error_px,area_error_relative,"'
holds 'and in the summary' grep -q '"units": {"length": "px", "area": "px"}' pixels/summary.json
holds 'the table says so' grep -q '^- The spacing is not known: distances and sizes are in pixels (px)$' pixels/table.md
voxpert evaluate -p pred -g gt -o mm --spacing 0.1,0.1 >said || exit 1
holds 'with a spacing areas are in mm2' sh -c 'head -n 1 mm/cases.csv | grep -q ",area_ref_mm2,"'
area() { awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR == 2 { print $c }' "$2"; }
holds 'a hundredth of the pixels' awk -v a="$(area area_ref_px pixels/cases.csv)" -v b="$(area area_ref_mm2 mm/cases.csv)" \
    'BEGIN { off = a * 0.01 - b; exit !(a > 0 && off < 1e-6 && off > -1e-6) }'
refused 2 '--spacing 0.1' evaluate -q -p pred -g gt --spacing 0.1
refused 2 '--spacing 0,1' evaluate -q -p pred -g gt --spacing 0,1
refused 3 'no label and metric in common' evaluate -q -p pred -g gt --metrics hd95 --compare mm/summary.json

# ---- One true reason
voxpert evaluate -p pred -g gt -o dice --metrics dice >said || exit 1
holds 'a figure without its metric says so' grep -qx 'no bland_altman.png: it needs the metric vol, which was not chosen' said
holds 'and nothing else' test "$(grep -c '^no ' said)" -eq 1

# ---- stats: areas, and what pairs
images=$shared/data/2d/derm_ph2/images
mkdir clinic
for file in $(ls gt); do cp "$images/${file%.*}".* clinic; done
voxpert stats -q -i clinic -s gt -o areas.csv || exit 1
holds 'areas in pixels, no volume' sh -c 'head -n 1 areas.csv | grep -q "^case,label,name,cases,area_px,area_mm2,intensity_mean" && ! grep -q volume areas.csv'
holds 'mm2 are empty' awk -F, 'NR > 1 && ($5 <= 0 || $6 != "") { exit 1 }' areas.csv
voxpert stats -q -i clinic -s gt -o mm.csv --spacing 0.1,0.1 || exit 1
holds 'with a spacing they are not' awk -F, 'NR > 1 && ($6 - $5 / 100 > 1e-6 || $5 / 100 - $6 > 1e-6) { exit 1 }' mm.csv
voxpert stats -q -i clinic -s gt >said.json || exit 1
holds 'nor a volume in JSON' sh -c '! grep -q volume said.json && grep -q "\"area_mm2\": null" said.json'
first=$(ls gt | head -n 1)
rm clinic/"${first%.*}".*
refused 1 '1 file without a partner was left out' stats -q -i clinic -s gt -o some.csv
holds 'the others are measured' test "$(wc -l <some.csv)" -eq 3
cp "$images/${first%.*}".* clinic
rm "gt/$first"
voxpert stats -i clinic -s gt -o some.json 2>warned
holds 'a picture without a mask is told, too' sh -c 'grep -q "there is no file of that name in gt; it is left out" warned && grep -q "\"files_left_out\": 1" some.json'
holds 'in JSON as well' sh -c '[ $("$VOXPERT" stats -q -i clinic -s gt | grep -c "it is left out") -eq 1 ]'
holds 'a label that no segmentation has' sh -c '"$VOXPERT" stats -i clinic -s gt --labels 7 2>&1 >/dev/null | grep -q "no segmentation holds the label 7"'
conclude
