#!/usr/bin/env bash
# `voxpert experts prune`: what is left is as good as it says, and runs wherever an adapter does.
# What is begun in the background ignores SIGINT, and so would the program.
[ -n "${signals_reset:-}" ] || signals_reset=1 exec env --default-signal=INT bash "$0" "$@"
. tests/cli/_cli.sh
. tests/cli/_experts.sh
cd "$work" || exit 1
blood_cells 001 002 003 004
teach wide --recipe segmote -m "$base" --tokens 4 --experts 3 --rank 4 --steps 20
wide=$work/wide/model.safetensors
prune() { experts prune -m "$wide" --data cells:nested --part all "$@"; }
numbers() { experts list -m "$1" | sed -n '1s/.*: \([0-9]* tokens, [0-9]* experts\),.*/\1/p'; }

# ---- As little as may be
prune -o least.safetensors --tolerance 1 >said.txt 2>/dev/null || exit 1
holds 'where any score will do, one of each is left' test "$(numbers least.safetensors)" = '1 tokens, 1 experts'
holds 'each step is a line' test "$(grep -c '	removed$' said.txt)" -eq 5
holds 'start and end are told' sh -c 'grep -q "^start	4 tokens	3 experts	" said.txt && grep -q "^end	1 tokens	1 experts	" said.txt'
holds 'and where it all is' test "$(tail -n 2 said.txt | tr '\n' ' ')" = 'least.safetensors least.prune.json '
holds 'the report says the same' test "$(grep -c '"removed": true' least.prune.json)" -eq 5
holds 'the base is still the same one' cmp <(experts list -m least.safetensors | grep '^base') <(experts list -m "$wide" | grep '^base')
holds 'it segments' voxpert segment -q -m least.safetensors --base "$base" -i "$picture" --box 20,20,90,80 -o mask.png
teach again --recipe segmote -m least.safetensors --base "$base" --steps 4
holds 'it learns on' test "$(numbers again/model.safetensors)" = '1 tokens, 1 experts'
prune -q -o two.safetensors --tolerance 1 --min-tokens 3 --min-experts 2
holds 'no fewer than are asked for' test "$(numbers two.safetensors)" = '3 tokens, 2 experts'

# ---- As good as before
prune -q -o good.safetensors --tolerance 0 --json >good.json
holds '--json names both files' sh -c 'grep -q "\"output\": \"good.safetensors\"" good.json && grep -q "\"report\": \"good.prune.json\"" good.json'
field score good.prune.json >scores
holds 'nothing is lost where nothing may be' awk 'NR == 1 { a = $1 } NR == 2 { b = $1 } END { exit !(NR == 2 && b >= a && a > 0) }' scores
measured() { # measured MODEL: box, one click, no prompt
    voxpert evaluate -q -m "$1" --base "$base" --data cells:nested --clicks 1 --no-zoom --prompt-free -o "seen_$1"
    sed -n 's/^"cells, innermost",[^,]*,[^,]*,[^,]*,//p' "seen_$1/curve.csv"
    sed -n '/innermost/,/prompt_free/s/.*"prompt_free".*"Dice": \([0-9.]*\).*/\1/p' "seen_$1/clicks.json"
}
{ field box good.prune.json; field clicks good.prune.json | tail -n 2; field prompt_free good.prune.json; } >said.txt
measured good.safetensors >measured.txt
holds 'evaluate says the same of what is left' awk 'NR == FNR { d[NR] = $1; next }
    { v[FNR] = $1 } END { close_to(d[2], v[1]); close_to(d[4], v[3]); close_to(d[6], v[4]); exit bad }
    function close_to(a, b) { if (a == "" || b == "" || (a - b) ^ 2 > 1e-12) bad = 1 }' said.txt measured.txt
