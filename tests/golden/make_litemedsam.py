#!/usr/bin/env python3
"""Writes tests/golden/litemedsam: a small LiteMedSAM, a picture, and what the published formula makes of them.

    python3 -m venv VENV && VENV/bin/pip install torch safetensors opencv-python-headless numpy
    VENV/bin/python tests/golden/make_litemedsam.py OUT [--full]

The network is TinyViT with a stem of 1x1 convolutions, SAM's prompt encoder and mask decoder (docs/models.md),
written down here from the formulas; weights are drawn.  The preparation is LiteMedSAM's: longest side by OpenCV's
INTER_AREA, the image's own range to 0..1, zeros right and below, the box times size / max(H, W), logits cropped and
bilinear to the picture.  --full takes the published widths and 256 pixels, with names and shapes alone to go by.
Written with torch 2.13.0 and opencv 4.
"""
import json
import math
import sys

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

OUT, FULL = sys.argv[1], "--full" in sys.argv
if FULL:
    SIZE, STEM, DIMS, DEPTHS, HEADS, WINDOWS = 256, 32, (64, 128, 160, 320), (2, 2, 6, 2), (0, 4, 5, 10), (0, 7, 14, 7)
    D, DECODER_HEADS, HIDDEN, IOU = 256, 8, 2048, 256
else:
    SIZE, STEM, DIMS, DEPTHS, HEADS, WINDOWS = 64, 8, (12, 16, 24, 32), (1, 1, 2, 1), (0, 2, 3, 4), (0, 7, 14, 7)
    D, DECODER_HEADS, HIDDEN, IOU = 16, 4, 32, 24
MERGE = (2, 2, 1)  # strides
EXPAND = 4
GRID = SIZE // 4
torch.manual_seed(11)
W = {}


def draw(name, *shape, scale=None, plus=0.0):
    fan = math.prod(shape[1:]) or 1
    W[name] = torch.randn(*shape) * (scale if scale is not None else 1.2 / math.sqrt(fan)) + plus
    return W[name]


def use(name, *shape, **how):
    return W[name] if name in W else draw(name, *shape, **how)


def layer_norm(x, name, eps):
    n = x.shape[-1]
    return F.layer_norm(x, (n,), use(name + ".weight", n, scale=0.2, plus=1.0), use(name + ".bias", n, scale=0.2), eps)


def linear(x, name, out):
    return F.linear(x, use(name + ".weight", out, x.shape[-1]), use(name + ".bias", out, scale=0.1))


