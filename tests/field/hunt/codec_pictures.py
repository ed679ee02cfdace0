"""PNG, JPEG and BMP files by imagecodecs, and formats that are not read under names that are."""
import imagecodecs
import numpy

from makers import Impossible, Made, five, map_of, smooth


def stored(path, data):
    with open(path, "wb") as f:
        f.write(data)
    return path


def drawn(draw, channels, dtypes):
    dtype = draw.choice(dtypes)
    array = smooth(draw, draw.randint(1, 60), draw.randint(1, 60), channels, dtype)
    return array[:, :, 0] if channels == 1 else array


def png(draw, path):
    labels, channels = draw.random() < 0.3, draw.choice((1, 1, 2, 3, 4))
    array = drawn(draw, channels, ("uint8", "uint16"))
    if labels:
        array = map_of(draw, *array.shape[:2], 20).astype(array.dtype)
    try:
        data = imagecodecs.png_encode(array, level=draw.randrange(10), strategy=draw.randrange(5), filter=draw.choice(
            (None, 8, 16, 32, 64, 128)))
    except Exception as reason:
        raise Impossible from reason
    return Made(stored(path + ".png", data), "labels" if labels else "image", f"{array.dtype} {array.shape}",
                five(array, array.ndim == 3), must_read=True)


def jpeg(draw, path):
    channels = draw.choice((1, 3, 3))
    array = drawn(draw, channels, ("uint8",))
    options = {"level": draw.choice((30, 75, 95, 100)), "optimize": draw.random() < 0.3}
    if channels == 3:
        options["outcolorspace"] = draw.choice(("YCBCR", "YCBCR", "RGB"))
        options["colorspace"] = "RGB"
        options["subsampling"] = draw.choice(("444", "422", "420", "440", "411")) if options["outcolorspace"] != "RGB" \
            else None
    try:
        data = imagecodecs.jpeg8_encode(array, **options)
        want = imagecodecs.jpeg8_decode(data)
    except Exception as reason:
        raise Impossible from reason
    return Made(stored(path + draw.choice((".jpg", ".jpeg")), data), "image", f"{array.shape} {options}",
                five(want, want.ndim == 3), tolerance=2.0, must_read=True)


def bmp(draw, path):
    array = drawn(draw, draw.choice((1, 3)), ("uint8",))
    try:
        data = imagecodecs.bmp_encode(array)
    except Exception as reason:
        raise Impossible from reason
    return Made(stored(path + ".bmp", data), "image", f"{array.shape}", five(array, array.ndim == 3), must_read=True)


ENCODERS = {"lossless JPEG": ("ljpeg_encode", ("uint8", "uint16")), "JPEG-LS": ("jpegls_encode", ("uint8", "uint16")),
            "JPEG 2000": ("jpeg2k_encode", ("uint8", "uint16")), "JPEG XL": ("jpegxl_encode", ("uint8", "uint16")),
            "JPEG XR": ("jpegxr_encode", ("uint8", "uint16")), "WebP": ("webp_encode", ("uint8",)),
            "AVIF": ("avif_encode", ("uint8",)), "HEIF": ("heif_encode", ("uint8",)), "QOI": ("qoi_encode", ("uint8",)),
            "12-bit JPEG": ("jpeg_encode", ("uint16",)), "EXR": ("exr_encode", ("float32",)),
            "animated PNG": ("apng_encode", ("uint8",))}


def other(draw, path):
    name = draw.choice(tuple(ENCODERS))
    function, dtypes = ENCODERS[name]
    array = drawn(draw, draw.choice((1, 3)), dtypes)
    if name == "12-bit JPEG":
        array = array >> 4
    if name == "animated PNG":
        if array.ndim == 2:  # a third axis would be taken for channels
            raise Impossible
        array = numpy.stack([array, array[::-1]])
    if name == "WebP" and array.ndim == 2:
        array = numpy.repeat(array[:, :, None], 3, 2)
    try:
        data = getattr(imagecodecs, function)(array, **({"bitspersample": 12} if name == "12-bit JPEG" else {}))
    except Exception as reason:  # codecs have errors of their own, and some builds lack some
        raise Impossible from reason
    path = stored(path + draw.choice((".png", ".jpg", ".tif", ".bmp", ".nii.gz")), data)
    if name == "animated PNG":  # its first picture is a whole PNG
        return Made(path, "image", name, five(array[0], array.ndim == 4), must_read=True)
    return Made(path, "image", f"{name} {array.dtype} {array.shape} {path[-4:]}", refused=f"it is {name}")


def makers():
    return {"png imagecodecs": png, "jpeg imagecodecs": jpeg, "bmp imagecodecs": bmp, "other imagecodecs": other}
