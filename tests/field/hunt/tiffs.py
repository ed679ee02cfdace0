"""TIFF files by tifffile (with imagecodecs where it is there) and by Pillow."""
import io

import numpy
import tifffile
from PIL import Image

from makers import Impossible, Made, five, map_of, smooth, turned
from pictures import pillow_picture

try:
    import imagecodecs  # noqa: F401
    CODECS = True
except ImportError:
    CODECS = False

INTEGERS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64")
LOSSLESS = ("zlib", "lzw", "packbits", "zstd", "lzma")
OTHER = ("jpeg", "jpeg2000", "webp", "lerc", "png", "jpegxl")
LOSSY = {"jpeg": 3.0, "webp": 400.0, "lerc": 1e9, "jpeg2000": 1e9, "png": 0.0, "jpegxl": 1e9}


def inverted(array):
    """min + max - x of the type; floats have no such end and must be refused."""
    return ~array if array.dtype.kind in "biu" else array


def seen_as_image(array, photometric):
    """What an image reader makes of stored samples [..., y, x(, c)]."""
    if photometric == "miniswhite":
        array = inverted(array)
    if array.dtype == bool:
        return array.astype(numpy.uint8) * 255
    if array.dtype == numpy.float16:
        return array.astype(numpy.float32)
    return array


