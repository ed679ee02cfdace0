#!/usr/bin/env bash
# Names that would be commands of a script, sequences of a terminal or columns of a table: nothing of
# them runs, none of their control characters is printed, tables stay tables.
. tests/cli/_cli.sh
cd "$work" || exit 1
source=$shared/data/2d/derm_ph2
lesion=$(ls "$source/images" | head -n 1)
mkdir -p set/images set/masks
cp "$source/images/$lesion" set/images
cp "$source/masks/${lesion%.*}".* set/masks
click=(evaluate -q -m "$model" --clicks 1)

# unharmed WHAT: no command of a name was run
unharmed() {
    holds "nothing was run: $1" test -z "$(find "$work" -name PWNED)"
    find "$work" -name PWNED -delete
}

# ---- gnuplot: a name that ends its line in a script and goes on with a command
printf '{"format": "voxpert-list", "version": 1, "data": "../set", "name": %s, "cases": [%s]}' \
    '"x\nsystem \"touch PWNED\"\n#"' "\"${lesion%.*}\"" >list.json
mkdir lists && mv list.json lists
refused 3 'control character' "${click[@]}" --data lists/list.json -o bad
cp -r set 'x
system "touch PWNED"
#'
refused 3 'control character' "${click[@]}" --data 'x
system "touch PWNED"
#' -o bad
# Quotes, backquotes, backslashes and a variable's value are a name as any other
odd='it'\''s "`touch PWNED`" $(touch PWNED) \a @x {Bold}'
cp -r set "$odd"
holds 'a set of an odd name is measured' voxpert "${click[@]}" --data "$odd" -o odd
a_program gnuplot 'figures of odd names' && holds 'and drawn' sh -c 'head -c 4 odd/curve.png | grep -q PNG'
mkdir maps
cp set/masks/* maps
holds 'labels of odd names are drawn' voxpert evaluate -q -p maps -g maps --labels "$odd=1" -o maps_out
a_program gnuplot 'figures of label maps' && holds 'the figure is there' test -s maps_out/boxes.png

unharmed 'names in scripts'

# ---- gnuplot: neither a start-up file nor a program of the working folder
printf 'system "touch PWNED"\n' >.gnuplot
cp .gnuplot gnuplotrc
mkdir start
cp .gnuplot start
holds 'figures are drawn where a .gnuplot lies' voxpert evaluate -q -p maps -g maps -o start
unharmed 'a .gnuplot of the working folder and of that of the results'
HOME=$work GNUPLOT_LIB=$work holds 'and where one lies at home' voxpert evaluate -q -p maps -g maps -o home
unharmed 'a .gnuplot of the home folder'
printf '#!/bin/sh\ntouch "%s/PWNED"\n' "$work" >gnuplot
chmod +x gnuplot
for folders in '' . :/nowhere /nowhere: ./; do
    rm -rf planted
    PATH=$folders "$VOXPERT" evaluate -q -p maps -g maps -o planted
    holds "a gnuplot of the working folder is not run (PATH=$folders)" test ! -e planted/boxes.png
done
# results in a folder with such a program, and evaluated from there
cp gnuplot maps_out
(cd maps_out && PATH=:$PATH "$VOXPERT" evaluate -q -p ../maps -g ../maps -o . --overwrite)
unharmed 'a program of the working folder'
rm -f gnuplot .gnuplot gnuplotrc

# ---- The terminal: escape sequences, a bell and a newline of names are printed as \\xNN, by every verb
bad=$'a\033[31mb\007\nvoxpert: all is well'
mkdir hostile && cp "set/images/$lesion" "hostile/$bad.${lesion##*.}"
mkdir hostile_masks && cp maps/* "hostile_masks/$bad.png"
image="hostile/$bad.${lesion##*.}" mask="hostile_masks/$bad.png"
is_clean() { ! LC_ALL=C grep -qP '[\x01-\x08\x0b-\x1f\x7f]' "$1" && ! grep -q '^voxpert: all is well' "$1"; }
# clean WHAT ARGUMENT...: whatever becomes of it, no control character reaches the terminal
clean() {
    local what=$1
    shift
    "$VOXPERT" "$@" >"$work/.terminal" 2>&1 </dev/null
    holds "$what is printed clean" is_clean "$work/.terminal"
    holds "$what names it" grep -qF 'x1B[31mb' "$work/.terminal"
}
clean 'info' info "$image"
clean 'info of what is no image' info "hostile_masks/none$bad"
clean 'segment' segment -m "$model" -i "$image" --box 20,20,90,80 -o "hostile/$bad-mask.png" --no-zoom
clean 'segment of a folder' segment -m "$model" -i hostile --prompt-free -o "out$bad"
clean 'embed' embed -m "$model" -i "$image" -o "none$bad/x"
clean 'convert' convert -m "$model" -o "converted$bad.safetensors"
clean 'convert of no model' convert -m "$mask" -o x.safetensors
clean 'train' train --out "run$bad" -m "$mask" --shapes 4 --steps 1
clean 'check' check "hostile$bad"
clean 'evaluate' evaluate -p "$mask" -g "$mask" -o "report$bad" --format csv
clean 'evaluate of labels' evaluate -p "$mask" -g "$mask" --labels "$bad=1"
clean 'evaluate with another' evaluate -p hostile_masks -g hostile_masks --compare hostile_masks -o compared --labels "$bad=1"
clean 'stats' stats -i "$image" -s "$mask" -o "stats$bad.csv"
clean 'experts' experts list -m "$mask"
clean 'an unknown verb' "seg$bad"
clean 'an unknown flag' segment "--$bad"

# ---- Tables stay tables
csv_fields() { # the numbers of fields that rows have, quotes heeded
    awk 'BEGIN { RS = "\003" } { n = split($0, c, ""); q = 0; f = 1; for (i = 1; i <= n; i++) {
        if (c[i] == "\"") q = !q; else if (c[i] == "," && !q) f++; else if (c[i] == "\n" && !q) { print f; f = 1 } } }' "$1" | sort -u | wc -l
}
comma='a,"b"|c'
mkdir tables && cp maps/* "tables/$comma.png"
printf '{"labels": {"background": 0, "a,\\"b\\"|c": 1}}' >names.json
voxpert evaluate -q -p tables -g tables -o tables_out --labels names.json --compare tables || exit 1
for file in cases.csv paper.csv; do holds "$file: all rows have as many fields" test "$(csv_fields tables_out/$file)" -eq 1; done
holds 'a bar does not end a column' sh -c '[ "$(grep "^| 1 a" tables_out/table.md | sed "s/\\\\|//g" | tr -cd "|\n" | sort -u | wc -l)" -eq 1 ]'
voxpert stats -q -i tables -s tables -o tables.csv --labels names.json || exit 1
holds 'stats: all rows have as many fields' test "$(csv_fields tables.csv)" -eq 1

# ---- Names that are no UTF-8 are measured as any other, and JSON stays JSON
latin=$(printf 'caf\351')
mkdir "$latin" && cp maps/* "$latin/$latin.png"
voxpert evaluate -p "$latin" -g "$latin" -o latin_out --metrics dice >said 2>/dev/null || exit 1
holds 'a case of a Latin-1 name counts' grep -q '^1 case$' said
holds 'its summary is UTF-8' iconv -f UTF-8 -t UTF-8 latin_out/summary.json
holds 'and can be read again' voxpert evaluate -q -p "$latin" -g "$latin" --compare latin_out/summary.json --metrics dice
voxpert stats -i "$latin" -s "$latin" >said.json 2>/dev/null || exit 1
holds 'stats in UTF-8' iconv -f UTF-8 -t UTF-8 said.json
mkdir -p pairs/images pairs/masks
cp "$picture" "pairs/images/$latin.png" && cp "$shared/data/2d/micro_wbc/masks/074.png" "pairs/masks/$latin.png"
refused 3 'caf\xE9: the name is not UTF-8' train -q -m "$model" --data pairs:train --out latin_run --steps 1 --batch 1
refused 3 'caf\xE9: the name is not UTF-8' check -q --write-split latin.json pairs
holds 'no split of it is left' test ! -e latin.json
conclude
