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

# ---- Images alone
mkdir cut && cp "$shared/field/cases/01-jpeg-no-eoi/no_eoi.jpg" cut/a.jpg
sentence='cut/a.jpg: JPEG: the end of image (EOI) is missing'
voxpert embed -m "$base" -i cut -o embeddings --json >said.json 2>said.err || exit 1
reports embed
experts route -m "$adapter" -i cut/a.jpg --box 2,2,20,20 --json >said.json 2>said.err || exit 1
reports 'experts route'
conclude
