"""What the makers of files share, and which of them can work here."""
import dataclasses
import importlib

import numpy


class Impossible(Exception):
    """The writer cannot make this combination."""


@dataclasses.dataclass
class Made:
    """A file, and what must be read from it."""

    path: str
    mode: str            # image, labels, picture, regions or weights
    about: str           # the options, for messages
    want: object = None  # array [frames, depth, height, width, channels]
    tolerance: float = 0.0
    affine: object = None    # 4 x 4, or None: not compared
    told: str = ""           # words of the warning that a difference needs
    refused: str = ""        # why the file must not be read without a warning
    must_read: bool = False  # a refusal is a fault
    quiet: bool = False      # a warning is a fault
    must_tell: bool = False  # silence is one
    free: object = None      # where values may differ: the outlines of polygons


def five(array, channels=False):
    """[t, z, y, x, c] of a picture [y, x] or [y, x, c]."""
    array = numpy.asarray(array)
    if array.ndim == 2:
        return array[None, None, :, :, None]
    return array[None, None] if channels else array[None, :, :, :, None]


def generator(draw):
    return numpy.random.default_rng(draw.getrandbits(32))


def smooth(draw, height, width, channels, dtype):
    """A picture with shapes and a little noise over the whole range of an integer type, or of floats."""
    rng = generator(draw)
    y, x = numpy.mgrid[0:height, 0:width]
    planes = []
    for _ in range(channels):
        a, b, c = rng.uniform(0.05, 0.4, 3)
        wave = numpy.sin(a * x + c) * numpy.cos(b * y) * 0.45 + 0.5
        planes.append(numpy.clip(wave + rng.normal(0, 0.03, wave.shape), 0, 1))
    unit = numpy.stack(planes, -1)
    dtype = numpy.dtype(dtype)
    if dtype.kind in "fc":
        return (unit * 2000 - 500).astype(dtype)
    if dtype.kind == "b":
        return unit > 0.5
    info = numpy.iinfo(dtype)
    low, high = float(info.min), float(info.max)
    return numpy.clip(numpy.floor(low + unit * (high - low) * (1 - 1e-9)), low,
                      high - (high - low) * 1e-15 * 4).astype(dtype)


def map_of(draw, height, width, most):
    """A label map: rectangles of values up to `most`."""
    out = numpy.zeros((height, width), numpy.int64)
    for _ in range(draw.randint(1, 5)):
        y, x = draw.randrange(height), draw.randrange(width)
        out[y:y + draw.randint(1, height), x:x + draw.randint(1, width)] = draw.randint(0, most)
    return out


def turned(array, orientation, axes=(0, 1)):
    """As EXIF asks, of [y, x, ...]."""
    y, x = axes
    steps = {2: [("flip", x)], 3: [("flip", x), ("flip", y)], 4: [("flip", y)], 5: [("swap",)],
             6: [("swap",), ("flip", x)], 7: [("swap",), ("flip", x), ("flip", y)],
             8: [("swap",), ("flip", y)]}.get(orientation, [])
    for step in steps:
        array = numpy.flip(array, step[1]) if step[0] == "flip" else numpy.swapaxes(array, y, x)
    return array


MODULES = ("pictures", "labels", "tiffs", "codec_pictures", "itk_pictures", "volumes", "regions", "checkpoints")
PACKAGES = ("PIL", "tifffile", "imagecodecs", "nibabel", "SimpleITK", "pycocotools", "torch")


WRITERS = {"by hand": ("png", "bmp", "tiff bits", "tiff ycbcr", "safetensors"),
           "Pillow": ("png pillow", "jpeg", "bmp pillow", "other formats", "instances", "small instances", "soft masks",
                      "tiff pillow"),
           "tifffile": ("tiff grey", "tiff colour", "tiff picture", "tiff imagej"),
           "imagecodecs": ("tiff codec", "png imagecodecs", "jpeg imagecodecs", "bmp imagecodecs", "other imagecodecs"),
           "nibabel": ("nifti", "nifti rgb", "nifti cut"), "SimpleITK": ("nifti itk", "pictures itk"),
           "pycocotools": ("coco runs", "coco polygons"),
           "PyTorch or stand-ins": ("checkpoint", "checkpoint cut", "checkpoint object")}


def available():
    found = {}
    for module in MODULES:
        try:
            found.update(importlib.import_module(module).makers())
        except ImportError:
            continue
    return found


def packages():
    """(name, version or None) of each that writes files."""
    found = []
    for name in PACKAGES:
        try:
            found.append((name, str(getattr(importlib.import_module(name), "__version__", "of no stated version"))))
        except ImportError:
            found.append((name, None))
    return found