def conv_norm(x, name, out, kernel, stride=1, groups=1):
    w = use(name + ".c.weight", out, x.shape[1] // groups, kernel, kernel)
    bn = name + ".bn."
    W.setdefault(bn + "num_batches_tracked", torch.tensor(5))
    var = use(bn + "running_var", out, scale=0.0, plus=1.0)
    if name + ".drawn" not in seen:
        seen.add(name + ".drawn")
        W[bn + "running_var"] = var = torch.rand(out) + 0.2
    return F.batch_norm(F.conv2d(x, w, stride=stride, padding=kernel // 2, groups=groups),
                        use(bn + "running_mean", out, scale=0.2), var,
                        use(bn + "weight", out, scale=0.2, plus=1.0), use(bn + "bias", out, scale=0.2), False, 0.0, 1e-5)


seen = set()


def norm2d(x, name):
    return layer_norm(x.permute(0, 2, 3, 1), name, 1e-6).permute(0, 3, 1, 2)


# ---- Image encoder: TinyViT

def bottleneck(x, at, hidden, out, stride):
    x = F.gelu(conv_norm(x, at + ".conv1", hidden, 1))
    x = F.gelu(conv_norm(x, at + ".conv2", hidden, 3, stride, hidden))
    return conv_norm(x, at + ".conv3", out, 1)


def window_attention(x, at, heads, window):
    """[b,h,w,c]: windows padded with zeros before the norm; q, k, v interleaved by head."""
    b, h, w, c = x.shape
    ph, pw = -h % window, -w % window
    x = F.pad(x, (0, 0, 0, pw, 0, ph))
    H, V = (h + ph) // window, (w + pw) // window
    x = x.view(b, H, window, V, window, c).transpose(2, 3).reshape(-1, window * window, c)
    qkv = linear(layer_norm(x, at + ".norm", 1e-5), at + ".qkv", 3 * c)
    q, k, v = qkv.view(x.shape[0], -1, heads, 3, c // heads).permute(3, 0, 2, 1, 4)
    table = use(at + ".attention_biases", heads, window * window, scale=0.5)
    i = torch.arange(window * window)
    dy = (i[:, None] // window - i[None] // window).abs()
    dx = (i[:, None] % window - i[None] % window).abs()
    scores = q @ k.transpose(-2, -1) / math.sqrt(c // heads) + table[:, dy * window + dx]
    x = (scores.softmax(-1) @ v).transpose(1, 2).reshape(x.shape)
    x = linear(x, at + ".proj", c)
    x = x.view(b, H, V, window, window, c).transpose(2, 3).reshape(b, H * window, V * window, c)
    return x[:, :h, :w]


def encode(image):
    x = conv_norm(image, "image_encoder.patch_embed.seq.0", STEM, 1)
    x = conv_norm(F.gelu(x), "image_encoder.patch_embed.seq.2", DIMS[0], 1)
    # grids: SIZE (a stem of stride 1), then by the merges
    for s in range(4):
        for i in range(DEPTHS[s]):
            at = f"image_encoder.layers.{s}.blocks.{i}"
            if not HEADS[s]:
                x = F.gelu(x + bottleneck(x, at, EXPAND * DIMS[s], DIMS[s], 1))
                continue
            y = x.permute(0, 2, 3, 1)
            y = y + window_attention(y, at + ".attn", HEADS[s], WINDOWS[s])
            y = conv_norm(y.permute(0, 3, 1, 2), at + ".local_conv", DIMS[s], 3, 1, DIMS[s]).permute(0, 2, 3, 1)
            z = F.gelu(linear(layer_norm(y, at + ".mlp.norm", 1e-5), at + ".mlp.fc1", EXPAND * DIMS[s]))
            x = (y + linear(z, at + ".mlp.fc2", DIMS[s])).permute(0, 3, 1, 2)
        if s < 3:
            x = bottleneck(x, f"image_encoder.layers.{s}.downsample", DIMS[s + 1], DIMS[s + 1], MERGE[s])
    x = norm2d(F.conv2d(x, use("image_encoder.neck.0.weight", D, DIMS[3], 1, 1)), "image_encoder.neck.1")
    x = F.conv2d(x, use("image_encoder.neck.2.weight", D, D, 3, 3), padding=1)
    return norm2d(x, "image_encoder.neck.3")


# ---- Prompt encoder and mask decoder: SAM's

def positions(points):
    """[..., 2] in 0..1"""
    g = use("prompt_encoder.pe_layer.positional_encoding_gaussian_matrix", 2, D // 2, scale=1.0)
    u = 2 * math.pi * ((2 * points - 1) @ g)
    return torch.cat([u.sin(), u.cos()], -1)


def attend(q, k, v, at, inner):
    heads = DECODER_HEADS
    split = lambda x: x.view(x.shape[0], x.shape[1], heads, -1).transpose(1, 2)
    q, k, v = (split(linear(x, f"{at}.{n}_proj", inner)) for x, n in ((q, "q"), (k, "k"), (v, "v")))
    y = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).softmax(-1) @ v
    return linear(y.transpose(1, 2).flatten(2), at + ".out_proj", D)


def head(x, at, widths):
    for i, width in enumerate(widths):
        x = linear(x, f"{at}.layers.{i}", width)
        x = F.relu(x) if i + 1 < len(widths) else x
    return x


def decode(embedding, box):
    """Mask 0 and its quality for one box [4] in pixels of the input."""
    prompt, decoder = "prompt_encoder.", "mask_decoder."
    corners = positions((box.view(1, 2, 2) + 0.5) / SIZE)
    sparse = corners + torch.stack([use(prompt + "point_embeddings.2.weight", 1, D, scale=1.0)[0],
                                    use(prompt + "point_embeddings.3.weight", 1, D, scale=1.0)[0]])
    tokens = torch.cat([use(decoder + "iou_token.weight", 1, D, scale=1.0),
                        use(decoder + "mask_tokens.weight", 4, D, scale=1.0)])[None]
    tokens = torch.cat([tokens, sparse], 1)
    source = embedding + use(prompt + "no_mask_embed.weight", 1, D, scale=1.0).view(1, D, 1, 1)
    at = (torch.arange(GRID) + 0.5) / GRID
    grid = positions(torch.stack(torch.meshgrid(at, at, indexing="xy"), -1)).view(1, -1, D)
    keys, queries = source.flatten(2).transpose(1, 2), tokens
    for i in range(2):
        l = f"{decoder}transformer.layers.{i}"
        if i == 0:
            queries = attend(queries, queries, queries, l + ".self_attn", D)
        else:
            q = queries + tokens
            queries = queries + attend(q, q, queries, l + ".self_attn", D)
        queries = layer_norm(queries, l + ".norm1", 1e-5)
        y = attend(queries + tokens, keys + grid, keys, l + ".cross_attn_token_to_image", D // 2)
        queries = layer_norm(queries + y, l + ".norm2", 1e-5)
        y = linear(F.relu(linear(queries, l + ".mlp.lin1", HIDDEN)), l + ".mlp.lin2", D)
        queries = layer_norm(queries + y, l + ".norm3", 1e-5)
        y = attend(keys + grid, queries + tokens, queries, l + ".cross_attn_image_to_token", D // 2)
        keys = layer_norm(keys + y, l + ".norm4", 1e-5)
    t = decoder + "transformer."
    y = attend(queries + tokens, keys + grid, keys, t + "final_attn_token_to_image", D // 2)
    queries = layer_norm(queries + y, t + "norm_final_attn", 1e-5)
    x = keys.transpose(1, 2).view(1, D, GRID, GRID)
    u = decoder + "output_upscaling."
    x = F.conv_transpose2d(x, use(u + "0.weight", D, D // 4, 2, 2), use(u + "0.bias", D // 4, scale=0.1), stride=2)
    x = F.gelu(norm2d(x, u + "1"))
    x = F.conv_transpose2d(x, use(u + "3.weight", D // 4, D // 8, 2, 2), use(u + "3.bias", D // 8, scale=0.1), stride=2)
    x = F.gelu(x)
    hyper = [head(queries[:, 1 + m], f"{decoder}output_hypernetworks_mlps.{m}", (D, D, D // 8)) for m in range(4)]
    masks = torch.einsum("bmc,bchw->bmhw", torch.stack(hyper, 1), x)
    iou = head(queries[:, 0], decoder + "iou_prediction_head", (IOU, IOU, 4))
    return masks[:, :1], iou[:, :1]


def draw_unused():
    for i in (0, 1):
        draw(f"prompt_encoder.point_embeddings.{i}.weight", 1, D)
    draw("prompt_encoder.not_a_point_embed.weight", 1, D)
    m = "prompt_encoder.mask_downscaling."
    for n, shape in (("0", (4, 1, 2, 2)), ("3", (16, 4, 2, 2)), ("6", (D, 16, 1, 1))):
        draw(m + n + ".weight", *shape), draw(m + n + ".bias", shape[0], scale=0.1)
    for n, c in (("1", 4), ("4", 16)):
        draw(f"{m}{n}.weight", c, scale=0.2, plus=1.0), draw(f"{m}{n}.bias", c, scale=0.2)


# ---- The picture

H, V = (301, 412) if FULL else (70, 91)
y, x = np.mgrid[0:H, 0:V]
rng = np.random.default_rng(3)
picture = np.stack([40 + 90 * (((x - V * 0.5) / V) ** 2 + ((y - H * 0.4) / H) ** 2 < 0.06) + 20 * np.sin(x / (7 + c))
                    + rng.normal(0, 6, (H, V)) for c in range(3)], -1).clip(0, 255).astype(np.uint8)
box = np.array([V * 0.25, H * 0.2, V * 0.77, H * 0.71]).round().astype(np.float32)

scale = SIZE / max(H, V)
newh, neww = int(H * scale + 0.5), int(V * scale + 0.5)
small = cv2.resize(picture, (neww, newh), interpolation=cv2.INTER_AREA)
unit = (small - small.min()) / np.clip(small.max() - small.min(), 1e-8, None)
image = np.zeros((SIZE, SIZE, 3), np.float32)
image[:newh, :neww] = unit
with torch.no_grad():
    embedding = encode(torch.from_numpy(image).permute(2, 0, 1)[None])
    scaled = torch.from_numpy(box * np.float32(scale))
    low, iou = decode(embedding, scaled)
    assert embedding.shape[-1] == GRID and low.shape[-1] == SIZE
    logits = F.interpolate(low[..., :newh, :neww], size=(H, V), mode="bilinear", align_corners=False)
draw_unused()
stages = {"dim": DIMS, "depth": DEPTHS, "heads": HEADS, "window": WINDOWS, "hidden": [EXPAND * d for d in DIMS],
          "stride": MERGE + (0,)}
config = {"system": "sam", "encoder": "tiny_vit", "image": SIZE, "prompt.dim": D, "prompt.mask_width": 16,
          "decoder.transformer.dim": D, "decoder.transformer.depth": 2, "decoder.transformer.heads": DECODER_HEADS,
          "decoder.transformer.hidden": HIDDEN, "decoder.masks": 4, "decoder.iou_hidden": IOU, "decoder.iou_depth": 3,
          "tiny.channels": 3, "tiny.stem": STEM, "tiny.out": D, "tiny.pointwise_stem": True}
config |= {"tiny." + k: list(v) for k, v in stages.items()}
save_file({k: v.contiguous() for k, v in W.items()}, f"{OUT}/model.safetensors",
          metadata={} if FULL else {"config": json.dumps(config)})
save_file({"image": torch.from_numpy(image)[None], "embedding": embedding.permute(0, 2, 3, 1).contiguous(),
           "box": scaled, "boxed.masks": low[0].contiguous(), "boxed.iou": iou[0].contiguous()}, f"{OUT}/expected.safetensors")
cv2.imwrite(f"{OUT}/picture.png", picture[..., ::-1])
np.save(f"{OUT}/logits.npy", logits[0, 0].numpy())
with open(f"{OUT}/box.txt", "w") as f:
    f.write(",".join(str(int(v)) for v in box) + "\n")
