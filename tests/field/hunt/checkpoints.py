"""Checkpoints: torch.save by PyTorch where it is installed, else pickles with stand-ins for its classes; safetensors by hand.

What varies: the container (a zip, or the five pickles before PyTorch 1.6), wrappers before the names, dicts
around the state dict and what stands beside it, element types, views (strides, offsets, shared storages).
"""
import collections
import io
import json
import pickle
import struct
import sys
import types
import zipfile

import numpy

try:
    import torch
except ImportError:
    torch = None

from makers import Impossible, Made, generator

PREFIXES = ("", "", "module.", "model.", "sam.", "net.", "_orig_mod.", "module._orig_mod.", "_orig_mod.module.",
            "model.sam.", "module.model.sam.")
NESTS = ((), (), ("model",), ("state_dict",), ("model_state_dict",), ("net",), ("module",), ("model", "state_dict"),
         ("checkpoint", "model"), ("network_weights",))
PARTS = ("image_encoder.blocks.{}.attn.qkv.weight", "image_encoder.patch_embed.proj.bias",
         "prompt_encoder.point_embeddings.{}.weight", "mask_decoder.transformer.layers.{}.norm1.bias",
         "mask_decoder.iou_token.weight", "mask_decoder.output_upscaling.{}.weight")
TYPES = ("float32", "float32", "float32", "float16", "bfloat16", "float64", "int64", "int32", "uint8", "bool")
STORAGES = {"float32": "FloatStorage", "float16": "HalfStorage", "bfloat16": "BFloat16Storage",
            "float64": "DoubleStorage", "int64": "LongStorage", "int32": "IntStorage", "uint8": "ByteStorage",
            "bool": "BoolStorage"}
SAFETENSORS = {"float32": "F32", "float16": "F16", "bfloat16": "BF16", "float64": "F64", "int64": "I64", "int32": "I32",
               "uint8": "U8", "bool": "BOOL"}


def values_of(draw, shape, kind):
    """Floats that the type holds exactly, as an array of it (bfloat16: as float32)."""
    rng = generator(draw)
    if kind == "bool":
        return rng.random(shape) < 0.5
    if kind in ("int64", "int32", "uint8"):
        return rng.integers(0, 200, shape).astype(kind)
    floats = rng.normal(0, 1, shape).astype(numpy.float32)
    if kind == "bfloat16":
        return (floats.view(numpy.uint32) & numpy.uint32(0xffff0000)).view(numpy.float32)
    return floats.astype(kind)


def raw_of(array, kind):
    array = numpy.ascontiguousarray(array)
    if kind == "bfloat16":
        return (array.view(numpy.uint32) >> numpy.uint32(16)).astype("<u2").tobytes()
    return array.tobytes()


class View:
    """A tensor of some elements of a storage [rows, columns]."""

    def __init__(self, base, kind, transposed=False, skip=0):
        self.base, self.kind, self.transposed, self.skip = base, kind, transposed, skip

    def array(self):
        part = self.base[self.skip:] if self.skip else self.base
        return part.T if self.transposed else part


def state_of(draw):
    """(name, View) of each tensor."""
    state, shared = [], None
    names = draw.sample(PARTS, draw.randint(2, len(PARTS)))
    for i, part in enumerate(names):
        kind = draw.choice(TYPES)
        shape = tuple(draw.randint(1, 5) for _ in range(draw.choice((0, 1, 1, 2, 2, 4))))
        view = View(values_of(draw, shape, kind), kind)
        if len(shape) == 2:
            view.transposed = draw.random() < 0.3
            view.skip = draw.randint(0, shape[0] - 1) if draw.random() < 0.3 else 0
            shared = shared or view
        elif shared is not None and draw.random() < 0.3:
            view = View(shared.base, shared.kind, not shared.transposed)
        state.append((part.format(i), view))
    return state


# ---- PyTorch --------------------------------------------------------------------------------------


def torch_value(view, bases):
    if id(view.base) not in bases:
        tensor = torch.from_numpy(numpy.array(view.base))
        bases[id(view.base)] = tensor.to(torch.bfloat16) if view.kind == "bfloat16" else tensor
    tensor = bases[id(view.base)]
    tensor = tensor[view.skip:] if view.skip else tensor
    return tensor.T if view.transposed else tensor


def torch_store(draw, value, path, legacy):
    torch.save(value, path, _use_new_zipfile_serialization=not legacy)


# ---- Stand-ins ------------------------------------------------------------------------------------


class Storage:
    def __init__(self, kind, data, elements):
        self.kind, self.data, self.elements = kind, data, elements


class Tensor:
    def __init__(self, storage, offset, shape, strides):
        self.parts = (storage, offset, tuple(shape), tuple(strides))

    def __reduce_ex__(self, protocol):
        return (sys.modules["torch._utils"]._rebuild_tensor_v2, (*self.parts, False, collections.OrderedDict()))


