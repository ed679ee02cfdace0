# Read by scripts about experts, after _cli.sh: a tiny base and an adapter on it, trained in a moment.
#
#   $base, $stranger  two bases of 32 pixels        $adapter  2 tokens, 3 experts, on $base
#   $data             a folder of four pictures     other NAME ARGUMENT...: another adapter, as $NAME

cli=$PWD
sed -E -e 's/"image": [0-9]+/"image": 32/; s/"vit.side": [0-9]+/"vit.side": 8/; s/"vit.patch": [0-9]+/"vit.patch": 4/' \
    -e 's/"(vit.dim|vit.out|prompt.dim|decoder.transformer.dim|decoder.iou_hidden)": [0-9]+/"\1": 16/' \
    -e 's/"(vit.hidden|decoder.transformer.hidden)": [0-9]+/"\1": 32/; s/"vit.depth": [0-9]+/"vit.depth": 1/' \
    -e 's/"(vit.heads|decoder.transformer.heads)": [0-9]+/"\1": 2/; s/"prompt.mask_width": [0-9]+/"prompt.mask_width": 4/' \
    -e 's/"vit.global": \[[^]]*\]/"vit.global": [0]/' tools/builtin.json >"$work/tiny.json"

teach() { # teach OUT ARGUMENT...
    local out=$1
    shift
    voxpert train --out "$work/$out" --shapes 6 --batch 4 --warm-up 2 --threads 1 --validate-every 0 --quiet "$@" ||
        { echo "cannot train $out"; exit 1; }
}
other() {
    local name=$1
    shift
    teach "$name" --recipe segmote -m "$base" --tokens 2 --experts 3 --rank 4 --steps 20 "$@"
    printf -v "$name" '%s' "$work/$name/model.safetensors"
}
teach base --new "$work/tiny.json" --steps 20
teach stranger --new "$work/tiny.json" --steps 10
base=$work/base/last.safetensors stranger=$work/stranger/last.safetensors
other adapter

data=$work/data
mkdir "$data"
for name in 003 015 074; do cp "$shared/data/2d/micro_wbc/images/$name.png" "$data" 2>/dev/null; done
experts() { voxpert experts "$@" --base "$base"; }
