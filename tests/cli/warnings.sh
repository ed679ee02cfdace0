#!/usr/bin/env bash
# What reading gives a warning of is printed once, and stands in --json and in each report of the verb.
. tests/cli/_cli.sh
. tests/cli/_experts.sh
cd "$work" || exit 1
cp -r "$shared/field/cases/43-pair-photo-upside-down" photo && chmod -R u+w photo
sentence='photo/images/a.jpg: is turned by its EXIF orientation'

# reports NAME COUNT: of the standard error in said.err, and of the report in said.json
reports() {
    holds "$1: printed once" test "$(grep -c "$sentence" said.err)" -eq 1
    holds "$1: in --json once" test "$(grep -c "^    \"$sentence" said.json)" -eq 1
}
# stands FILE: the sentence is in it
stands() { holds "it is in $1" grep -qF "$sentence" "$1"; }

voxpert train -m "$base" --measure train --data photo:train >said.out 2>said.err || exit 1
holds 'train --measure: in the table' grep -q "^- Warning: .*EXIF orientation" said.out
voxpert train -m "$base" --measure train --data photo:train --json >said.json 2>said.err || exit 1
reports 'train --measure'

voxpert train -m "$base" --data photo:train --out run --steps 1 --batch 1 --validate-every 0 --progress none --json >said.json 2>said.err || exit 1
reports train
stands run/summary.json
holds 'summary.json is JSON' python3 -m json.tool run/summary.json

voxpert check photo --quality -o quality --json >said.json 2>said.err
reports 'check --quality'
for file in quality.json quality.csv; do stands "quality/$file"; done
holds 'too few cases for limits of its own is a warning of the report' grep -q '"photo: too few cases' quality/quality.json
holds 'every row of quality.csv has as many fields' python3 -c \
    'import csv; assert len({len(r) for r in csv.reader(open("quality/quality.csv"))}) == 1'

voxpert evaluate -m "$base" --data photo --clicks 1 -o clicks --json >said.json 2>said.err || exit 1
reports 'evaluate --clicks'
stands clicks/clicks.json
holds 'clicks.md too' grep -q '^- Warning: .*EXIF orientation' clicks/clicks.md
voxpert evaluate -m "$base" --data photo --part all -o maps --json >said.json 2>said.err || exit 1
reports 'evaluate --data'
for file in table.md summary.json paper.md paper.csv paper.tex; do
    holds "evaluate --data: $file" grep -q 'EXIF orientation' "maps/$file"
done
holds 'every row of paper.csv has as many fields' python3 -c \
    'import csv; assert len({len(r) for r in csv.reader(open("maps/paper.csv"))}) == 1'
holds 'in paper.tex it is a comment' grep -q '^% Warning .*EXIF' maps/paper.tex

voxpert segment -m "$base" --data photo --part all -o masks --json >said.json 2>said.err || exit 1
reports 'segment --data'
stands masks/report.jsonl

experts prune -m "$adapter" --data photo --part all -o pruned.safetensors --json >said.json 2>said.err || exit 1
holds 'experts prune: printed once' test "$(grep -c "$sentence" said.err)" -eq 1
stands said.json
stands pruned.prune.json

voxpert evaluate -q -m "$base" --data photo --part all -o case || exit 1
holds 'evaluate --data: cases.csv' grep -q 'EXIF orientation' case/cases.csv
rows_are_even() { python3 -c 'import csv, sys; assert len({len(r) for r in csv.reader(open(sys.argv[1]))}) == 1' "$1"; }
holds 'every row of cases.csv has as many fields' rows_are_even case/cases.csv

# ---- Tables of segment and stats
printf 'image,x0,y0,x1,y1\na.jpg,40,30,10,5\n' >swapped.csv
voxpert segment -q -m "$base" -i photo/images --prompts swapped.csv -o swapped -r swapped_report.csv || exit 1
holds 'segment: swapped corners are in the table' grep -q 'its corners are swapped' swapped_report.csv
holds 'every row of the report has as many fields' rows_are_even swapped_report.csv
mkdir -p sizes/images sizes/masks
for name in 001 074; do cp "$shared/data/2d/micro_wbc/images/$name".* sizes/images; done
cp "$shared/data/2d/micro_wbc/masks/001".* sizes/masks
cp "$shared/data/2d/micro_wbc/images/074.png" sizes/masks/074.png # in colour: no label map
voxpert stats -i sizes/images -s sizes/masks -o sizes.csv >said.out 2>said.err
holds 'stats: one case that cannot be used is exit code 1' test $? -eq 1
holds 'it is named' grep -q 'sizes/masks/074.png: .*; the case is left out' said.err
holds 'the others are measured' grep -q '^001.png,1,,1,[1-9]' sizes.csv
holds 'the case has a row with its fault' grep -q '^074.png,,,0,.*sizes/masks/074.png: ' sizes.csv
holds 'every row of the table has as many fields' rows_are_even sizes.csv
voxpert stats -i sizes/images -s sizes/masks --json >said.json 2>/dev/null
holds 'in the JSON it is an error of its case' grep -q '"error": "sizes/masks/074.png' said.json
refused 3 '074.png' stats -i sizes/images/074.png -s sizes/masks/074.png -o none.csv

# ---- Images alone
mkdir cut && cp "$shared/field/cases/01-jpeg-no-eoi/no_eoi.jpg" cut/a.jpg
sentence='cut/a.jpg: JPEG: the end of image (EOI) is missing'
voxpert embed -m "$base" -i cut -o embeddings --json >said.json 2>said.err || exit 1
reports embed
experts route -m "$adapter" -i cut/a.jpg --box 2,2,20,20 --json >said.json 2>said.err || exit 1
reports 'experts route'
conclude
