"""Pictures and stacks by SimpleITK: PNG, JPEG, BMP and TIFF."""
import numpy
import SimpleITK
from PIL import Image

from makers import Impossible, Made, five, map_of, smooth

FORMATS = {".png": ("uint8", "uint16"), ".bmp": ("uint8",), ".jpg": ("uint8",),
           ".tif": ("uint8", "int8", "uint16", "int16", "uint32", "float32")}


def picture(draw, path):
    ending = draw.choice((".png", ".png", ".bmp", ".jpg", ".tif", ".tif"))
    dtype, channels = draw.choice(FORMATS[ending]), draw.choice((1, 1, 3, 4))
    labels = draw.random() < 0.3 and ending != ".jpg" and numpy.dtype(dtype).kind in "iu"
    height, width = draw.randint(1, 50), draw.randint(1, 50)
    depth = draw.randint(2, 6) if ending == ".tif" and draw.random() < 0.3 else 0
    if labels:
        channels = 1
        array = map_of(draw, height, width, 20).astype(dtype)
    else:
        array = smooth(draw, height, width, channels, dtype)
        array = array[:, :, 0] if channels == 1 else array
    if depth:
        array = numpy.stack([array] * (depth - 1) + [array[::-1]])
    image = SimpleITK.GetImageFromArray(array, isVector=channels > 1)
    image.SetSpacing([draw.choice((1.0, 0.5, 2.25)) for _ in range(image.GetDimension())])
    path += ending
    try:
        SimpleITK.WriteImage(image, path, draw.random() < 0.5)
        # ITK's own reader repeats shared colours; libjpeg and Pillow interpolate between them.
        decoded = Image.open(path) if ending == ".jpg" else None
        back = array if decoded is None else numpy.asarray(decoded.convert("RGB") if channels == 4 else decoded)
    except RuntimeError as reason:
        raise Impossible from reason
    if back.shape != array.shape:
        raise Impossible
    want = back[None, ..., None] if depth and channels == 1 else back[None] if depth else five(back, channels > 1)
    made = Made(path, "labels" if labels else "image", f"{ending} {dtype} {array.shape} labels {labels}", want,
                tolerance=2.0 if ending == ".jpg" else 0.0, must_read=True)
    if ending == ".bmp" and channels == 4:  # the format reserves the fourth byte
        made.refused = "a channel is dropped"
    return made


def makers():
    return {"pictures itk": picture}