def stand_in_value(view, bases):
    base = view.base
    if id(base) not in bases:
        bases[id(base)] = Storage(view.kind, raw_of(base, view.kind), base.size)
    part, size = view.array(), base.itemsize
    return Tensor(bases[id(base)], view.skip * (base.strides[0] // size) if view.skip else 0, part.shape,
                  [s // size for s in part.strides])


def with_stand_ins(work):
    module, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")
    for name in STORAGES.values():
        setattr(module, name, type(name, (), {"__module__": "torch", "__qualname__": name}))

    def _rebuild_tensor_v2(*_):
        pass

    _rebuild_tensor_v2.__module__, _rebuild_tensor_v2.__qualname__ = "torch._utils", "_rebuild_tensor_v2"
    utils._rebuild_tensor_v2 = _rebuild_tensor_v2
    sys.modules["torch"], sys.modules["torch._utils"] = module, utils
    try:
        return work(module)
    finally:
        del sys.modules["torch"], sys.modules["torch._utils"]


def pickled(value, module, legacy, storages):
    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if not isinstance(value, Storage):
                return None
            if value not in storages:
                storages.append(value)
            key, kind = str(storages.index(value)), getattr(module, STORAGES[value.kind])
            return ("storage", kind, key, "cpu", value.elements) + ((None,) if legacy else ())

    out = io.BytesIO()
    Pickler(out, protocol=2).dump(value)
    return out.getvalue()


def stand_in_store(draw, value, path, legacy):
    storages = []
    data = with_stand_ins(lambda module: pickled(value, module, legacy, storages))
    if legacy:
        head = [0x1950a86a20f9469cfc6c, 1001,
                {"protocol_version": 1001, "little_endian": True, "type_sizes": {"short": 2, "int": 4, "long": 4}}]
        keys = [str(i) for i in range(len(storages))]
        with open(path, "wb") as f:
            f.write(b"".join(pickle.dumps(h, 2) for h in head) + data + pickle.dumps(keys, 2))
            for storage in storages:
                f.write(struct.pack("<q", storage.elements) + storage.data)
        return
    folder = draw.choice(("archive", "model", "epoch_3"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as out:
        out.writestr(f"{folder}/data.pkl", data)
        if draw.random() < 0.5:
            out.writestr(f"{folder}/byteorder", "little")
        for i, storage in enumerate(storages):
            out.writestr(f"{folder}/data/{i}", storage.data)
        out.writestr(f"{folder}/version", "3\n")


# ---- Both -----------------------------------------------------------------------------------------


def beside(draw, make, bases):
    """What training scripts keep beside a state dict."""
    moment = View(values_of(draw, (3, 2), "float32"), "float32")
    bases.setdefault("kept", []).append(moment.base)  # an id is of a living array
    return draw.choice(({}, {"epoch": 3, "best": 0.75, "name": "vit_b"},
                        {"optimizer": {"state": {0: {"step": 7, "exp_avg": make(moment, bases)}},
                                       "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.999), "params": [0]}]}},
                        {"lr_scheduler": None, "scaler": {}, "loss": [1.0, 0.5]}))


def checkpoint(draw, path):
    make, store = (torch_value, torch_store) if torch else (stand_in_value, stand_in_store)
    state, bases = state_of(draw), {}
    prefix, nest, legacy = draw.choice(PREFIXES), draw.choice(NESTS), draw.random() < 0.4
    value = (collections.OrderedDict if draw.random() < 0.6 else dict)(
        (prefix + name, make(view, bases)) for name, view in state)
    for key in reversed(nest):
        value = {key: value, **beside(draw, make, bases)}
    path += draw.choice((".pth", ".pt", ".ckpt", ".bin"))
    store(draw, value, path, legacy)
    about = f"prefix '{prefix}' nest {nest} legacy {legacy} {[(n, v.kind, v.array().shape) for n, v in state]}"
    return Made(path, "weights", about, {name: numpy.array(view.array()) for name, view in state}, must_read=True)


def checkpoint_cut(draw, path):
    """Bytes that are missing: refused in words, or nothing that belongs to a tensor was missing."""
    made = checkpoint(draw, path)
    with open(made.path, "rb") as f:
        data = f.read()
    with open(made.path, "wb") as f:
        f.write(data[:draw.randrange(1, len(data))])
    made.must_read, made.about = False, "cut " + made.about
    made.refused = "it is cut"
    return made


def safetensors(draw, path):
    state, prefix = state_of(draw), draw.choice(PREFIXES)
    header, body = {}, b""
    stored = [(name, view) for name, view in state]
    draw.shuffle(stored)
    for name, view in stored:
        data = raw_of(view.array(), view.kind)
        header[prefix + name] = {"dtype": SAFETENSORS[view.kind], "shape": list(view.array().shape),
                                 "data_offsets": [len(body), len(body) + len(data)]}
        body += data
    if draw.random() < 0.5:
        header["__metadata__"] = {"format": "pt"}
    text = json.dumps(header, indent=draw.choice((None, 1))).encode()
    text += b" " * (-len(text) % 8 if draw.random() < 0.7 else 0)
    path += ".safetensors"
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + body)
    about = f"prefix '{prefix}' {[(n, v.kind, v.array().shape) for n, v in state]}"
    return Made(path, "weights", about, {name: numpy.array(view.array()) for name, view in state}, must_read=True)


def whole_object(draw, path):
    """A pickled module instead of its state dict must be refused."""
    if not torch:
        raise Impossible
    model = torch.nn.Sequential(torch.nn.Linear(3, 2))
    path += ".pth"
    torch.save(model, path, _use_new_zipfile_serialization=draw.random() < 0.6)
    return Made(path, "weights", "a whole object", refused="it is an object")


def makers():
    found = {"checkpoint": checkpoint, "checkpoint cut": checkpoint_cut, "safetensors": safetensors}
    if torch:
        found["checkpoint object"] = whole_object
    return found