for threads in 1 3; do prune -q -o "t$threads.safetensors" --tolerance 0.01 -t $threads; done
holds 'the same bytes with 1 and 3 threads' sh -c 'cmp t1.safetensors t3.safetensors && cmp t1.prune.json t3.prune.json'
prune -q -o box.safetensors --ask box,clicks --clicks 3 --most 2
holds 'only what was asked is told' sh -c 'grep -q "\"box\"" box.prune.json && ! grep -q prompt_free box.prune.json && grep -q "\"clicks\": 3" box.prune.json'

# ---- Refusals, which leave every file as it was
prune=(experts prune -m "$wide" --base "$base" --data cells:nested --part all)
refused 6 'good.safetensors: is there already' "${prune[@]}" -o good.safetensors
mv good.prune.json kept.json && touch no.prune.json
refused 6 'no.prune.json: is there already' "${prune[@]}" -o no.safetensors
rm no.prune.json
prune -q -o good.safetensors --tolerance 1 --overwrite
holds '--overwrite replaces both' test "$(numbers good.safetensors)" = '1 tokens, 1 experts' -a -s good.prune.json
refused 2 'would replace the input' experts prune -m good.safetensors --base "$base" --data cells -o good.safetensors --overwrite
refused 2 'has no experts' experts prune -m "$base" --data cells -o no.safetensors
refused 2 '--data is needed' experts prune -m "$wide" --base "$base" -o no.safetensors
refused 2 '--output is needed' experts prune -m "$wide" --base "$base" --data cells
refused 2 '--model is needed' experts prune --data cells -o no.safetensors
refused 2 'must end with .safetensors' "${prune[@]}" -o no.pth
refused 2 '--tolerance 2' "${prune[@]}" -o no.safetensors --tolerance 2
refused 2 '--ask boxes' "${prune[@]}" -o no.safetensors --ask boxes
refused 2 '--part some' experts prune -m "$wide" --data cells --part some -o no.safetensors
refused 2 'no fewer than 5 are to be left' "${prune[@]}" -o no.safetensors --min-tokens 5
refused 2 'no fewer than 4 are to be left' "${prune[@]}" -o no.safetensors --min-experts 4
other both --kept 2
refused 2 'keeps 2 experts of a token' experts prune -m "$both" --base "$base" --data cells --part all -o no.safetensors --min-experts 1
other mute --prompt-tokens 0
refused 2 'makes no prompt tokens' experts prune -m "$mute" --base "$base" --data cells --part all -o no.safetensors --ask prompt-free
refused 3 nowhere experts prune -m "$wide" --base "$base" --data nowhere -o no.safetensors
mkdir -p empty/images empty/masks
refused 3 'no object in the part "validation"' experts prune -m "$wide" --base "$base" --data empty -o no.safetensors
refused 4 'was trained on a base of identity' experts prune -m "$wide" --base "$stranger" --data cells -o no.safetensors
refused 5 '--max-memory' "${prune[@]}" --max-memory 1K -o no.safetensors
refused 6 'nowhere/no.safetensors' "${prune[@]}" -o nowhere/no.safetensors
holds 'nothing is left of them' test -z "$(find . -name '*no.*' -o -name '.*.safetensors*')"

# ---- Cut off
mkdir cut
set -m # background jobs may be interrupted
reported() { [ "$(wc -l <progress.json)" -ge "$1" ]; }
for lines in 0 1 2; do
    : >progress.json
    "$VOXPERT" "${prune[@]}" --progress json -o cut/some.safetensors --overwrite --ask clicks --clicks 50 -t 1 >out 2>progress.json &
    wait_until reported $lines
    kill -s INT %% 2>/dev/null
    wait %%
    code=$?
    holds "cut off after $lines lines of progress it ends with 130" test $code -eq 130 -o $code -eq 0
    [ $code -eq 0 ] || [ $lines -eq 0 ] || holds "with one sentence after $lines lines of progress" test "$(grep -c 'voxpert experts: interrupted.*no results were written' progress.json)" -eq 1
    holds "and leaves nothing unfinished after $lines lines of progress" test -z "$(find cut -name '.*' -type f)"
    [ $code -eq 0 ] || holds "nor a result after $lines lines of progress" test -z "$(find cut -type f)"
    rm -f cut/*
done
conclude
