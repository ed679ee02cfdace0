"""PNG, JPEG and BMP files: by Pillow, and by hand where Pillow has no option."""
import io
import struct
import zlib

import numpy
from PIL import Image, ImageOps

from makers import Impossible, Made, five, map_of, smooth, turned

# ---- PNG -----------------------------------------------------------------------------------------

ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def packed_rows(samples, depth):
    """[y, x, c] as rows of bytes."""
    height = samples.shape[0]
    flat = samples.reshape(height, -1)
    if depth == 16:
        return [row.astype(">u2").tobytes() for row in flat]
    if depth == 8:
        return [row.astype(numpy.uint8).tobytes() for row in flat]
    bits = (flat[:, :, None] >> numpy.arange(depth - 1, -1, -1)) & 1
    return [numpy.packbits(row.ravel().astype(numpy.uint8)).tobytes() for row in bits]


def filtered(rows, pixel, draw):
    out, before = b"", bytes(len(rows[0]) if rows else 0)
    for row in rows:
        kind = draw.choice((0, 1, 2, 0))
        if kind == 1:
            line = bytes((row[i] - (row[i - pixel] if i >= pixel else 0)) & 255 for i in range(len(row)))
        elif kind == 2:
            line = bytes((row[i] - before[i]) & 255 for i in range(len(row)))
        else:
            line = row
        out += bytes([kind]) + line
        before = row
    return out


def exif_block(orientation, draw):
    order = draw.choice("<>")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", 8)
    kind = draw.choice((3, 3, 3, 1, 4))  # a short by the standard; others are met
    field = struct.pack(order + {1: "B", 3: "H", 4: "I"}[kind], orientation)
    return head + struct.pack(order + "HHHI", 1, 0x0112, kind, 1) + field + bytes(8 - len(field))


