#!/usr/bin/env bash
# Prompts from spreadsheets, and reports for them.
. tests/cli/_cli.sh
cd "$work" || exit 1
mkdir in
cp "$picture" in/a.png
cp "$picture" in/b.png
cat >p.jsonl <<'JSON'
{"image": "a.png", "objects": [{"label": "cell", "value": 3, "boxes": [[10.5,10,70,80]]}, {"label": "cell, \"two\"", "boxes": [[40,30,100,100]]}]}
{"image": "b.png", "objects": [{"points": [{"p": [50,50]}, {"p": [90,90], "positive": false}]}]}
JSON
segment -i in --prompts p.jsonl -o want
same() { # same FILE: the masks of p.jsonl
    segment -i in --prompts "$1" -o got && cmp got/a.png want/a.png && cmp got/b.png want/b.png
}
cat >plain.csv <<'CSV'
image,x0,y0,x1,y1,x,y,positive,label,value,object
a.png,10.5,10,70,80,,,,cell,3,
a.png,40,30,100,100,,,,"cell, ""two""",,
b.png,,,,,50,50,1,,,spot
b.png,,,,,90,90,0,,,spot
CSV
holds 'commas' same plain.csv
sed 's/,/;/g; s/10\.5/10,5/; s/cell; /cell, /' plain.csv >semicolons.csv
holds 'semicolons and decimal commas' same semicolons.csv
tr ';' '\t' <semicolons.csv | sed 's/10,5/10.5/' >tabs.tsv
holds 'tabs' same tabs.tsv
{ printf '\xef\xbb\xbf'; sed 's/$/\r/' plain.csv; printf '\r\n\r\n'; } >windows.csv
tr ';' '\t' <semicolons.csv >commas.tsv
holds 'tabs and decimal commas' same commas.tsv
sed 's/10\.5/"10,5"/' plain.csv >quoted.csv
holds 'decimal commas in quotes' same quoted.csv
sed '1s/^/sep=;\r\n/' semicolons.csv >named.csv
holds 'the separator that a spreadsheet names' same named.csv
tr '\n' '\r' <plain.csv >cr.csv
holds 'lines that end by CR' same cr.csv
sed 's/,/ , /g' plain.csv >blanks.csv
holds 'blanks around fields and quotes' same blanks.csv
printf 'image;x0;y0;x1;y1\na.png;10,500;10;70;80\n' >three.csv
printf 'image,x0,y0,x1,y1\na.png,10.5,10,70,80\n' >point.csv
segment -i in/a.png --prompts three.csv -o three.png && segment -i in/a.png --prompts point.csv -o point.png
holds 'three digits behind a comma between semicolons' cmp three.png point.png
holds 'a byte order mark, CRLF and empty lines' same windows.csv
sed '1s/.*/FileName,xmin,ymin,xmax,ymax,X,Y,Positive,Label,Value,Object/; s/^/"/; s/,/",/' plain.csv >other.csv
sed -i '1s/"FileName"/FileName/' other.csv
holds 'other names of columns, and quotes' same other.csv
printf 'image,x,y,width,height,label,value\na.png,10.5,10,60.5,71,cell,3\na.png,40,30,61,71,,\n' >coco.csv
segment -i in/a.png --prompts coco.csv -o coco.png
holds 'x, y, width, height' cmp coco.png want/a.png
printf 'image,x1,y1,x2,y2,value\na.png,10.5,10,70,80,3\na.png,40,30,100,100,\n' >second.csv
segment -i in/a.png --prompts second.csv -o second.png
holds 'x1, y1, x2, y2' cmp second.png want/a.png
printf 'image,x0,y0,x1,y1,slice\nv.nii,0,0,4,3,k:1\n' >slice.csv
cp "$volume" v.nii
segment -i v.nii --prompts slice.csv -o slice.nii
segment -i v.nii --slice k:1 --box 0,0,4,3 -o flag.nii
holds 'a slice' cmp slice.nii flag.nii
sed '1s/$/,notes,age/; 2s/$/,old,7/' plain.csv >extra.csv
voxpert segment -m "$model" -i in --prompts extra.csv -o extra --progress none >/dev/null 2>extra.err
holds 'columns that mean nothing are named' grep -q 'extra.csv: these columns are not known and not used: "notes", "age"' extra.err