def cmyk_as_rgb(cmyk):
    most = int(numpy.iinfo(cmyk.dtype).max)
    ink, light = cmyk[..., :3].astype(object), (most - cmyk[..., 3:].astype(object))
    return (light - (2 * ink * light + most) // (2 * most)).astype(cmyk.dtype)


def tiff_grey(draw, path):
    """One channel of any type and depth, one page or several."""
    labels = draw.random() < 0.3
    dtype = draw.choice(INTEGERS + ("bool", "float16", "float32", "float64", "complex64", "complex128"))
    photometric = draw.choice(("minisblack", "minisblack", "miniswhite"))
    pages = draw.choice((1, 1, 1, 2, 5))
    height, width = draw.randint(5, 60), draw.randint(5, 60)
    if pages == 1:  # tifffile takes short axes of stacks for channels
        height, width = draw.randint(1, 60), draw.randint(1, 60)
    if labels:
        planes = [map_of(draw, height, width, 1 if dtype == "bool" else 20).astype(dtype) for _ in range(pages)]
    else:
        planes = [smooth(draw, height, width, 1, dtype)[:, :, 0] for _ in range(pages)]
    array = numpy.stack(planes)
    options = layout(draw, dtype, array)
    orientation = draw.choice((0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8))
    path += draw.choice((".tif", ".tiff"))
    write(path, array if pages > 1 else array[0], photometric=photometric,
          extratags=[(274, 3, 1, orientation, False)] if orientation else (), **options)
    want = array if labels else seen_as_image(array, photometric)
    want = turned(want, orientation, (1, 2))[None, ..., None]
    reason = ""
    if numpy.dtype(dtype).kind == "c":
        reason = "complex"
    elif numpy.dtype(dtype).kind == "f" and photometric == "miniswhite" and not labels:
        reason = "black is not defined"
    if labels and not reason:
        want = want.real.astype(numpy.int64)
    return Made(path, "labels" if labels else "image",
                f"{dtype} {photometric} pages {pages} {options} orientation {orientation} labels {labels}",
                want, refused=reason, must_read=not reason and options.get("compression") in (None,) + LOSSLESS)


def layout(draw, dtype, array):
    kind, options = numpy.dtype(dtype), {}
    if draw.random() < 0.6 and kind != bool:
        options["compression"] = draw.choice(LOSSLESS if CODECS else ("zlib",))
        if kind.kind in "iuf" and draw.random() < 0.4 and options["compression"] != "packbits" and CODECS:
            options["predictor"] = True
    if draw.random() < 0.3:
        options["tile"] = (16 * draw.randint(1, 4), 16 * draw.randint(1, 4))
    elif draw.random() < 0.5:
        options["rowsperstrip"] = draw.randint(1, 64)
    options["byteorder"] = draw.choice("<>")
    options["bigtiff"] = draw.random() < 0.2
    options["metadata"] = draw.choice((None, {}))
    return options


def write(path, array, **options):
    byteorder, bigtiff = options.pop("byteorder"), options.pop("bigtiff")
    try:
        with tifffile.TiffWriter(path, byteorder=byteorder, bigtiff=bigtiff) as out:
            out.write(array, **options)
        tifffile.imread(path)
    except (ValueError, TypeError, NotImplementedError, RuntimeError, KeyError, OSError, ImportError) as reason:
        raise Impossible from reason
    except Exception as reason:  # codecs have errors of their own
        raise Impossible from reason


def tiff_colour(draw, path):
    """Several channels: RGB, RGBA, CMYK, palette, and channels that mean nothing."""
    kind = draw.choice(("rgb", "rgb", "rgba", "rgbx", "rgb premultiplied", "cmyk", "palette", "two", "grey alpha",
                        "five", "three grey"))
    dtype = draw.choice(("uint8", "uint8", "uint16", "uint32", "float32", "int16"))
    height, width = draw.randint(1, 60), draw.randint(1, 60)
    channels = {"rgb": 3, "rgba": 4, "rgbx": 4, "rgb premultiplied": 4, "cmyk": 4, "palette": 1, "two": 2,
                "grey alpha": 2, "five": 5, "three grey": 3}[kind]
    if kind in ("cmyk", "palette"):
        dtype = draw.choice(("uint8", "uint16")) if kind == "cmyk" else "uint8"
    array = smooth(draw, height, width, channels, dtype)
    options = layout(draw, dtype, array)
    planar = draw.random() < 0.3 and kind not in ("palette",)
    extra = {"rgba": ["unassalpha"], "rgbx": ["unspecified"], "rgb premultiplied": ["assocalpha"],
             "two": ["unspecified"], "grey alpha": ["unassalpha"], "five": ["unspecified"] * 4,
             "three grey": ["unspecified"] * 2}.get(kind)
    photometric = {"cmyk": "separated", "palette": "palette"}.get(
        kind, "rgb" if kind.startswith("rgb") else "minisblack")
    if extra:
        options["extrasamples"] = extra
    if kind == "palette":
        colours = numpy.array([[draw.randrange(65536) for _ in range(256)] for _ in range(3)], numpy.uint16)
        options["colormap"] = colours
        stored, want = array[:, :, 0], (colours >> 8).T[array[:, :, 0]].astype(numpy.uint8)
    else:
        stored = numpy.moveaxis(array, -1, 0) if planar else array
        options["planarconfig"] = "separate" if planar else "contig"
        want = cmyk_as_rgb(array) if kind == "cmyk" else array
    path += ".tif"
    write(path, stored, photometric=photometric, **options)
    options.pop("colormap", None)
    refused = "it is CMYK in planes" if kind == "cmyk" and planar else ""
    return Made(path, "image", f"{kind} {dtype} planar {planar} {options}", five(want, True), refused=refused,
                must_read=not refused)


def tiff_picture(draw, path):
    """The picture of channels that mean nothing must be refused or told."""
    made = tiff_colour(draw, path)
    made.mode = "picture"
    kind = made.about.split(" uint")[0].split(" int")[0].split(" float")[0]
    samples = made.want
    if kind in ("two", "five") and not made.refused:
        made.refused = "its channels have no meaning"
    if kind in ("rgbx", "three grey") and not made.refused:
        made.refused = "a channel is dropped or taken as a colour"
    made.must_read = False
    if samples.dtype == numpy.uint8 and not made.refused:
        colours = samples[..., :3] if samples.shape[-1] >= 3 else numpy.repeat(samples[..., :1], 3, -1)
        made.want = colours
    elif samples.dtype == numpy.uint16 and samples.shape[-1] >= 3 and not made.refused:
        made.want = samples[..., :3] >> 8
    elif not made.refused:
        raise Impossible  # windowed: not compared here
    return made


def tiff_bits(draw, path):
    """Samples of 1 to 15 bits, packed by hand into strips."""
    bits = draw.choice((1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 12, 12))
    labels, colour = draw.random() < 0.3, draw.random() < 0.2
    white = draw.random() < 0.3 and not colour
    channels = 3 if colour and not labels else 1
    height, width = draw.randint(1, 40), draw.randint(1, 40)
    most = (1 << bits) - 1
    if labels:
        samples = map_of(draw, height, width, most)[:, :, None]
    else:
        samples = smooth(draw, height, width, channels, numpy.uint16).astype(numpy.int64) * (most + 1) >> 16
    flat = samples.reshape(height, -1)
    spread = ((flat[:, :, None] >> numpy.arange(bits - 1, -1, -1)) & 1).astype(numpy.uint8)
    body = b"".join(numpy.packbits(row.ravel()).tobytes() for row in spread)
    order, turned_over = draw.choice("<>"), draw.random() < 0.3
    if turned_over:  # FillOrder 2
        body = bytes(int(f"{byte:08b}"[::-1], 2) for byte in body)
    photometric = 2 if channels == 3 else 0 if white else 1
    path += ".tif"
    with open(path, "wb") as f:
        f.write(raw_tiff(order, width, height, [bits] * channels, photometric, body,
                         [(266, 3, 1, 2)] if turned_over else []))
    want = samples
    if not labels:
        if white:
            want = most - want
        if bits < 8:
            want = (want * 255 * 2 + most) // (2 * most) if not white else \
                255 - (samples * 255 * 2 + most) // (2 * most)
        elif channels == 3:
            want = (want * 65535 * 2 + most) // (2 * most)
    return Made(path, "labels" if labels else "image", f"bits {bits} channels {channels} white {white} order {order}"
                f" labels {labels} {width}x{height}", five(want, True), must_read=True)


def raw_tiff(order, width, height, bits, photometric, body, tags=()):
    import struct
    entries = [(256, 4, 1, width), (257, 4, 1, height), (259, 3, 1, 1), (262, 3, 1, photometric),
               (277, 3, 1, len(bits)), (278, 4, 1, height), (279, 4, 1, len(body)), *tags]
    count = len(entries) + 2
    after = 8 + 2 + 12 * count + 4
    bits_at = after
    body_at = bits_at + 2 * len(bits)
    entries += [(258, 3, len(bits), bits[0] if len(bits) == 1 else (bits_at, "offset")), (273, 4, 1, body_at)]
    out = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, count)
    for tag, kind, n, value in sorted(entries, key=lambda e: e[0]):
        if isinstance(value, tuple):
            field = struct.pack(order + "I", value[0])
        else:
            field = struct.pack(order + "I", value) if kind == 4 else \
                struct.pack(order + "HH", value & 65535, value >> 16)
        out += struct.pack(order + "HHI", tag, kind, n) + field
    return out + bytes(4) + struct.pack(f"{order}{len(bits)}H", *bits) + body


