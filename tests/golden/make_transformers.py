#!/usr/bin/env python3
"""Writes tests/golden/transformers: a small SamModel as transformers saves it, in shards, and what it computes.

    python3 -m venv VENV && VENV/bin/pip install torch transformers safetensors
    VENV/bin/python tests/golden/make_transformers.py OUT [--hidden 24 --heads 4 --image 64]

Weights are drawn, so that every tensor matters; with other sizes it makes larger checks (SlimSAM: --hidden 168
--heads 12 --image 1024).  Written with torch 2.13.0 and transformers 5.24.0.
"""
import argparse

import torch
from safetensors.torch import save_file
from transformers import SamConfig, SamModel

options = argparse.ArgumentParser()
options.add_argument("out")
options.add_argument("--hidden", type=int, default=24)
options.add_argument("--heads", type=int, default=4)
options.add_argument("--image", type=int, default=64)
options.add_argument("--width", type=int, default=16)
options.add_argument("--window", type=int, default=3)
options.add_argument("--shard", default="48KB")
o = options.parse_args()

config = SamConfig(
    vision_config=dict(hidden_size=o.hidden, num_hidden_layers=2, num_attention_heads=o.heads, image_size=o.image,
                       patch_size=16, window_size=o.window, global_attn_indexes=[1], output_channels=o.width,
                       mlp_dim=5 * o.hidden // 3, num_pos_feats=o.width // 2),
    prompt_encoder_config=dict(hidden_size=o.width, image_size=o.image, patch_size=16),
    mask_decoder_config=dict(hidden_size=o.width, mlp_dim=2 * o.width, num_attention_heads=4,
                             iou_head_hidden_dim=o.width + 8))
torch.manual_seed(7)
model = SamModel(config).eval()
with torch.no_grad():
    for name, p in model.named_parameters():
        if "norm" in name:
            p.copy_(torch.randn_like(p) * 0.2 + ("weight" in name))
        else:
            p.copy_(torch.randn_like(p) * (1.5 / p[0].numel() ** 0.5 if p.dim() > 1 else 0.1))
    # one matrix under two names
    model.prompt_encoder.shared_embedding.positional_embedding.copy_(model.shared_image_embedding.positional_embedding)
    model.save_pretrained(o.out, max_shard_size=o.shard)
    image = torch.randn(1, 3, o.image, o.image)
    points = torch.rand(1, 1, 2, 2) * o.image
    labels = torch.tensor([[[1, 0]]])
    box = torch.tensor([[[0.1, 0.2, 0.7, 0.9]]]) * o.image
    side = o.image // 4
    mask = torch.randn(1, 1, side, side) * 4
    embedding = model.get_image_embeddings(image)
    embedding = getattr(embedding, "pooler_output", embedding) if not torch.is_tensor(embedding) else embedding
    ask = lambda **prompt: model(image_embeddings=embedding, **prompt)
    several = ask(input_points=points, input_labels=labels, multimask_output=True)
    boxed = ask(input_boxes=box, multimask_output=False)
    both = ask(input_points=points, input_labels=labels, input_boxes=box, input_masks=mask, multimask_output=True)
tensors = {"image": image.permute(0, 2, 3, 1), "embedding": embedding.permute(0, 2, 3, 1), "points": points[0, 0],
           "box": box[0, 0], "mask": mask[0, 0],
           "several.masks": several.pred_masks[0, 0], "several.iou": several.iou_scores[0, 0],
           "boxed.masks": boxed.pred_masks[0, 0], "boxed.iou": boxed.iou_scores[0, 0],
           "both.masks": both.pred_masks[0, 0], "both.iou": both.iou_scores[0, 0]}
save_file({k: v.float().contiguous() for k, v in tensors.items()}, f"{o.out}/expected.safetensors")