# Lists of boxes as TensorFlow has them: a class is the object's label
printf 'filename,xmin,ymin,xmax,ymax,class\na.png,20,5,60,40,lesion\nb.png,20,5,60,40,lesion\n' >tensorflow.csv
voxpert segment -m "$model" -i in --prompts tensorflow.csv -o classes --report classes.csv --progress none >said 2>classes.err
holds 'a column class beside boxes is taken' test $? -eq 0
holds 'as the label' test "$(grep -c '^in/[ab].png,,1,lesion,' classes.csv)" -eq 2
holds 'which is a warning, once' test "$(grep -c 'the column "class" is taken as the label' classes.err)" -eq 1

bad() { # bad WORD TEXT
    printf "$2" >bad.csv
    refused 3 "$1" segment -q -m "$model" -i in/a.png -o no.png --prompts bad.csv
}
bad 'line 1: must name the columns' 'a.png,1,2,3,4\n'
bad 'line 1: must name the columns' 'image,x0,y0,x1\na.png,1,2,3\n'
bad 'line 1: must name the columns' ''
bad 'line 1: xmin: two columns mean the same' 'image,x0,xmin,y0,x1,y1\n'
bad 'holds no prompts' 'image,x0,y0,x1,y1\n'
bad 'more fields than the first line' 'image,x0,y0,x1,y1\na.png,20,5,20,5,60,5,60,5\n'
bad 'line 2: y1: must be a number' 'image,x0,y0,x1,y1\na.png,1,2,3,\n'
bad 'line 2: x0: must be a number' 'image,x0,y0,x1,y1\na.png,one,2,3,4\n'
bad 'line 2: x0: must be a number' 'image,x0,y0,x1,y1\na.png,nan,2,3,4\n'
bad 'line 2: x0: may be thousands or a fraction' 'image,x0,y0,x1,y1\na.png,"1,234",2,3,4\n'
bad 'line 2: x0: may be thousands or a fraction' 'image\tx0\ty0\tx1\ty1\na.png\t1,234\t2\t3\t4\n'
bad 'line 2: x0: must be a number' 'image,x0,y0,x1,y1\na.png,"1,2,3",2,3,4\n'
bad 'line 2: x0: must be a number' 'image,x0,y0,x1,y1\na.png,"1,234.5",2,3,4\n'
bad 'line 2: width: must be above 0' 'image,x,y,width,height\na.png,50,40,-30,20\n'
bad 'line 2: width: must be above 0' 'image,x,y,w,h\na.png,50,40,0,20\n'
bad 'line 2: height: must be above 0' 'image,x,y,width,height\na.png,50,40,30,-20\n'
bad 'UTF-16' '\xff\xfei\0'
bad 'line 3: image: is empty' 'image,x0,y0,x1,y1\na.png,1,2,30,40\n,1,2,30,40\n'
bad 'line 2: a quote is not closed' 'image,x0,y0,x1,y1\n"a.png,1,2,3,4\n'
bad 'line 2: a quote ends inside a field' 'image,x0,y0,x1,y1\n"a"x,1,2,3,4\n'
bad 'is no UTF-8' 'image,x0,y0,x1,y1,label\na.png,1,2,30,40,caf\xe9\n'
bad 'value: must be a whole number' 'image,x0,y0,x1,y1,value\na.png,1,2,30,40,1.5\n'
bad 'positive: must be' 'image,x,y,positive\na.png,1,2,maybe\n'
bad 'label: another row of the same says otherwise' 'image,x,y,object,label\na.png,1,2,o,a\na.png,3,4,o,b\n'
bad 'has a box already' 'image,x0,y0,x1,y1,object\na.png,1,2,30,40,o\na.png,1,2,30,40,o\n'
bad 'line 2: has neither a box, a point' 'image,x0,y0,x1,y1\na.png,,,,\n'
bad 'a.png has two entries' 'image,x0,y0,x1,y1\na.png,1,2,30,40\nin/a.png,1,2,30,40\n'
bad 'image other/a.png: must be the name of a file of the input' 'image,x0,y0,x1,y1\nother/a.png,1,2,30,40\n'
sed 's/^\([ab]\.png\)/in\/\1/' plain.csv >paths.csv
holds 'images with the folder of the input before them' same paths.csv

