#!/usr/bin/env bash
# Boxes and points as people give them: taken where they can be meant in one way only, with a warning.
. tests/cli/_cli.sh
cd "$work" || exit 1
cases=$shared/field/cases/37-boxes-as-people-give-them
[ -d "$cases" ] || { echo "skipped: there is no $cases"; exit 77; }
cp "$cases"/* .

# taken WARNING TWIN ARGUMENT...: the mask of the twin's box, with the warning on stderr and in the report
taken() {
    local warning=$1 twin=$2
    shift 2
    voxpert segment -m "$model" -i scan.png -o twin.bmp --overwrite -q --box "$twin"
    voxpert segment -m "$model" -i scan.png -o taken.bmp --overwrite --json "$@" >taken.out 2>taken.err
    holds "$*: exit code 0" test $? -eq 0
    holds "$*: the mask of $twin" cmp taken.bmp twin.bmp
    if [ -n "$warning" ]; then
        holds "$*: a warning" grep -qF -- "$warning" taken.err
        holds "$*: in the report too" grep -qF -- "$warning" taken.out
    else
        holds "$*: no warning" test ! -s taken.err
    fi
}

taken 'passes the edge' 0,0,95,71 --prompts whole_image.json
taken 'passes the edge' 38,14,95,71 --prompts exclusive_right_edge.json
taken 'its corners are swapped; 38,14,77,51 is taken' 38,14,77,51 --prompts swapped_corners.json
taken 'its corners are swapped' 38,14,77,51 --box 77,51,38,14
taken 'its corners are swapped' 38,14,77,51 --box 77,14,38,51
taken 'if x, y, width and height are meant, its corners are 38,14,76,50' 38,14,39,37 --prompts xywh.json
taken 'coordinates are pixels, not fractions of the image' 0.4,0.2,0.8,0.7 --prompts normalized.json
taken 'is smaller than two pixels' 4,4,5,5 --box 4,4,5,5
taken '' 38,14,77,51 --prompts crlf.jsonl
taken '' 38,14,77,51 --prompts bom.json
taken '' 38,14,77,51 --box 38,14,77,51 -t 0
printf '{"objects": [{"boxes": [38, 14, 77, 51]}]}' >bare.json
taken '' 38,14,77,51 --prompts bare.json
refused 3 'with x and y exchanged it would lie inside' segment -q -m "$model" -i scan.png -o no.png --prompts yxyx.json
refused 3 'is no JSON' segment -q -m "$model" -i scan.png -o no.png --prompts comma.json
refused 3 'without a folder' segment -q -m "$model" -i scan.png -o no.png --prompts other_folder.json

# Points: x,y means inside, in a flag and in a file; an edge is cut as that of a box.
segment -i scan.png --point 57,32:+ -o plus.bmp
segment -i scan.png --point 57,32 -o plain.bmp
segment -i scan.png --prompts points_pairs.json -o pairs.bmp
holds '--point x,y is a point inside' cmp plus.bmp plain.bmp
holds 'so is [x, y] in a file' cmp plus.bmp pairs.bmp
voxpert segment -m "$model" -i scan.png --point 96,72 -o edge.bmp >/dev/null 2>edge.err
segment -i scan.png --point 95,71 -o last.bmp
holds 'a point on the edge is the last pixel' cmp edge.bmp last.bmp
holds 'and that is said' grep -q 'less than a pixel outside' edge.err

# Of several objects, and of a folder, each warning says where it belongs.
voxpert segment -m "$model" -i scan.png --box 1,1,40,40 --box 77,51,38,14 --json -o two.png >two.out 2>two.err
holds 'the object is named' grep -q 'object 2: box 77,51,38,14: its corners are swapped' two.err
mkdir folder && cp scan.png folder/
voxpert segment -m "$model" -i folder -o masks --prompts swapped_corners.json --progress none >/dev/null 2>folder.err
holds 'the image is named' grep -q 'folder/scan.png: object 1: box .* swapped' folder.err
holds 'the report of the folder has it' grep -q '"warnings":\["object 1: box .* swapped' masks/report.jsonl
conclude
