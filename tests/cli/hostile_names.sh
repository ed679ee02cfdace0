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
holds 'and drawn' sh -c '! command -v gnuplot || head -c 4 odd/curve.png | grep -q PNG'
mkdir maps
cp set/masks/* maps
holds 'labels of odd names are drawn' voxpert evaluate -q -p maps -g maps --labels "$odd=1" -o maps_out
holds 'the figure is there' sh -c '! command -v gnuplot || test -s maps_out/boxes.png'

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
conclude
