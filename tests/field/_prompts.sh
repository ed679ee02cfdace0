# What is right about prompts: cases 37 and 38, and the boxes of everything mode.

# boxed WORDS FILE BOX: the prompts file gives what the box gives, with a warning in these words (or none)
boxed() {
    local words=$1 file=$2 box=$3 reference=$scratch/reference.png result=$scratch/result.png
    rm -f "$reference" "$result"
    program segment -i scan.png --box "$box" -o "$reference" --json
    program segment -i scan.png --prompts "$file" -o "$result" --json
    is_boxed() { [ $code -eq 0 ] && cmp -s "$reference" "$result" && words "$words" "$err"; }
    fact "$(verdict is_boxed)" "$(alike_text) $(shown "$err")" \
        "segment --prompts $file: as box $box${words:+, warns of \"$words\"}"
}

if chosen 37; then
    about 37-boxes-as-people-give-them
    boxed '' bom.json 38,14,77,51
    boxed '' crlf.jsonl 38,14,77,51
    boxed 'outside|edge|cut' exclusive_right_edge.json 38,14,95,71
    boxed 'outside|edge|cut' whole_image.json 0,0,95,71
    warned '2 pixels|small' segment -i scan.png --prompts normalized.json -o m.png
    told 'x, y, width' segment -i scan.png --prompts xywh.json -o m.png
    told 'swapped' segment -i scan.png --prompts swapped_corners.json -o m.png
    refused 3 'outside' segment -i scan.png --prompts yxyx.json -o m.png
    refused 3 'JSON' segment -i scan.png --prompts comma.json -o m.png
    refused 3 'folder' segment -i scan.png --prompts other_folder.json -o m.png
    prints 'object 1' segment -i scan.png --prompts points_pairs.json -o m.png
fi

if chosen 38; then
    about 38-many-objects
    prints 'object 300' segment -i scan.png --prompts 300.json -o m.png
    prints 'object 2' segment -i scan.png --prompts same_value.json -o m.png
    prints '1152 pixels' segment -i scan.png --prompts value300.json -o m.png
    prints 'uint16' info m.png
fi

# Boxes of everything mode are those of the masks beside them, as pycocotools counts: x, y, width, height.
if chosen 38; then
    about 38-many-objects
    program segment -i scan.png --everything --pred-iou-thresh 0.3 --stability-score-thresh 0.5 \
        --points-per-side 8 -o everything.png --rle everything.json
    boxes=$(python3 "$here/coco_boxes.py" everything.json 2>&1)
    is_counted() { [[ $boxes =~ ^([1-9][0-9]*)\ of\ ([0-9]+)$ ]] && [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]; }
    fact "$(verdict is_counted)" "exit $code: $boxes" \
        "segment --everything --rle: the boxes are those of the masks, as pycocotools counts"
fi