def png(draw, path):
    labels = draw.random() < 0.4
    colour = draw.choice((0, 0, 2, 3, 3, 4, 6))
    depth = draw.choice({0: (1, 2, 4, 8, 16), 3: (1, 2, 4, 8)}.get(colour, (8, 16)))
    height, width, channels = draw.randint(1, 40), draw.randint(1, 40), SAMPLES[colour]
    most = (1 << depth) - 1
    coloured = False
    if labels:
        grey = map_of(draw, height, width, min(most, 20))
        samples = numpy.repeat(grey[:, :, None], channels, 2)
        coloured = colour in (2, 6) and grey.any() and draw.random() < 0.3
        if coloured:
            samples[:, :, 0] = 0
        if colour in (4, 6):
            samples[:, :, -1] = most
    else:
        samples = smooth(draw, height, width, channels, numpy.uint16).astype(numpy.int64) * (most + 1) >> 16
    interlaced, orientation = draw.random() < 0.3, draw.choice((0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0,
                                                              int(interlaced)))
    if draw.random() < 0.2:
        data += chunk(b"gAMA", struct.pack(">I", draw.choice((45455, 100000, 20000))))
    if draw.random() < 0.2:
        data += chunk(b"tEXt", b"Comment\0drawn")
    palette = None
    if colour == 3:
        palette = numpy.array([[draw.randrange(256) for _ in range(3)] for _ in range(most + 1)], numpy.uint8)
        if draw.random() < 0.5:
            palette[0] = draw.choice(((0, 0, 0), (255, 255, 255)))
        data += chunk(b"PLTE", palette.tobytes())
    opacity = None
    if colour == 3 and draw.random() < 0.3:
        opacity = bytes(draw.randrange(256) for _ in range(draw.randint(1, most + 1)))
        data += chunk(b"tRNS", opacity)
    elif colour == 0 and draw.random() < 0.2:
        data += chunk(b"tRNS", struct.pack(">H", draw.randint(0, most)))
    early = draw.random() < 0.5
    exif = chunk(b"eXIf", exif_block(orientation, draw)) if orientation else b""
    pixel = max(1, channels * depth // 8)
    if interlaced:
        raw = b""
        for x, y, dx, dy in ADAM7:
            part = samples[y::dy, x::dx]
            if part.size:
                raw += filtered(packed_rows(part, depth), pixel, draw)
    else:
        raw = filtered(packed_rows(samples, depth), pixel, draw)
    stream = zlib.compress(raw, draw.randrange(10))
    cut = draw.randint(0, len(stream))
    data += (exif if early else b"") + chunk(b"IDAT", stream[:cut]) + chunk(b"IDAT", stream[cut:])
    data += exif if not early else b""
    end = draw.choice(("whole", "whole", "whole", "none", "trailing"))
    data += {"whole": chunk(b"IEND", b""), "none": b"",
             "trailing": chunk(b"IEND", b"") + b"more bytes"}[end]
    path += ".png"
    with open(path, "wb") as f:
        f.write(data)
    about = f"colour {colour} depth {depth} interlaced {interlaced} exif {orientation} end {end} labels {labels}" \
            f" opacity {opacity is not None} {width}x{height}"
    if labels:
        want = samples[:, :, :1]
        told = ""
    else:
        want, told = samples, ""
        if colour == 3:
            want = palette[samples[:, :, 0]]
            if opacity is not None:
                full = opacity + bytes([255]) * (most + 1 - len(opacity))
                want = numpy.concatenate([want, numpy.frombuffer(full, numpy.uint8)[samples]], 2)
        elif depth < 8:
            want = samples * (255 // most)
    return Made(path, "labels" if labels else "image", about, five(turned(want, orientation), True), told=told,
                refused="labels have colours" if coloured else "", must_read=not coloured)


def png_pillow(draw, path):
    mode = draw.choice(("1", "L", "LA", "P", "RGB", "RGBA", "I;16"))
    height, width = draw.randint(1, 50), draw.randint(1, 50)
    picture, _ = pillow_picture(draw, mode, height, width)
    extra = {}
    if mode == "P":
        extra["bits"] = draw.choice((8, 8, 4, 2, 1))
    if mode in ("L", "RGB") and draw.random() < 0.3:
        extra["transparency"] = 7 if mode == "L" else (7, 8, 9)
    exif = Image.Exif()
    if draw.random() < 0.4:
        exif[0x0112] = draw.randint(1, 8)
        extra["exif"] = exif
    path += ".png"
    try:
        picture.save(path, optimize=draw.random() < 0.3, compress_level=draw.randrange(10), **extra)
    except (ValueError, OSError, KeyError) as reason:
        raise Impossible from reason
    with Image.open(path) as back:
        extra.pop("exif", None)
        back = ImageOps.exif_transpose(back)
        want = numpy.asarray(back.convert("RGB") if back.mode == "P" else
                             back.convert("L") if back.mode == "1" else back)
    return Made(path, "image", f"mode {mode} {extra} exif {dict(exif)}", five(want, want.ndim == 3),
                must_read=True)


def pillow_picture(draw, mode, height, width):
    channels = {"LA": 2, "RGB": 3, "YCbCr": 3, "LAB": 3, "RGBA": 4, "RGBX": 4, "CMYK": 4}.get(mode, 1)
    if mode == "I;16":
        samples = smooth(draw, height, width, 1, numpy.uint16)[:, :, 0]
        return Image.fromarray(samples), samples
    if mode == "I":
        samples = smooth(draw, height, width, 1, numpy.int32)[:, :, 0]
        return Image.fromarray(samples), samples
    if mode == "F":
        samples = smooth(draw, height, width, 1, numpy.float32)[:, :, 0]
        return Image.fromarray(samples), samples
    samples = smooth(draw, height, width, channels, numpy.uint8)
    if mode == "1":
        return Image.fromarray(samples[:, :, 0]).point(lambda v: 255 * (v > 127)).convert("1"), samples
    if mode == "P":
        picture = Image.fromarray(samples[:, :, 0]).convert("P")
        picture.putpalette([draw.randrange(256) for _ in range(768)])
        return picture, samples
    if channels == 1:
        return Image.fromarray(samples[:, :, 0]), samples
    if mode in ("YCbCr", "LAB"):
        return Image.merge(mode, [Image.fromarray(samples[:, :, i]) for i in range(3)]), samples
    if mode == "CMYK":
        return Image.merge(mode, [Image.fromarray(samples[:, :, i]) for i in range(4)]), samples
    if mode == "LA":
        return Image.merge("LA", [Image.fromarray(samples[:, :, i]) for i in range(2)]), samples
    if mode == "RGBX":
        return Image.fromarray(samples[:, :, :3]), samples
    return Image.fromarray(samples), samples


# ---- JPEG ----------------------------------------------------------------------------------------


def jpeg(draw, path):
    mode = draw.choice(("L", "RGB", "RGB", "RGB", "CMYK", "YCbCr"))
    height, width = draw.randint(1, 70), draw.randint(1, 70)
    picture, _ = pillow_picture(draw, mode, height, width)
    extra = {"quality": draw.choice((1, 30, 75, 90, 100)), "progressive": draw.random() < 0.4,
             "optimize": draw.random() < 0.3, "subsampling": draw.choice((0, 1, 2))}
    exif, orientation = Image.Exif(), draw.choice((0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8))
    if orientation:
        exif[0x0112] = orientation
        extra["exif"] = exif.tobytes()
    out = io.BytesIO()
    picture.save(out, "JPEG", **extra)
    whole = out.getvalue()
    with Image.open(io.BytesIO(whole)) as back:
        want = numpy.asarray(back.convert("RGB") if back.mode == "CMYK" else back)
    end = draw.choice(("whole", "whole", "whole", "no end", "trailing", "cut"))
    bytes_written = {"whole": whole, "no end": whole[:-2], "trailing": whole + b"\0\0more",
                     "cut": whole[:-2 - draw.randint(1, max(1, len(whole) // 8))]}[end]
    path += draw.choice((".jpg", ".jpeg", ".png"))
    with open(path, "wb") as f:
        f.write(bytes_written)
    extra.pop("exif", None)
    refused = "pixels are missing" if end == "cut" else ""
    want = turned(want, orientation)
    # Decoders of other versions round differently.
    return Made(path, "image", f"mode {mode} {extra} exif {orientation} end {end}", five(want, want.ndim == 3),
                tolerance=2.0, refused=refused, must_read=end != "cut")


# ---- BMP -----------------------------------------------------------------------------------------


def run_lengths(indices, bits, draw):
    """RLE8 or RLE4 of [y, x], bottom up."""
    out = b""
    height, width = indices.shape
    for y in range(height - 1, -1, -1):
        row, x = [int(v) for v in indices[y]], 0
        while x < width:
            run = 1
            while x + run < width and run < 255 and row[x + run] == row[x]:
                run += 1
            left = min(width - x, 255)
            if run >= 3 or left < 3 or draw.random() < 0.3:
                value = row[x] if bits == 8 else row[x] << 4 | row[x]
                out += bytes([run, value])
                x += run
                continue
            count = draw.randint(3, left)
            part = row[x:x + count]
            body = bytes(part) if bits == 8 else bytes(
                part[i] << 4 | (part[i + 1] if i + 1 < count else 0) for i in range(0, count, 2))
            out += bytes([0, count]) + body + (b"\0" if len(body) % 2 else b"")
            x += count
        out += b"\0\0" if y or draw.random() < 0.5 else b""
    return out + b"\0\1"


def bmp(draw, path):
    labels = draw.random() < 0.3
    bits = draw.choice((1, 4, 8, 16, 24, 32, 4, 8))
    if labels and bits > 8:
        bits = 8
    height, width = draw.randint(1, 40), draw.randint(1, 40)
    packed, top_down = bits in (4, 8) and draw.random() < 0.5, draw.random() < 0.3
    header, masks, extra = 40, b"", b""
    compression = 0
    if bits <= 8:
        indices = map_of(draw, height, width, (1 << bits) - 1)
        palette = numpy.array([[draw.randrange(256) for _ in range(3)] for _ in range(1 << bits)], numpy.uint8)
        if draw.random() < 0.3:
            palette[:] = numpy.linspace(0, 255, 1 << bits).astype(numpy.uint8)[:, None]
        extra = b"".join(bytes([b, g, r, 0]) for r, g, b in palette.tolist())
        want = indices[:, :, None] if labels else palette[indices]
        grey = (palette == numpy.linspace(0, 255, 1 << bits).astype(numpy.uint8)[:, None]).all()
        if grey and bits in (1, 8) and not labels:
            want = want[:, :, :1]
        if packed:
            compression, top_down = (1 if bits == 8 else 2), False
            body = run_lengths(indices, bits, draw)
        else:
            rows = packed_rows(indices[:, :, None], bits)
            body = b"".join(r + bytes(-len(r) % 4) for r in (rows if top_down else rows[::-1]))
    else:
        fields = {16: draw.choice(((0x7c00, 0x3e0, 0x1f), (0xf800, 0x7e0, 0x1f))), 24: None,
                  32: draw.choice(((0xff0000, 0xff00, 0xff), (0xff, 0xff00, 0xff0000),
                                   (0xff000000, 0xff0000, 0xff00)))}[bits]
        colours = smooth(draw, height, width, 3, numpy.uint8)
        want = colours
        if bits == 24:
            rows = [row[:, ::-1].tobytes() for row in colours]
        else:
            usual = fields in ((0x7c00, 0x3e0, 0x1f), (0xff0000, 0xff00, 0xff))
            compression = 0 if usual and draw.random() < 0.5 else 3
            values, parts = numpy.zeros((height, width), numpy.uint32), []
            for i, mask in enumerate(fields):
                shift = (mask & -mask).bit_length() - 1
                most = mask >> shift
                level = colours[:, :, i].astype(numpy.uint32) * most // 255
                values |= level << numpy.uint32(shift)
                parts.append(level * 255 // most)
            want = numpy.stack(parts, -1)
            rows = [row.astype("<u2" if bits == 16 else "<u4").tobytes() for row in values]
            if compression:
                header = draw.choice((40, 56, 108, 124))
                masks = struct.pack("<III", *fields)
                masks += bytes(header - 52) if header > 40 else b""
        body = b"".join(r + bytes(-len(r) % 4) for r in (rows if top_down else rows[::-1]))
    offset = 14 + 40 + len(masks) + len(extra)
    data = b"BM" + struct.pack("<IHHI", offset + len(body), 0, 0, offset)
    data += struct.pack("<IiiHHIIiiII", header, width, -height if top_down else height, 1, bits, compression,
                        len(body), 2835, 2835, 0, 0) + masks + extra + body
    path += ".bmp"
    with open(path, "wb") as f:
        f.write(data)
    return Made(path, "labels" if labels else "image",
                f"bits {bits} compression {compression} top down {top_down} header {header} labels {labels} "
                f"{width}x{height}", five(want, True), must_read=True)


def bmp_pillow(draw, path):
    mode = draw.choice(("1", "L", "P", "RGB", "RGBA"))
    picture, _ = pillow_picture(draw, mode, draw.randint(1, 50), draw.randint(1, 50))
    path += ".bmp"
    picture.save(path)
    with Image.open(path) as back:
        want = numpy.asarray(back.convert("L") if back.mode == "1" else
                             back if back.mode == "L" else back.convert("RGB"))
    return Made(path, "image", f"mode {mode}", five(want, want.ndim == 3), must_read=True)


def other_name(draw, path):
    """Formats that are not read, under names that are."""
    kind = draw.choice(("GIF", "WEBP", "PPM", "ICO", "PDF", "TGA", "JPEG2000", "PCX", "EPS"))
    picture, _ = pillow_picture(draw, "RGB", 20, 30)
    path += draw.choice((".png", ".jpg", ".tif", ".nii.gz", ".bmp"))
    try:
        picture.save(path, kind)
    except (KeyError, OSError) as reason:
        raise Impossible from reason
    return Made(path, "image", kind, refused=f"it is {kind}")


def makers():
    return {"png": png, "png pillow": png_pillow, "jpeg": jpeg, "bmp": bmp, "bmp pillow": bmp_pillow,
            "other formats": other_name}
