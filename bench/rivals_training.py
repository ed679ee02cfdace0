"""A training step around SAM's frozen decoder, in PyTorch: what bench_training does, work for work.

Four added tokens and, in both layers, four experts behind a noisy top-1 router (SegMoTE in paper mode; one mask chosen of
four; Dice at the decoder's own size and 0.01 balance), or one two-layer MLP (Dice and cross-entropy); AdamW. Run by bench/rivals.py; answers each line on stdin with one step.
"""
import os
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

from rivals_models import SamDecoder

BATCH, DIM, TOKENS, RANK = 10, 256, 4, 64
EXPERTS = int(sys.argv[2])


class Experts(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate, self.noise = nn.Parameter(torch.zeros(DIM, EXPERTS)), nn.Parameter(torch.zeros(DIM, EXPERTS))
        self.mlp = nn.ModuleList(nn.Sequential(nn.Linear(DIM, RANK), nn.GELU(), nn.Linear(RANK, DIM)) for _ in range(EXPERTS))
        self.norm = nn.LayerNorm(DIM)

    def forward(self, x):
        if EXPERTS == 1:
            return self.norm(x + self.mlp[0](x)), torch.ones(x.shape[:2]), x.new_zeros(())
        rows = x.reshape(-1, DIM)
        clean, spread = rows @ self.gate, F.softplus(rows @ self.noise) + 0.01
        noisy = clean + torch.randn_like(clean) * spread
        top, order = noisy.topk(2, 1)
        chosen = order[:, 0]
        confidence = noisy.softmax(1).max(1).values
        said = torch.zeros_like(rows)
        for e in range(EXPERTS):
            at = (chosen == e).nonzero()[:, 0]
            if len(at):
                said = said.index_add(0, at, self.mlp[e](rows[at]))
        y = self.norm(rows + confidence[:, None] * said)
        rival = torch.where(noisy > top[:, 1:], top[:, 1:], top[:, :1])
        load = (0.5 * (1 + torch.erf((clean - rival) / spread / 2**0.5))).sum(0)
        gates = F.one_hot(chosen, EXPERTS).float().sum(0)
        balance = sum(v.var() / (v.mean() ** 2 + 1e-10) for v in (gates, load))
        return y.view_as(x), confidence.view(x.shape[:2]), balance


class Decoder(nn.Module):
    def __init__(self, grid):
        super().__init__()
        self.grid, self.sam = grid, SamDecoder(grid)
        for p in self.sam.parameters():
            p.requires_grad_(False)
        self.tokens, self.experts = nn.Parameter(torch.randn(1, TOKENS, DIM)), nn.ModuleList(Experts() for _ in range(2))
        self.heads = nn.ModuleList(nn.Sequential(nn.Linear(DIM, DIM), nn.ReLU(), nn.Linear(DIM, DIM), nn.ReLU(), nn.Linear(DIM, 32)) for _ in range(TOKENS))

    def layer(self, layer, experts, q0, x, pe, first):
        q = q0 if first is None else first
        s = layer.self_attn(q, q, q) if first is None else q + layer.self_attn(q + q0, q + q0, q)
        q = layer.n[0](s)
        q = layer.n[1](q + layer.t2i(q + q0, x + pe, x))
        theirs, others = q[:, 5 : 5 + TOKENS], torch.cat([q[:, :5], q[:, 5 + TOKENS :]], 1)
        others = layer.n[2](others + layer.mlp(others))
        theirs, confidence, balance = experts(theirs)
        q = torch.cat([others[:, :5], theirs, others[:, 5:]], 1)
        return q, layer.n[3](x + layer.i2t(x + pe, q + q0, q)), confidence, balance

    def forward(self, embedding, sparse):
        s = self.sam
        t = torch.cat([s.tokens.expand(BATCH, -1, -1), self.tokens.expand(BATCH, -1, -1), sparse], 1)
        x = (embedding + s.no_mask).flatten(2).transpose(1, 2)
        q, x, _, first = self.layer(s.layers[0], self.experts[0], t, x, s.pe, None)
        q, x, confidence, second = self.layer(s.layers[1], self.experts[1], t, x, s.pe, q)
        q = s.norm(q + s.final(q + t, x + s.pe, x))
        u = s.up(x.transpose(1, 2).reshape(BATCH, -1, self.grid, self.grid)).flatten(2)
        masks = torch.stack([h(q[:, 5 + i]) for i, h in enumerate(self.heads)], 1) @ u
        best = confidence.argmax(1)
        return masks[torch.arange(BATCH), best], (first + second) / 2


def main(grid):
    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    torch.manual_seed(1)
    model = Decoder(grid)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=1e-5)
    embedding, sparse = torch.randn(BATCH, DIM, grid, grid), torch.randn(BATCH, 2, DIM)
    target = torch.zeros(BATCH, 4 * grid, 4 * grid)
    target[:, grid : 3 * grid, grid : 3 * grid] = 1
    target = target.flatten(1)
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        masks, balance = model(embedding, sparse)
        p = masks.sigmoid()
        if EXPERTS == 1:
            dice = (2 * (p * target).sum(1) + 1e-5) / ((p * p).sum(1) + (target * target).sum(1) + 1e-5)
            loss = (1 - dice).mean() + F.binary_cross_entropy_with_logits(masks, target)
        else:
            loss = (1 - (2 * (p * target).sum(1) + 1) / (p.sum(1) + target.sum(1) + 1)).mean() + 0.01 * balance
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        seconds = time.perf_counter() - start
        with open("/proc/self/status") as f:
            rss = next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM"))
        print(f"step {seconds:.6f} loss {loss.item():.6f} rss {rss}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