# ---- Reports
voxpert segment -q -m "$model" -i in --prompts plain.csv -o out --report areas.csv --json >out.json
holds 'a line for each object' test "$(wc -l <areas.csv)" -eq 4
holds 'its columns' test "$(head -n 1 areas.csv)" = 'image,slice,object,label,value,score,area_px,x,y,width,height,mask,status,message,warnings'
command -v python3 >/dev/null || echo 'skipped: digits of scores need python3'
! command -v python3 >/dev/null || holds 'scores have all digits' python3 -c '
import csv, json
lines, report = list(csv.DictReader(open("areas.csv"))), [json.loads(line) for line in open("out/report.jsonl")]
objects = [o for image in report for o in image["objects"]]
assert len(lines) == len(objects) == 3
for line, o in zip(lines, objects):
    assert abs(float(line["score"]) - o["score"]) <= 1e-8 * o["score"], (line["score"], o["score"])
    assert [float(line[k]) for k in ("x", "y", "width", "height")] == o["bbox"], line
'
holds 'names are quoted' grep -q '^in/a.png,,2,"cell, ""two""",' areas.csv
voxpert segment -q -m "$model" -i in/b.png --point 50,50 --point 90,90:- --report one.csv -o one.png --json >one.json
holds 'areas are those of the report' test "$(sed -n '2p' one.csv | cut -d, -f7)" = "$(field area one.json)"
holds 'of an image as of a folder' test "$(tail -n 1 areas.csv | cut -d, -f3-11)" = "$(tail -n 1 one.csv | cut -d, -f3-11 | sed 's/,255,/,255,/')"
holds 'the folder has its report.jsonl all the same' test -s out/report.jsonl
rm areas.csv
voxpert segment -q -m "$model" -i in --prompts plain.csv -o out --report areas.csv --resume
holds 'whole after --resume too' test "$(wc -l <areas.csv)" -eq 4
refused 6 'one.csv: is there already' segment -q -m "$model" -i in/b.png --point 50,50 --report one.csv
printf 'no picture' >in/c.png
printf 'c.png,1,1,20,20,,,,,,\n' >>plain.csv
voxpert segment -q -m "$model" -i in --prompts plain.csv -o bad --report bad_areas.csv >/dev/null 2>&1
holds 'what failed has a line, and why' grep -q '^in/c.png,,,,,,,,,,,,failed,' bad_areas.csv

# ---- The built-in model has a name
if ! voxpert info | grep -q '^built_in_model *no model'; then
    voxpert segment -q -i in/a.png --box 20,20,90,80 -o unnamed.png
    voxpert segment -q -m built-in -i in/a.png --box 20,20,90,80 -o named.png
    holds '-m built-in' cmp unnamed.png named.png
    holds 'convert -m built-in' voxpert convert -q -m built-in -o built.safetensors
    voxpert segment -q -m built.safetensors -i in/a.png --box 20,20,90,80 -o converted.png
    holds 'it is the same model' cmp unnamed.png converted.png
    holds 'embed -m built-in' voxpert embed -q -m built-in -i in/a.png -o a.safetensors
fi
conclude