def tiff_ycbcr(draw, path):
    """YCbCr without compression, colours shared by blocks of pixels."""
    across, high = draw.choice((1, 2, 4)), draw.choice((1, 2, 4))
    height, width = draw.randint(1, 40), draw.randint(1, 40)
    units_y, units_x = -(-height // high), -(-width // across)
    light = smooth(draw, units_y * high, units_x * across, 1, "uint8")[:, :, 0]
    colour = smooth(draw, units_y, units_x, 2, "uint8")
    body = b""
    for y in range(units_y):
        for x in range(units_x):
            block = light[y * high:(y + 1) * high, x * across:(x + 1) * across]
            body += block.tobytes() + colour[y, x].tobytes()
    path += ".tif"
    subsampling = across | high << 16
    order = draw.choice("<>")
    with open(path, "wb") as f:
        f.write(raw_tiff(order, width, height, [8, 8, 8], 6, body, [(530, 3, 2, subsampling)]))
    spread = numpy.repeat(numpy.repeat(colour, high, 0), across, 1).astype(float)[:height, :width] - 128
    luma = light[:height, :width].astype(float)
    red, blue = luma + 1.402 * spread[:, :, 1], luma + 1.772 * spread[:, :, 0]
    green = (luma - 0.299 * red - 0.114 * blue) / 0.587
    want = numpy.clip(numpy.rint(numpy.stack([red, green, blue], -1)), 0, 255)
    return Made(path, "image", f"{across} x {high} order {order} {width}x{height}", five(want, True), tolerance=1.0,
                must_read=True)


def tiff_pillow(draw, path):
    mode = draw.choice(("1", "L", "LA", "P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "I;16", "I", "F"))
    picture, _ = pillow_picture(draw, mode, draw.randint(1, 60), draw.randint(1, 60))
    choices = [None, "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "raw"]
    if mode == "1":
        choices += ["group3", "group4", "tiff_ccitt"]
    if mode in ("L", "RGB", "YCbCr", "CMYK"):
        choices += ["jpeg", "jpeg"]
    compression, orientation = draw.choice(choices), draw.choice((0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8))
    path += ".tif"
    options = {"compression": compression} if compression else {}
    tags = {262: 0} if mode in ("1", "L") and draw.random() < 0.3 else {}
    try:
        whole = io.BytesIO()  # not turned: versions of Pillow differ in what they turn, and when
        picture.save(whole, "TIFF", tiffinfo=dict(tags), **options)
        picture.save(path, tiffinfo={**tags, 274: orientation} if orientation else tags, **options)
        with Image.open(whole) as back:
            back.load()
            stored = back.tag_v2.get(262)
            want = numpy.asarray(back.convert("RGB") if back.mode in ("P", "CMYK", "YCbCr", "RGBX") else
                                 back.convert("L") if back.mode == "1" else back)
    except (OSError, KeyError, ValueError, TypeError, RuntimeError) as reason:
        raise Impossible from reason
    lossy = compression == "jpeg" or mode == "YCbCr"
    return Made(path, "image", f"mode {mode} {options} photometric {stored} orientation {orientation}",
                five(turned(want, orientation), want.ndim == 3),
                tolerance=3.0 if lossy else 0.0, refused="L*a*b* is not read" if mode == "LAB" else "",
                must_read=mode != "LAB")


def tiff_codec(draw, path):
    """Compressions that only some readers have."""
    compression = draw.choice(OTHER)
    channels = draw.choice((1, 3))
    dtype = draw.choice(("uint8", "uint8", "uint16", "float32"))
    array = smooth(draw, draw.randint(16, 60), draw.randint(16, 60), channels, dtype)
    options = {"byteorder": draw.choice("<>"), "bigtiff": False, "compression": compression}
    if draw.random() < 0.4:
        options["tile"] = (16 * draw.randint(1, 3), 16 * draw.randint(1, 3))
    if compression == "jpeg":
        if dtype != "uint8":
            raise Impossible
        options["compressionargs"] = {"level": draw.choice((75, 90, 95))}
        if channels == 3:
            options["photometric"] = draw.choice(("rgb", "ycbcr"))
            if options["photometric"] == "ycbcr" and draw.random() < 0.5:
                options["subsampling"] = draw.choice(((1, 1), (2, 1), (2, 2)))
    options.setdefault("photometric", "rgb" if channels == 3 else "minisblack")
    path += ".tif"
    write(path, array if channels == 3 else array[:, :, 0], **options)
    want = tifffile.imread(path)
    if compression == "jpeg" and options["photometric"] == "ycbcr":
        try:
            with Image.open(path) as back:
                want = numpy.asarray(back.convert("RGB"))
        except OSError as reason:
            raise Impossible from reason
    return Made(path, "image", f"{dtype} {channels} {options}", five(want, channels == 3),
                tolerance=LOSSY[compression], must_read=compression == "jpeg")


def tiff_imagej(draw, path):
    frames, depth, height, width = draw.choice((1, 1, 3)), draw.randint(1, 5), draw.randint(2, 40), draw.randint(2, 40)
    dtype = draw.choice(("uint8", "uint16", "float32"))
    array = numpy.stack([smooth(draw, height, width, 1, dtype)[:, :, 0] for _ in range(frames * depth)])
    stack = array.reshape(frames, depth, height, width)
    path += ".tif"
    contiguous = draw.random() < 0.5
    try:
        tifffile.imwrite(path, stack, imagej=True, metadata={"axes": "TZYX", "spacing": 2.5, "unit": "mm"},
                         resolution=(2.0, 4.0), byteorder=draw.choice("<>"),
                         **({} if contiguous else {"compression": "zlib"}))
    except (ValueError, TypeError) as reason:
        raise Impossible from reason
    if contiguous and frames * depth > 1 and draw.random() < 0.6:
        one_directory(path)
    return Made(path, "image", f"{dtype} {stack.shape} contiguous {contiguous}", stack[..., None], must_read=True,
                affine=numpy.diag([0.5, 0.25, 2.5, 1.0]))


def one_directory(path):
    """Ends the chain of directories behind the first, as programs do for large stacks."""
    with tifffile.TiffFile(path) as t:
        order = t.byteorder
        page = t.pages[0]
        with open(path, "r+b") as f:
            f.seek(page.offset)
            count = int.from_bytes(f.read(2), "little" if order == "<" else "big")
            f.seek(page.offset + 2 + 12 * count)
            f.write(bytes(4))


def makers():
    found = {"tiff grey": tiff_grey, "tiff colour": tiff_colour, "tiff picture": tiff_picture, "tiff bits": tiff_bits,
             "tiff ycbcr": tiff_ycbcr, "tiff pillow": tiff_pillow, "tiff imagej": tiff_imagej}
    if CODECS:
        found["tiff codec"] = tiff_codec
    return found
