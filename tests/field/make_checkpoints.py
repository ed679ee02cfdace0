#!/usr/bin/env python3
"""Writes the built-in model's weights as other programs save checkpoints (cases 33 to 36).

    make_checkpoints.py BUILTIN.safetensors FOLDER

Needs nothing but Python: pickles are written with stand-ins for PyTorch's classes.
"""
import array
import collections
import io
import json
import pickle
import re
import struct
import sys
import types
import zipfile
from pathlib import Path

STORAGES = {"f4": "FloatStorage", "f2": "HalfStorage", "bf16": "BFloat16Storage", "f8": "DoubleStorage"}


class Weight:
    """A tensor: its shape, and its elements as bytes of one of the STORAGES."""

    def __init__(self, shape, data, kind="f4"):
        self.shape, self.data, self.kind = tuple(shape), data, kind

    def floats(self):
        return array.array("f", self.data)

    def to(self, kind):
        values = self.floats()
        if kind == "f2":
            return Weight(self.shape, struct.pack(f"<{len(values)}e", *values), kind)
        if kind == "f8":
            return Weight(self.shape, array.array("d", values).tobytes(), kind)
        halves = array.array("H", self.data)[1::2]  # bfloat16: the upper half of each float
        return Weight(self.shape, halves.tobytes(), kind)

    def first(self, rows):
        row = len(self.data) // self.shape[0]
        return Weight((rows, *self.shape[1:]), self.data[: rows * row], self.kind)

    def __reduce_ex__(self, protocol):
        strides, step = [], 1
        for n in reversed(self.shape):
            strides.insert(0, step)
            step *= n
        storage = Storage(STORAGES[self.kind], self.data, step)
        return (sys.modules["torch._utils"]._rebuild_tensor_v2,
                (storage, 0, self.shape, tuple(strides), False, collections.OrderedDict()))


class Storage:
    def __init__(self, name, data, elements):
        self.name, self.data, self.elements = name, data, elements


def full(shape, value):
    count = 1
    for n in shape:
        count *= n
    return Weight(shape, array.array("f", [value]).tobytes() * count)


def define_torch():
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in STORAGES.values():
        setattr(torch, name, type(name, (), {"__module__": "torch", "__qualname__": name}))

    def _rebuild_tensor_v2(*_):
        pass

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    sys.modules["torch"], sys.modules["torch._utils"] = torch, utils


def save(value, path):
    """As torch.save does since version 1.6: a zip with one pickle and the storages."""
    records = []

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if not isinstance(value, Storage):
                return None
            records.append(value.data)
            kind = getattr(sys.modules["torch"], value.name)
            return ("storage", kind, str(len(records) - 1), "cpu", value.elements)

    text = io.BytesIO()
    Pickler(text, protocol=2).dump(value)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as out:
        out.writestr("archive/data.pkl", text.getvalue())
        out.writestr("archive/byteorder", "little")
        for i, data in enumerate(records):
            out.writestr(f"archive/data/{i}", data)
        out.writestr("archive/version", "3\n")


def read(path):
    """The float32 weights of a safetensors file of float16 or float32."""
    raw = Path(path).read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    weights = {}
    for name, entry in json.loads(raw[8 : 8 + size]).items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        data = raw[8 + size + begin : 8 + size + end]
        if entry["dtype"] == "F16":
            data = array.array("f", struct.unpack(f"<{len(data) // 2}e", data)).tobytes()
        weights[name] = Weight(entry["shape"], data)
    return weights


def write(weights, path, metadata):
    header, offset = {"__metadata__": metadata}, 0
    for name, w in weights.items():
        header[name] = {"dtype": "F32", "shape": list(w.shape), "data_offsets": [offset, offset + len(w.data)]}
        offset += len(w.data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(w.data for w in weights.values()))


def state(weights, prefix="", kind=None):
    return collections.OrderedDict((prefix + k, w.to(kind) if kind else w) for k, w in weights.items())


