#!/usr/bin/env bash
# Names that hold commands, quotes, control characters and broken UTF-8, through every verb: nothing is executed,
# nothing printed raw, and JSON and CSV stay JSON and CSV.
. tests/cli/_cli.sh
. tests/cli/_experts.sh
command -v python3 >/dev/null || { echo 'skipped: hostile names need python3, which reads JSON and CSV'; exit 77; }
mkdir "$work/sandbox" && cd "$work/sandbox" || exit 1

names=(
    $'line\nsystem "touch PWNED"\n#'
    $'a.x\'$(touch PWNED)`touch PWNED`"; touch PWNED;\' %s%n\\input{PWNED}&|<b>'
    $'esc\e]0;title\a\e[31mred\x7f\xc2\x9b31m,"quoted",'
    $'bad\xff\xc3utf8'
    '-rf'
)

# What a verb printed: exit code, bytes, JSON; and every JSON, CSV, TeX and script that it left. One process
# looks at all of them: it reads "CODE text" or "CODE json" and answers with the number of faults, and these.
cat >"$work/inspect.py" <<'PYTHON'
import csv, json, os, re, sys
out, err, folder = sys.argv[1:]
faults = []
def look(path, what, strict_json=False):
    data = open(path, "rb").read()
    try:
        text = data.decode()
    except UnicodeDecodeError as e:
        faults.append(f"{what}: no UTF-8: {e}")
        return None
    # JSON's own rules let DEL and C1 stand in a string; a terminal may not see them.
    raw = re.search("[\x00-\x08\x0b-\x1f]" if strict_json else "[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    if raw:
        faults.append(f"{what}: raw control character {raw.group()!r} in {text[max(0, raw.start() - 40):raw.start()]!r}")
    if re.search('^system "touch', text, re.M):
        faults.append(f"{what}: the second line of a name begins a line")
    return text
def inspect(code, wants_json):
    if code not in (0, 1, 2, 3, 4, 6):
        faults.append(f"exit code {code}")
    printed = look(out, "stdout", open(out, "rb").read(1) == b"{")
    look(err, "stderr")
    if wants_json and printed is not None:
        try:
            json.loads(printed)
        except ValueError as e:
            faults.append(f"--json: {e}: {printed[:80]!r}")
    for root, _, files in os.walk(os.fsencode(folder)):
        for name in files:
            path = os.path.join(root, name)
            if name == b"PWNED":
                faults.append("a command ran")
            ending = name.rsplit(b".", 1)[-1]
            if ending not in (b"json", b"jsonl", b"csv", b"md", b"tex", b"gp", b"svg"):
                continue
            what = os.fsdecode(name)[-24:]
            if ending == b"csv":
                try:
                    rows = list(csv.reader(open(path, encoding="utf-8", newline=""), strict=True))
                    if len({len(r) for r in rows}) > 1:
                        faults.append(f"{what!r}: rows of {sorted({len(r) for r in rows})} columns")
                except (csv.Error, UnicodeDecodeError) as e:
                    faults.append(f"{what!r}: {e}")
                continue
            text = look(path, repr(what), ending.startswith(b"json"))
            if text is None:
                continue
            try:
                for part in text.splitlines() if ending == b"jsonl" else [text] if ending == b"json" else []:
                    json.loads(part)
            except ValueError as e:
                faults.append(f"{what!r}: {e}")
            if ending == b"tex" and re.search(r"\\input\{PWNED", text):
                faults.append(f"{what!r}: a name is a command of TeX")
for line in sys.stdin:
    code, how = line.split()
    faults.clear()
    inspect(int(code), how == "json")
    lines = "\n".join(faults).splitlines()
    print(len(lines), *lines, sep="\n", flush=True)
PYTHON

coproc INSPECT { exec python3 "$work/inspect.py" "$work/h.out" "$work/h.err" .; }
# inspected CODE HOW: whether the one that looks finds no fault; prints those that it finds
inspected() {
    local count line
    printf '%s %s\n' "$1" "$2" >&"${INSPECT[1]}"
    read -r count <&"${INSPECT[0]}" || { echo 'nothing was inspected' && return 1; }
    for ((line = 0; line < count; line++)); do read -r REPLY <&"${INSPECT[0]}" && printf '%s\n' "$REPLY"; done
    [ "$count" -eq 0 ]
}

# harmless WHAT ARGUMENT...: runs the verb in a fresh folder beside copies of nothing, with and without --json
harmless() {
    local what=$1 how code
    shift
    for how in ${only_text:-text json}; do
        rm -rf out && mkdir out
        voxpert "$@" $([ $how = text ] || echo --json) >"$work/h.out" 2>"$work/h.err" </dev/null
        code=$?
        [ ! -e PWNED ] || echo 'PWNED is there' >>"$work/h.err"
        holds "$what ($how): $(printf '%q' "$*" | cut -c 1-90)" \
            inspected $code $how
    done
}

# ---- Models whose metadata are hostile: every string of an adapter's and of a base's
python3 - "$base" "$adapter" "${names[@]}" <<'PYTHON' || exit 1
import json, os, struct, sys
names = [os.fsencode(n).decode("utf-8", "replace") for n in sys.argv[3:]]
for path, out in ((sys.argv[1], "base"), (sys.argv[2], "adapter")):
    raw = open(path, "rb").read()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + size])
    for i, name in enumerate(names):
        meta = dict(header.get("__metadata__", {}))
        for key in list(meta) + ["licence", "training_data", "labels", "title"]:
            if key not in ("config", "preprocess", "format", "kind"):
                meta[key] = name
        meta[name] = name
        whole = dict(meta)
        text = json.dumps({**header, "__metadata__": meta}).encode()
        text += b" " * (-len(text) % 8)
        open(f"{out}{i}.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + raw[8 + size:])
        meta["config"] = json.dumps({"name": name, name: name})
        text = json.dumps({**header, "__metadata__": meta}).encode()
        text += b" " * (-len(text) % 8)
        open(f"{out}_config{i}.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + raw[8 + size:])
        entry = next(k for k in header if k != "__metadata__")
        renamed = {(name if k == entry else k): v for k, v in header.items()}
        text = json.dumps(renamed).encode()
        text += b" " * (-len(text) % 8)
        open(f"{out}_tensor{i}.safetensors", "wb").write(struct.pack("<Q", len(text)) + text + raw[8 + size:])
PYTHON
for i in "${!names[@]}"; do
    for file in base adapter base_config adapter_config base_tensor adapter_tensor; do
        harmless "metadata $i of $file" info $file$i.safetensors --base "$base"
    done
    harmless "metadata $i" segment -m base$i.safetensors -i "$picture" --box 20,20,90,80 -o out/m.png -r out/r.json
    harmless "metadata $i" convert -m base$i.safetensors -o out/c.safetensors
    harmless "metadata $i" experts list -m adapter$i.safetensors --base "$base"
    harmless "tensor $i" segment -m base_tensor$i.safetensors -i "$picture" --box 20,20,90,80 -o out/m.png
done

# ---- Names of files and folders, and what is written in lists
mask=${picture/images/masks}
number=0
for name in "${names[@]}"; do
    number=$((number + 1))
    set="set$number-$name"
    mkdir -p "./$set/images" "./$set/masks"
    for stem in "$name" "two$name" one three four; do
        cp "$picture" "./$set/images/$stem.png"
        cp "$mask" "./$set/masks/$stem.png"
    done
    rm "./$set/masks/two$name.png"
    cp "$picture" "./$set/images/leftover.$name"
    cp "$base" "./$set/$name.safetensors"
    python3 - "$set" "$name" "$picture" "$mask" <<'PYTHON'
import json, os, sys
folder, name, picture, mask = sys.argv[1:]
clean = os.fsencode(name).decode("utf-8", "replace")
def write(file, value):
    os.makedirs(os.path.dirname(file) or ".", exist_ok=True)
    json.dump(value, open(file, "w"))
write(f"{folder}/prompts.json", [{"image": os.path.basename(picture), "objects": [
    {"label": clean, "boxes": [[20, 20, 90, 80]]}, {"label": "b", "text": clean, "points": [{"p": [50, 50], "positive": True}]}]}])
write(f"{folder}/wrong.json", [{"image": clean, clean: 1, "objects": [{"label": "a", clean: clean}]}])
write(f"{folder}/mask.json", [{"image": os.path.basename(picture), "objects": [{"mask": clean + ".png"}]}])
write(f"{folder}/list.json", {"format": "voxpert-list", "version": 1, "name": clean, "labels": {clean: 1}, "cases": [
    {"name": n, "image": picture, "label": mask, "part": p, "patient": clean, "group": clean}
    for n, p in ((clean, "test"), ("b", "train"), ("c", "validation"))]})
write(f"{folder}/coco.json", {"images": [{"id": 1, "file_name": clean, "width": 9, "height": 9}],
    "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": [[1, 1, 5, 1, 5, 5]]}],
    "categories": [{"id": 1, "name": clean}]})
