"""The same networks in PyTorch, written from the papers' formulas, with random weights: what the rivals run."""
import torch
import torch.nn as nn
import torch.nn.functional as F


class LayerNorm2d(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.weight, self.bias = nn.Parameter(torch.ones(c)), nn.Parameter(torch.zeros(c))

    def forward(self, x):
        u = x.mean(1, keepdim=True)
        s = (x - u).pow(2).mean(1, keepdim=True)
        x = (x - u) / torch.sqrt(s + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


def relative(q_side, table):
    at = torch.arange(q_side)[:, None] - torch.arange(q_side)[None, :] + q_side - 1
    return table[at]


class Attention(nn.Module):
    def __init__(self, dim, heads, side):
        super().__init__()
        self.heads, self.side, hd = heads, side, dim // heads
        self.qkv, self.proj = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.h = nn.Parameter(torch.randn(2 * side - 1, hd) * 0.1)
        self.w = nn.Parameter(torch.randn(2 * side - 1, hd) * 0.1)

    def forward(self, x):
        b, s, _, d = x.shape
        n, hd = s * s, d // self.heads
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, hd).permute(2, 0, 3, 1, 4).reshape(3, b * self.heads, n, hd).unbind(0)
        a = (q * hd**-0.5) @ k.transpose(-2, -1)
        r = q.reshape(-1, s, s, hd)
        rh = torch.einsum("bhwc,hkc->bhwk", r, relative(s, self.h))
        rw = torch.einsum("bhwc,wkc->bhwk", r, relative(s, self.w))
        a = (a.view(-1, s, s, s, s) + rh[:, :, :, :, None] + rw[:, :, :, None, :]).view(-1, n, n)
        x = (a.softmax(-1) @ v).view(b, self.heads, s, s, hd).permute(0, 2, 3, 1, 4).reshape(b, s, s, d)
        return self.proj(x)


class Adapter(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.channel = nn.Sequential(nn.Linear(dim, dim // 4, bias=False), nn.ReLU(), nn.Linear(dim // 4, dim, bias=False), nn.Sigmoid())
        self.spatial = nn.Sequential(nn.Conv2d(dim, dim, 3, 2, 1, bias=False), nn.ReLU(), nn.ConvTranspose2d(dim, dim, 4, 2, 1, bias=False), nn.ReLU())

    def forward(self, n):
        x = n.permute(0, 3, 1, 2)
        c = self.channel(x.mean((2, 3)))[:, :, None, None]
        return self.norm(n + self.spatial(c * x).permute(0, 2, 3, 1))


class Block(nn.Module):
    def __init__(self, dim, heads, window, grid, adapter):
        super().__init__()
        self.window = window
        self.norm1, self.norm2 = nn.LayerNorm(dim, 1e-6), nn.LayerNorm(dim, 1e-6)
        self.attn = Attention(dim, heads, window or grid)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))
        self.adapter = Adapter(dim) if adapter else None

    def forward(self, x):
        y = self.norm1(x)
        w = self.window
        if w:
            b, g, _, d = y.shape
            p = (w - g % w) % w
            y = F.pad(y, (0, 0, 0, p, 0, p))
            m = (g + p) // w
            y = self.attn(y.view(b, m, w, m, w, d).permute(0, 1, 3, 2, 4, 5).reshape(-1, w, w, d))
            y = y.view(b, m, m, w, w, d).permute(0, 1, 3, 2, 4, 5).reshape(b, g + p, g + p, d)[:, :g, :g]
        else:
            y = self.attn(y)
        x = x + y
        n = self.norm2(x)
        x = x + self.mlp(n)
        return x + self.adapter(n) if self.adapter else x


class SamEncoder(nn.Module):
    def __init__(self, size, adapters=False, dim=768, depth=12, heads=12, window=14, whole=(2, 5, 8, 11)):
        super().__init__()
        g = size // 16
        self.patch, self.pos = nn.Conv2d(3, dim, 16, 16), nn.Parameter(torch.randn(1, g, g, dim) * 0.1)
        self.blocks = nn.Sequential(*[Block(dim, heads, 0 if i in whole else window, g, adapters) for i in range(depth)])
        self.neck = nn.Sequential(nn.Conv2d(dim, 256, 1, bias=False), LayerNorm2d(256), nn.Conv2d(256, 256, 3, 1, 1, bias=False), LayerNorm2d(256))

    def forward(self, image):
        x = self.patch(image).permute(0, 2, 3, 1) + self.pos
        return self.neck(self.blocks(x).permute(0, 3, 1, 2))


def conv_bn(i, o, k=1, s=1, p=0, groups=1):
    return nn.Sequential(nn.Conv2d(i, o, k, s, p, groups=groups, bias=False), nn.BatchNorm2d(o))


class MBConv(nn.Module):
    def __init__(self, i, h, o, stride, residual):
        super().__init__()
        self.a, self.b, self.c, self.residual = conv_bn(i, h), conv_bn(h, h, 3, stride, 1, h), conv_bn(h, o), residual

    def forward(self, x):
        y = self.c(F.gelu(self.b(F.gelu(self.a(x)))))
        return F.gelu(x + y) if self.residual else y


class TinyBlock(nn.Module):
    def __init__(self, dim, heads, window):
        super().__init__()
        self.window, self.heads = window, heads
        self.norm, self.qkv, self.proj = nn.LayerNorm(dim), nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        at = torch.arange(window)
        dy, dx = (at[:, None] - at[None]).abs(), (at[:, None] - at[None]).abs()
        self.register_buffer("index", (dy[:, None, :, None] * window + dx[None, :, None, :]).reshape(window**2, window**2))
        self.table = nn.Parameter(torch.randn(heads, window**2))
        self.local = conv_bn(dim, dim, 3, 1, 1, dim)
        self.mlp = nn.Sequential(nn.LayerNorm(dim), nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        b, c, g, _ = x.shape
        w = self.window
        y = x.permute(0, 2, 3, 1)
        p = (w - g % w) % w
        y = F.pad(y, (0, 0, 0, p, 0, p))
        m = (g + p) // w
        y = y.view(b, m, w, m, w, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, w * w, c)
        q, k, v = self.qkv(self.norm(y)).view(-1, w * w, self.heads, 3, 32).permute(3, 0, 2, 1, 4).unbind(0)
        a = (q @ k.transpose(-2, -1)) * 32**-0.5 + self.table[:, self.index]
        y = self.proj((a.softmax(-1) @ v).transpose(1, 2).reshape(-1, w * w, c))
        y = y.view(b, m, m, w, w, c).permute(0, 1, 3, 2, 4, 5).reshape(b, g + p, g + p, c)[:, :g, :g]
        x = self.local(x + y.permute(0, 3, 1, 2))
        t = x.permute(0, 2, 3, 1)
        return (t + self.mlp(t)).permute(0, 3, 1, 2)


class TinyEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [conv_bn(3, 32, 3, 2, 1), nn.GELU(), conv_bn(32, 64, 3, 2, 1)]
        layers += [MBConv(64, 256, 64, 1, True), MBConv(64, 256, 64, 1, True), MBConv(64, 128, 128, 2, False)]
        layers += [TinyBlock(128, 4, 7) for _ in range(2)] + [MBConv(128, 160, 160, 2, False)]
        layers += [TinyBlock(160, 5, 14) for _ in range(6)] + [MBConv(160, 320, 320, 1, False)]
        layers += [TinyBlock(320, 10, 7) for _ in range(2)]
        self.body = nn.Sequential(*layers)
        self.neck = nn.Sequential(nn.Conv2d(320, 256, 1, bias=False), LayerNorm2d(256), nn.Conv2d(256, 256, 3, 1, 1, bias=False), LayerNorm2d(256))

    def forward(self, image):
        return self.neck(self.body(image))


class Cross(nn.Module):
    def __init__(self, dim, inner):
        super().__init__()
        self.q, self.k, self.v, self.o = nn.Linear(dim, inner), nn.Linear(dim, inner), nn.Linear(dim, inner), nn.Linear(inner, dim)

    def forward(self, q, k, v):
        def heads(x):
            return x.view(x.shape[0], x.shape[1], 8, -1).transpose(1, 2)

        q, k, v = heads(self.q(q)), heads(self.k(k)), heads(self.v(v))
        a = (q @ k.transpose(-2, -1)) / q.shape[-1] ** 0.5
        return self.o((a.softmax(-1) @ v).transpose(1, 2).flatten(2))


class TwoWayLayer(nn.Module):
    def __init__(self, dim=256):
        super().__init__()
        self.self_attn, self.t2i, self.i2t = Cross(dim, dim), Cross(dim, dim // 2), Cross(dim, dim // 2)
        self.n = nn.ModuleList(nn.LayerNorm(dim) for _ in range(4))
        self.mlp = nn.Sequential(nn.Linear(dim, 2048), nn.ReLU(), nn.Linear(2048, dim))

    def forward(self, t, x, pe, first):
        q0, keys, kpe = t, x, pe
        q = q0 if first is None else first
        s = self.self_attn(q, q, q) if first is None else q + self.self_attn(q + q0, q + q0, q)
        q = self.n[0](s)
        q = self.n[1](q + self.t2i(q + q0, keys + kpe, keys))
        q = self.n[2](q + self.mlp(q))
        return q, self.n[3](keys + self.i2t(keys + kpe, q + q0, q))


class SamDecoder(nn.Module):
    """One box: sparse tokens [1,2,256] and an embedding -> one mask and four qualities."""

    def __init__(self, grid, dim=256):
        super().__init__()
        self.grid = grid
        self.tokens, self.pe = nn.Parameter(torch.randn(1, 5, dim)), nn.Parameter(torch.randn(1, grid * grid, dim))
        self.no_mask = nn.Parameter(torch.randn(1, dim, 1, 1))
        self.layers, self.final, self.norm = nn.ModuleList(TwoWayLayer() for _ in range(2)), Cross(dim, dim // 2), nn.LayerNorm(dim)
        self.up = nn.Sequential(nn.ConvTranspose2d(dim, 64, 2, 2), LayerNorm2d(64), nn.GELU(), nn.ConvTranspose2d(64, 32, 2, 2), nn.GELU())
        self.hyper = nn.Sequential(nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, dim), nn.ReLU(), nn.Linear(dim, 32))
        self.iou = nn.Sequential(nn.Linear(dim, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 4))

    def forward(self, embedding, sparse):
        t = torch.cat([self.tokens, sparse], 1)
        x = (embedding + self.no_mask).flatten(2).transpose(1, 2)
        q, x = self.layers[0](t, x, self.pe, None)
        q, x = self.layers[1](t, x, self.pe, q)
        q = self.norm(q + self.final(q + t, x + self.pe, x))
        u = self.up(x.transpose(1, 2).reshape(1, -1, self.grid, self.grid))
        m = self.hyper(q[:, 1]) @ u.flatten(2)
        return m.view(1, 1, 4 * self.grid, 4 * self.grid), self.iou(q[:, 0])


CONFIGS = {
    "vit_b_1024": (lambda: SamEncoder(1024), 1024, 64),
    "vit_b_512": (lambda: SamEncoder(512), 512, 32),
    "med2d_256": (lambda: SamEncoder(256, adapters=True), 256, 16),
    "mobile_1024": (TinyEncoder, 1024, 64),
}