def transformers_name(name):
    """The name that the tensor has in transformers' SamModel."""
    name = name.replace("image_encoder.", "vision_encoder.")
    name = name.replace("patch_embed.proj", "patch_embed.projection").replace(".blocks.", ".layers.")
    for i, word in ((0, "conv1"), (1, "layer_norm1"), (2, "conv2"), (3, "layer_norm2")):
        name = name.replace(f"neck.{i}.", f"neck.{word}.")
    if "layer_norm" not in name:
        name = re.sub(r"norm(\d)\.", r"layer_norm\1.", name)
    name = name.replace("norm_final_attn", "layer_norm_final_attn")
    for head in ("iou_prediction_head", r"output_hypernetworks_mlps\.\d+"):
        name = re.sub(rf"({head})\.layers\.0\.", r"\1.proj_in.", name)
        name = re.sub(rf"({head})\.layers\.1\.", r"\1.layers.0.", name)
        name = re.sub(rf"({head})\.layers\.2\.", r"\1.proj_out.", name)
    for i, word in ((0, "upscale_conv1"), (1, "upscale_layer_norm"), (3, "upscale_conv2")):
        name = name.replace(f"output_upscaling.{i}.", f"{word}.")
    for i, word in ((0, "conv1"), (1, "layer_norm1"), (3, "conv2"), (4, "layer_norm2"), (6, "conv3")):
        name = name.replace(f"mask_downscaling.{i}.", f"mask_embed.{word}.")
    name = name.replace("point_embeddings.", "point_embed.")
    return name.replace("prompt_encoder.pe_layer.positional_encoding_gaussian_matrix",
                        "shared_image_embedding.positional_embedding")


def containers(w, folder):
    save(state(w), folder / "plain.pth")
    save(state(w, "module."), folder / "ddp.pth")
    moments = {"step": full((1,), 7), "exp_avg": full((3,), 0)}
    save({"model": state(w), "epoch": 12, "scaler": {},
          "optimizer": {"state": {0: moments}, "param_groups": [{"lr": 1e-4, "params": [0]}]}},
         folder / "with_optimizer.pth")
    save(state(w, "_orig_mod."), folder / "compiled.pth")
    save(state(w, "module._orig_mod.sam."), folder / "three_wrappers.pth")
    save({"state_dict": state(w, "model."), "pytorch-lightning_version": "2.2.0", "epoch": 3,
          "hyper_parameters": {"lr": 1e-4}}, folder / "lightning_model.ckpt")
    decoder = state({"base.weight": full((2, 2), 0)})
    save(collections.OrderedDict([*state(w).items(), ("decoder_state", decoder)]),
         folder / "micro_sam_with_decoder.pt")
    save({"model_state": state(w), "decoder_state": decoder}, folder / "micro_sam_export.pt")
    for kind, name in (("f2", "half"), ("bf16", "bf16"), ("f8", "double")):
        save(state(w, kind=kind), folder / f"{name}.pth")
    save({"net": state(w)}, folder / "under_net.pth")
    for name in ("segment_anything", "segment_anything.modeling", "segment_anything.modeling.sam"):
        sys.modules[name] = types.ModuleType(name)
    Sam = type("Sam", (), {"__module__": "segment_anything.modeling.sam", "__qualname__": "Sam"})
    sys.modules["segment_anything.modeling.sam"].Sam = Sam
    model = Sam()
    model.__dict__.update(training=False, _parameters=state(dict(list(w.items())[:6])), _modules={})
    save(model, folder / "whole_model.pth")


def of_transformers(w, folder):
    named = {transformers_name(k): v for k, v in w.items()}
    named["prompt_encoder.shared_embedding.positional_embedding"] = \
        named["shared_image_embedding.positional_embedding"]
    write(named, folder / "model.safetensors", {"format": "pt"})
    (folder / "config.json").write_text(json.dumps({"model_type": "sam", "architectures": ["SamModel"]}))