raw = folder + "/nn"
write(f"{raw}/dataset.json", {"channel_names": {"0": clean}, "labels": {"background": 0, clean: 1}, "numTraining": 3,
    "file_ending": ".png", "name": clean})
for d in ("imagesTr", "labelsTr"):
    os.makedirs(f"{raw}/{d}")
for stem in (name, "one", "two"):
    open(f"{raw}/imagesTr/{stem}_0000.png", "wb").write(open(picture, "rb").read())
    open(f"{raw}/labelsTr/{stem}.png", "wb").write(open(mask, "rb").read())
open(f"{raw}/imagesTr/{name}.png", "wb").write(open(picture, "rb").read())
with open(f"{folder}/boxes.csv", "w", newline="") as f:
    f.write("image,x0,y0,x1,y1,label\n" + '"%s",20,20,90,80,"%s"\n' % ((clean.replace('"', '""'),) * 2))
PYTHON
    file="./$set/images/$name.png" folder="./$set"
    harmless 'image' info "$file"
    harmless 'image' segment -m "$base" -i "$file" --box 20,20,90,80 -o out/m.png --rle out/r.json -r out/s.json
    harmless 'output' segment -m "$base" -i "$picture" --box 20,20,90,80 -o "out/$name.png" --overlay "out/o$name.png"
    harmless 'folder' segment -m "$base" -i "$folder/images" -o out/all --everything --points-per-side 2
    harmless 'folder with report' segment -m "$adapter" --base "$base" -i "$folder/images" -o out/all --prompt-free \
        --routing-csv out/routing.csv -r out/report.jsonl
    for prompts in prompts.json wrong.json mask.json boxes.csv; do
        harmless 'prompts' segment -m "$base" -i "$picture" --prompts "$folder/$prompts" -o out/m.png -r out/r.json
        harmless 'prompts of a folder' segment -m "$base" -i "$folder/images" --prompts "$folder/$prompts" -o out/m
    done
    harmless 'prompts that are an image' segment -m "$base" -i "$picture" --prompts "$file" -o out/m.png
    harmless 'image' embed -m "$base" -i "$file" -o out/e.safetensors
    harmless 'folder' embed -m "$base" -i "$folder/images" -o out/embedded
    harmless 'model' segment -m "$folder/$name.safetensors" -i "$picture" --box 20,20,90,80 -o out/m.png
    harmless 'model' info "$folder/$name.safetensors"
    harmless 'model that is none' segment -m "$file" -i "$picture" --box 20,20,90,80 -o out/m.png
    harmless 'model' convert -m "$folder/$name.safetensors" -o "out/$name.safetensors"
    for data in "$folder" "$folder/list.json" "$folder/coco.json" "$folder/nn"; do
        harmless 'set' check "$data"
        harmless 'set' check "$data" --list
        harmless 'set' check "$data" --quality -o out/quality
        harmless 'set' evaluate -m "$base" --data "$data" --clicks 1 -o out/report
        harmless 'set' evaluate -m "$base" --data "$data" -o out/report --resamples 10
        rm -rf out && mkdir out
        voxpert check "$data" --fix-plan >"$work/plan.sh" 2>/dev/null
        holds "the plan of set $number is a script" sh -n "$work/plan.sh"
    done
    harmless 'set' train -m "$base" --data "$folder" --data "$folder/list.json" --out out/run --steps 1 --batch 1 \
        --progress none
    harmless 'set' train --recipe segmote -m "$base" --tokens 2 --experts 2 --rank 2 --data "$folder/list.json" \
        --out "out/run$name" --steps 1 --progress none
    harmless 'label maps' evaluate -p "$folder/masks" -g "$folder/masks" -o out/report --labels "$name=1,b=2"
    harmless 'label maps' stats -i "$folder/images" -s "$folder/masks" -o out/stats.csv --labels "$name=1"
    harmless 'routes' experts route -m "$adapter" --base "$base" -i "$folder/images" -i "$file" -o out/routes --csv out/t.csv
    harmless 'an expert' experts add -m "$adapter" --base "$base" -o out/a.safetensors --name "$name"
    harmless 'an expert' segment -m "$adapter" --base "$base" -i "$picture" --prompt-free --expert "$name" -o out/m.png
    harmless 'a flag' segment --"$name" "$name"
    only_text=text harmless 'a verb' "$name"
    holds "nothing of set $number ran" test -z "$(find . -name PWNED)"

    # The plan of the whole set is run where nothing else lies.
    voxpert check "$folder" --fix-plan >"$work/plan.sh" 2>/dev/null
    (cd "$work/sandbox" && sh "$work/plan.sh" >/dev/null 2>&1)
    holds "the plan of set $number runs nothing of the names" test -z "$(find "$work" -name PWNED)"
    rm -rf "./$set"
done
conclude
