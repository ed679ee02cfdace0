# What is right about checkpoints: cases 33 to 36, which make_checkpoints.py writes from the built-in model.

# loads WORDS FILE [TWIN]: segments with it as with TWIN; the rounded types about so
loads() {
    local words=$1 file=$2 twin=${3-33-checkpoint-containers/plain.pth}
    local reference=$scratch/reference.png result=$scratch/result.png
    rm -f "$reference" "$result"
    program segment -m "$twin" --preset voxpert -i "$scan" --box "$box" -o "$reference" --json
    program segment -m "$file" --preset voxpert -i "$scan" --box "$box" -o "$result" --json
    is_loaded() { [ $code -eq 0 ] && cmp -s "$reference" "$result" && words "$words" "$err"; }
    fact "$(verdict is_loaded)" "$(alike_text) $(shown "$err")" \
        "segment -m $file: as ${twin##*/}${words:+, warns of \"$words\"}"
}

# rejected WORDS FILE: exit code 4 and these words, by every verb that reads weights
rejected() {
    refused 4 "$1" segment -m "$2" --preset voxpert -i "$scan" --box 12,14,60,55 -o m.png
    refused '[34]' "$1" info "$2"
    refused 4 "$1" convert -m "$2" -o "$scratch/converted.safetensors"
}

scan=../37-boxes-as-people-give-them/scan.png
if chosen 33 || chosen 34 || chosen 35 || chosen 36; then
    python3 "$here/make_checkpoints.py" "$builtin" "$cases" || exit 1
fi

if chosen 33; then
    about 33-checkpoint-containers
    for file in ddp.pth with_optimizer.pth compiled.pth three_wrappers.pth lightning_model.ckpt \
        micro_sam_with_decoder.pt micro_sam_export.pt half.pth double.pth under_net.pth; do
        loads '' $file plain.pth
    done
    prints 'sam' info bf16.pth
    rejected 'whole|object|torch.save|state_dict' whole_model.pth
fi

if chosen 34; then
    about 34-checkpoint-transformers-names
    loads '' model.safetensors ../33-checkpoint-containers/plain.pth
    prints 'sam' info model.safetensors
fi

if chosen 35; then
    about 35-checkpoint-adapted-or-partial
    for file in hq_sam lora_loralib_style medical_sam_adapter; do
        loads 'surplus|ignored' $file.pth ../33-checkpoint-containers/plain.pth
    done
    rejected 'mask_decoder.iou_token.weight & NaN|finite' nan_weights.pth
    rejected 'mask_decoder.iou_token.weight & NaN|finite' infinite_weights.pth
    rejected 'missing' lora_samed_style.pth
    rejected 'image_encoder' decoder_only.pth
    rejected 'prompt_encoder|mask_decoder' encoder_only.pth
    rejected 'prompt_encoder.mask_downscaling.6.weight' one_missing.pth
    prints 'mask' info three_mask_tokens.pth
fi

if chosen 36; then
    about 36-not-a-checkpoint
    rejected 'Git LFS pointer' lfs.pth
    rejected 'Git LFS pointer' lfs.safetensors
    rejected 'ONNX' model.onnx
    rejected 'ONNX' onnx_named.pth
    rejected 'web page|HTML' page.pth
    rejected 'HDF5' weights.h5
    rejected 'ggml' ggml.bin
    rejected 'gguf' model.gguf
    rejected 'empty|too short' empty.pth
    rejected 'cut short|zip directory' half_downloaded.pth
fi
