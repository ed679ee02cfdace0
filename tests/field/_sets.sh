# What is right about data sets: cases 28 to 32 and 42 to 45.

# plan SET: the plan of `check` runs to its end, and `check` finds less afterwards
plan() {
    local set=$1 found left script=$scratch/plan.sh ran=0
    findings() { grep -cE '^(error|warning) ' "$both"; }
    program check "$set"
    found=$(findings)
    program check "$set" --fix-plan
    grep -qvE '^#|^$' "$out" || ran=none
    cp "$out" "$script"
    [ "$ran" = none ] || sh -e "$script" >"$scratch/ran" 2>&1 || ran="stopped: $(tail -n 1 "$scratch/ran" | cut -c 1-80)"
    program check "$set"
    left=$(findings)
    is_mended() { [[ $ran =~ ^(0|none)$ ]] && { [ "$ran" = none ] || [ "$left" -lt "$found" ]; }; }
    fact "$(verdict is_mended)" "$found findings before, $left after${ran:+, plan: ${ran/#0/ran}}" \
        "check $set --fix-plan: the plan runs to its end and mends something, or there is none"
}

# mends SET: the same, and nothing is left
mends() {
    local set=$1
    program check "$set" --fix-plan
    cp "$out" "$scratch/plan.sh"
    sh -e "$scratch/plan.sh" >"$scratch/ran" 2>&1
    local ran=$?
    program check "$set"
    is_whole() { [ $ran -eq 0 ] && [ $code -eq 0 ]; }
    fact "$(verdict is_whole)" "plan: exit $ran, check afterwards: $(shown "$both")" \
        "check $set --fix-plan: its plan leaves nothing wrong"
}

if chosen 28; then
    about 28-coco
    for set in bom category_zero exif_turned polygon rle_compressed rle_crowd rle_uncompressed \
        twice_the_same string_ids backslash; do
        no_error $set/instances_train.json
    done
    found 'category|7' unknown_category/instances_train.json
    found 'no pixel|outside the image' outside/instances_train.json
    found '72 x 96 & 96 x 72' size_swapped_in_list/instances_train.json
    found 'no such file|A.PNG' other_case/instances_train.json
    told 'segmentation' check box_only/instances_train.json
    told 'segmentation' check empty_list/instances_train.json
    told 'segmentation' check null/instances_train.json
    told 'polygon|outline|point' check one_point_extra/instances_train.json
    told 'polygon|outline|segmentation' check polygon_of_pairs/instances_train.json
    told 'polygon|outline|segmentation' check rectangle_of_4/instances_train.json
    no_error rle_float_counts/instances_train.json
    told 'run lengths are of' check rle_size_swapped/instances_train.json
    found 'texts' rle_size_text/instances_train.json
    told 'file_name|no such file' check absolute_elsewhere/instances_train.json
    found 'NaN' nan_area/instances_train.json
    no_error nan_area/instances_train.json
    refused 3 'UTF-16|decode|0xff' check utf16/instances_train.json
    refused 3 'list' check results_list/instances_train.json
    # What the outline covers, by pycocotools; it lies at its place.
    for set in polygon rle_compressed rle_uncompressed bom string_ids backslash; do
        number 1 objects evaluate --data $set/instances_train.json --clicks 1
    done
    refused 3 'width|height|size|72' evaluate --data size_swapped_in_list/instances_train.json --clicks 1
fi

if chosen 29; then
    about 29-nnunet
    for set in dataset_key ending_without_dot float_labels good hidden_files ignore_highest label_4d \
        label_direction_noise png_0_1 regions regions_core_int; do
        no_error $set/Dataset001_Toy
    done
    found 'ignore' ignore_not_highest/Dataset001_Toy
    found 'missing|gap' ignore_255/Dataset001_Toy
    found '_0000|four digits' images_without_0000/Dataset001_Toy
    found 'origin differs by 2 mm' label_origin_off/Dataset001_Toy
    found 'number' label_text_values/Dataset001_Toy
    found '_0000|suffix' labels_with_0000/Dataset001_Toy
    lacks 'take the (image|label) away' labels_with_0000/Dataset001_Toy
    found 'holds 255' png_0_255/Dataset001_Toy
    found 'regions_class_order' regions_no_order/Dataset001_Toy
    found 'holds 2' unexpected_value/Dataset001_Toy
    found 'nnU-Net v1' v1_whole/Dataset001_Toy
    lacks 'add "background": 0' v1_whole/Dataset001_Toy
    for set in ending_without_dot label_text_values; do
        plan $set/Dataset001_Toy
    done
    for set in labels_with_0000 images_without_0000 v1_whole; do
        mends $set/Dataset001_Toy
    done
fi

if chosen 30; then
    about 30-pairs-whose-names-differ
    told 'images.*masks|layout' check Images-Masks
    told 'images & masks' check image-mask
    told 'images & masks|annotations' check img-annotations
    found 'turned|EXIF|orientation' exif
    lacks 'resample' exif
    found '48x36x1' sizes
    found 'suffix|_mask' suffix
    lacks 'take the (image|label) away' suffix
    mends suffix
fi

if chosen 31; then
    about 31-sam-med2d-lists
    found 'listed more than once' .
    found 'ct_a_multi & 3 values' .
    no_error windows
    told 'string|list|name of a file' check string_value
    told 'no such file|prefix|data_demo' check data_demo_prefix
fi

if chosen 32; then
    about 32-challenge-npz
    no_error .
    prints '"name": "3D_CT_a"' check . --list
fi

if chosen 42; then
    about 42-coco-picture-shrunk-after-annotation
    found '192 & 144 & 96 & 72' instances_train.json
    refused 3 '192 & 96' evaluate --data instances_train.json --clicks 1
    refused 3 '192 & 96' train -m "$builtin" --data instances_train.json:train --out "$scratch/run" --steps 1
fi

if chosen 43; then
    about 43-pair-photo-upside-down
    found 'EXIF|turn|orientation' .
    warned 'EXIF|turn|orientation' evaluate --data . --clicks 1
    warned 'EXIF|turn|orientation' stats -i images -s masks
    warned 'EXIF|turn|orientation' segment -i images/a.jpg --mask masks/a.png -o m.png
    quiet segment -i images/a.jpg --no-exif --mask masks/a.png -o m.png
fi

if chosen 44; then
    about 44-fix-plan-two-findings-of-one-file
    found 'c.png' .
    plan .
fi

if chosen 45; then
    about 45-windows-leftovers
    prints 'nothing wrong' check .
    number 3 objects evaluate --data . --clicks 1
fi
