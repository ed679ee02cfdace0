#!/usr/bin/env bash
# `voxpert segment` with experts: --expert and --routing-csv, for an image and for folders that are resumed.
. tests/cli/_cli.sh
. tests/cli/_experts.sh
cd "$work" || exit 1
ask() {
    local replace=--overwrite
    case " $* " in *' --resume '*) replace= ;; esac
    voxpert segment -q $replace -m "$adapter" --base "$base" "$@"
}

# ---- One image
ask -i "$picture" --box 20,20,90,80 --box 5,5,50,50 --routing-csv one.csv -o one.png
experts route -q -m "$adapter" -i "$picture" --box 20,20,90,80 --box 5,5,50,50 --csv route.csv
holds 'the lines are those of experts route' cmp one.csv route.csv
holds 'two objects of two layers and two tokens' test "$(wc -l <one.csv)" -eq 9
ask -i "$picture" --prompt-free --routing-csv free.csv
holds 'it is an output of its own' test "$(wc -l <free.csv)" -eq 5
ask -i "$picture" --prompt-free --expert 2 --routing-csv two.csv --logits two.npy
ask -i "$picture" --prompt-free --expert auto --routing-csv auto.csv --logits auto.npy
holds '--expert auto lets the router decide' cmp auto.csv free.csv
holds '--expert 2 sends all there' test "$(cut -d, -f12 two.csv | sort -u | tr '\n' ' ')" = '2 expert '
holds 'and that is another mask' test "$(cksum <two.npy)" != "$(cksum <auto.npy)"

printf '{"objects": [{"boxes": [[20,20,90,80]], "expert": "3"}, {"boxes": [[5,5,50,50]], "expert": "auto"}]}' >each.json
ask -i "$picture" --prompts each.json --routing-csv each.csv --json >each.out
holds 'an object of a prompts file may name its own' test "$(grep ',1,[12],[12],' each.csv | cut -d, -f2,12 | grep '^1,' | sort -u)" = 1,3
holds 'the router decides for the others' diff <(grep '074.png,2,' each.csv | cut -d, -f2-14) <(grep '074.png,2,' one.csv | cut -d, -f2-14)
holds 'the report tells it as a file does' grep -q '"expert": "3"' each.out
ask -i "$picture" --prompts each.json --expert 2 --routing-csv each2.csv
holds 'the flag is for those that name none' test "$(cut -d, -f2,12 each2.csv | sort -u | tr '\n' ' ')" = '1,3 2,2 object,expert '

# ---- Folders
for name in 003 015 074; do
    echo "{\"image\": \"$name.png\", \"objects\": [{\"boxes\": [[10, 10, 50, 50]]}, {\"boxes\": [[5, 20, 60, 60]]}]}"
done >asked.jsonl
[ -e "$data/015.png" ] || sed -i '/015/d' asked.jsonl
images=$(wc -l <asked.jsonl)
ask -i "$data" --prompts asked.jsonl -o whole --routing-csv whole.csv
holds 'a folder has one file with all its images' test "$(wc -l <whole.csv)" -eq $((1 + images * 8))
ask -i "$data" --prompts asked.jsonl -o whole --routing-csv again.csv --resume
holds 'the same where nothing was left to do' cmp whole.csv again.csv
ask -i "$data" --prompts asked.jsonl -o part
sed -i 2,\$d part/report.jsonl
ask -i "$data" --prompts asked.jsonl -o part --routing-csv part.csv --resume --json >part.json
holds 'one case was skipped' test "$(field skipped part.json)" -eq 1
holds 'the same where some was' cmp whole.csv part.csv
ask -i "$data" --prompts asked.jsonl -o whole --expert 3 --routing-csv three.csv --resume --json >three.json
holds 'another expert is another result' test "$(field skipped three.json)" -eq 0
holds 'and the lines are of it' test "$(cut -d, -f12 three.csv | sort -u | tr '\n' ' ')" = '3 expert '
ask -i "$data" --prompt-free -o free --routing-csv all.csv
holds 'without a prompt every image of a folder is asked' test "$(wc -l <all.csv)" -eq $((1 + 4 * $(ls "$data" | wc -l)))
holds 'as it is alone' diff <(grep '/074.png' all.csv | cut -d, -f2-) <(grep 074.png free.csv | cut -d, -f2-)
ask -i "$data" --prompt-free -o free --resume --json >free.json
holds 'and not again' test "$(field done free.json)" -eq 0
cp "$data"/* . && mkdir bad && cp "$data"/* bad && echo nothing >bad/074.png
code=0
ask -i bad --prompts asked.jsonl -o bad_out --routing-csv bad.csv || code=$?
holds 'a case that failed has no lines, the others have' test $code -eq 1 -a "$(wc -l <bad.csv)" -eq $((1 + (images - 1) * 8))

# ---- Refusals
sed 's/"3"/"nobody"/' each.json >nobody.json
refused 3 'nobody.json: object 1: expert "nobody"' segment -m "$adapter" --base "$base" -i "$picture" --prompts nobody.json -o no.png
refused 2 'has no experts, so nothing is routed' segment -m "$base" -i "$picture" --box 20,20,90,80 --routing-csv no.csv
refused 2 'has no experts' segment -m "$base" -i "$picture" --box 20,20,90,80 --expert 1 -o no.png
refused 2 'none of that name or number' segment -m "$adapter" --base "$base" -i "$picture" --box 20,20,90,80 --expert 4 -o no.png
refused 2 'none of that name or number' segment -m "$adapter" --base "$base" -i "$picture" --box 20,20,90,80 --expert skin -o no.png
refused 2 'must end with .csv' segment -m "$adapter" -i "$picture" --box 20,20,90,80 --routing-csv no.txt
refused 2 'must end with .csv' segment -m "$adapter" -i "$data" --prompts asked.jsonl -o no --routing-csv no.txt
refused 2 'comes from --prompts' segment -m "$adapter" --base "$base" -i "$data" --prompt-free --box 20,20,90,80 -o no
refused 2 'does not go with --everything' segment -m "$adapter" -i "$picture" --everything --routing-csv no.csv -o no.png
holds 'nothing was written' test ! -e no.csv -a ! -e no.png -a ! -e no
conclude