def adapted(w, folder):
    qkv = [f"image_encoder.blocks.{i}.attn.qkv." for i in range(6)]
    samed, loralib, adapter, hq = dict(w), dict(w), dict(w), dict(w)
    for q in qkv:
        samed[q + "qkv.weight"], samed[q + "qkv.bias"] = samed.pop(q + "weight"), samed.pop(q + "bias")
        for n in "qv":
            samed[q + f"linear_a_{n}.weight"] = full((4, 192), 0.5)
            samed[q + f"linear_b_{n}.weight"] = full((192, 4), 0.5)
        loralib[q + "lora_A.weight"], loralib[q + "lora_B.weight"] = full((4, 192), 0.5), full((576, 4), 0.5)
    for i in range(6):
        for n, shape in (("D_fc1.weight", (48, 192)), ("D_fc1.bias", (48,)),
                         ("D_fc2.weight", (192, 48)), ("D_fc2.bias", (192,))):
            adapter[f"image_encoder.blocks.{i}.MLP_Adapter.{n}"] = full(shape, 0.5)
    hq["mask_decoder.hf_token.weight"] = full((1, 128), 0)
    for name, weights in (("lora_samed_style", samed), ("lora_loralib_style", loralib),
                          ("medical_sam_adapter", adapter), ("hq_sam", hq)):
        save(state(weights), folder / f"{name}.pth")
    part = "mask_decoder."
    save(state({k[len(part):]: v for k, v in w.items() if k.startswith(part)}), folder / "decoder_only.pth")
    save(state({k: v for k, v in w.items() if k.startswith("image_encoder.")}), folder / "encoder_only.pth")
    save(state({k: v for k, v in w.items() if "mask_downscaling.6" not in k}), folder / "one_missing.pth")
    for value, name in ((float("nan"), "nan_weights"), (float("inf"), "infinite_weights")):
        save(state({**w, "mask_decoder.iou_token.weight": full((1, 128), value)}), folder / f"{name}.pth")
    fewer = {k: v for k, v in w.items() if "output_hypernetworks_mlps.3" not in k}
    for name in ("mask_tokens.weight", "iou_prediction_head.layers.2.weight", "iou_prediction_head.layers.2.bias"):
        fewer[part + name] = fewer[part + name].first(3)
    save(state(fewer), folder / "three_mask_tokens.pth")


def no_checkpoints(folder, half):
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "4d7a" * 16 + "\nsize 375042383\n"
    (folder / "lfs.pth").write_text(pointer)
    (folder / "lfs.safetensors").write_text(pointer)
    (folder / "empty.pth").write_bytes(b"")
    whole = half.read_bytes()
    (folder / "half_downloaded.pth").write_bytes(whole[: len(whole) // 2])
    onnx = b"\x08\x08\x12\x07pytorch\x1a\x052.0.0:\x90\x01"
    (folder / "model.onnx").write_bytes(onnx + bytes(range(64)) * 40)
    (folder / "onnx_named.pth").write_bytes(onnx + b"\x22" * 2000)
    (folder / "page.pth").write_text("<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n")
    (folder / "weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(2048))
    (folder / "ggml.bin").write_bytes(b"lmgg" + bytes(2048))
    (folder / "model.gguf").write_bytes(b"GGUF\x03\0\0\0" + bytes(2048))


def main():
    define_torch()
    weights, root = read(sys.argv[1]), Path(sys.argv[2])
    names = ("33-checkpoint-containers", "34-checkpoint-transformers-names",
             "35-checkpoint-adapted-or-partial", "36-not-a-checkpoint")
    for name in names:
        (root / name).mkdir(parents=True, exist_ok=True)
    containers(weights, root / names[0])
    of_transformers(weights, root / names[1])
    adapted(weights, root / names[2])
    no_checkpoints(root / names[3], root / names[0] / "half.pth")


main()
