"""NIfTI files by nibabel and SimpleITK."""
import gzip
import os

import numpy

try:
    import nibabel
except ImportError:
    nibabel = None
try:
    import SimpleITK
except ImportError:
    SimpleITK = None

from makers import Impossible, Made, generator, map_of

TYPES = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64", "complex64",
         "longdouble")


def random_affine(draw, kind):
    rng = generator(draw)
    spacing = rng.uniform(0.3, 5.0, 3)
    matrix = numpy.eye(3)
    if kind != "plain":
        order, signs = rng.permutation(3), rng.choice([-1.0, 1.0], 3)
        matrix = numpy.zeros((3, 3))
        for axis in range(3):
            matrix[order[axis], axis] = signs[axis]
    if kind == "oblique":
        a = rng.uniform(-0.5, 0.5)
        turn = numpy.array([[numpy.cos(a), -numpy.sin(a), 0], [numpy.sin(a), numpy.cos(a), 0], [0, 0, 1]])
        matrix = turn @ matrix
    if kind == "sheared":
        matrix = matrix @ numpy.array([[1, 0.1, 0], [0, 1, 0.2], [0, 0, 1]])
    affine = numpy.eye(4)
    affine[:3, :3] = matrix * spacing
    affine[:3, 3] = rng.uniform(-200, 200, 3)
    return affine


def samples(draw, shape, dtype, labels):
    rng = generator(draw)
    if labels:
        flat = numpy.zeros(shape[:2], numpy.int64)
        flat[:] = map_of(draw, shape[0], shape[1], 20)
        return numpy.broadcast_to(flat.reshape(flat.shape + (1,) * (len(shape) - 2)), shape).astype(dtype)
    dtype = numpy.dtype(dtype)
    if dtype.kind in "iu":
        info = numpy.iinfo(dtype)
        return rng.integers(max(info.min, -2**52), min(info.max, 2**52), shape, dtype=numpy.int64).astype(dtype)
    return (rng.normal(0, 500, shape)).astype(dtype)


def as_five(array):
    """[x, y, z, t, c] of any rank to [t, z, y, x, c]."""
    array = array.reshape(array.shape + (1,) * (5 - array.ndim))
    return array.transpose(3, 2, 1, 0, 4)


def nifti(draw, path):
    labels = draw.random() < 0.3
    dtype = draw.choice(TYPES[:10] * 3 + TYPES[10:])
    shape = tuple(draw.randint(1, n) for n in draw.choice(((30, 30), (20, 20, 8), (20, 20, 8), (20, 15, 1), (9, 8, 7, 3),
                                                           (9, 8, 7, 1), (9, 8, 7, 1, 3))[:5 if labels else 7]))
    array = samples(draw, shape, dtype, labels)
    kind = draw.choice(("plain", "flipped", "oblique", "sheared"))
    affine = random_affine(draw, kind)
    version = draw.choice((nibabel.Nifti1Image, nibabel.Nifti1Image, nibabel.Nifti2Image, nibabel.Nifti1Pair))
    order = draw.choice("<>")
    header = version.header_class(endianness=order)
    try:
        header.set_data_dtype(array.dtype)
        image = version(array, affine, header)
    except Exception as reason:
        raise Impossible from reason
    sform, qform = draw.choice(((1, 1), (2, 0), (0, 1), (4, 2), (0, 0), (1, 3)))
    try:
        image.set_sform(affine if sform else None, sform)
        image.set_qform(affine if qform else None, qform)
    except Exception as reason:
        raise Impossible from reason
    image.header.set_xyzt_units(draw.choice(("mm", "mm", "unknown", "micron", "meter")))
    scaled = draw.random() < 0.4 and array.dtype.kind != "c"
    if scaled:
        slope, inter = draw.choice(((2.0, -1024.0), (0.1, 0.0), (1.0, 5.0), (-1.0, 0.0), (0.0, 3.0), (float("nan"), 0.0)))
        if labels:
            slope, inter = draw.choice(((1.0, 0.0), (2.0, 0.0)))
        image.header.set_slope_inter(slope if slope == slope and slope else 1.0, inter)
    if draw.random() < 0.2:
        image.header.extensions.append(nibabel.nifti1.Nifti1Extension("comment", b"drawn for a test"))
    pair = version is nibabel.Nifti1Pair
    path += draw.choice((".img", ".hdr") if pair else (".nii", ".nii.gz"))
    try:
        image.to_filename(path)
    except Exception as reason:
        raise Impossible from reason
    if scaled and not pair and (slope != slope or slope == 0.0):
        poke(path, image.header, slope)
    back = nibabel.load(path)
    want = numpy.asanyarray(back.dataobj)
    units = {"micron": 1e-3, "meter": 1e3}.get(back.header.get_xyzt_units()[0], 1.0)
    world = numpy.array(back.affine)
    world[:3] *= units
    missing = not back.header["sform_code"] and not back.header["qform_code"]
    complex_ = want.dtype.kind == "c" or numpy.dtype(dtype).itemsize == 16
    if labels and not complex_:
        want = numpy.rint(want).astype(numpy.int64)
    return Made(path, "labels" if labels else "image",
                f"{dtype} {shape} {kind} sform {sform} qform {qform} order {order} {version.__name__} scaled {scaled}"
                f" labels {labels}", as_five(want), affine=None if missing else world, tolerance=0.0,
                refused="complex or 128 bits" if complex_ else "", must_read=not complex_)


def poke(path, header, slope):
    """Slopes that nibabel does not write."""
    opener = gzip.open if path.endswith(".gz") else open
    with opener(path, "rb") as f:
        data = bytearray(f.read())
    two = header["sizeof_hdr"] == 540
    code = header.endianness + ("f8" if two else "f4")
    at = 176 if two else 112
    data[at:at + (8 if two else 4)] = numpy.array([slope], code).tobytes()
    with opener(path, "wb") as f:
        f.write(bytes(data))


def nifti_rgb(draw, path):
    channels = draw.choice((3, 4))
    shape = (draw.randint(1, 20), draw.randint(1, 20), draw.randint(1, 5))
    rng = generator(draw)
    values = rng.integers(0, 256, shape + (channels,), dtype=numpy.uint8)
    names = "RGBA"[:channels]
    stored = numpy.zeros(shape, [(n, "u1") for n in names])
    for i, n in enumerate(names):
        stored[n] = values[..., i]
    path += draw.choice((".nii", ".nii.gz"))
    nibabel.Nifti1Image(stored, numpy.eye(4)).to_filename(path)
    return Made(path, "image", f"{names} {shape}", values.transpose(2, 1, 0, 3)[None], affine=numpy.eye(4),
                must_read=True)


def nifti_itk(draw, path):
    dtype = draw.choice(TYPES[:10])
    depth = draw.choice((0, 0, draw.randint(1, 6)))
    shape = (depth,) * bool(depth) + (draw.randint(2, 20), draw.randint(2, 20))
    array = samples(draw, shape, dtype, False)
    vector = draw.random() < 0.15
    if vector:
        array = numpy.stack([array, array[::-1], array], -1)
    image = SimpleITK.GetImageFromArray(array, isVector=vector)
    rng = generator(draw)
    spacing = tuple(float(v) for v in rng.uniform(0.3, 4.0, len(shape)))
    origin = tuple(float(v) for v in rng.uniform(-100, 100, len(shape)))
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    path += draw.choice((".nii", ".nii.gz"))
    try:
        SimpleITK.WriteImage(image, path, draw.random() < 0.5)
    except RuntimeError as reason:
        raise Impossible from reason
    affine = numpy.diag([-spacing[0], -spacing[1], spacing[2] if depth else 1.0, 1.0])
    affine[:3, 3] = [-origin[0], -origin[1], origin[2] if depth else 0.0]
    want = array if vector else array[..., None]
    want = want.reshape((1,) * (5 - want.ndim) + want.shape)
    return Made(path, "image", f"SimpleITK {dtype} {shape} vector {vector}", want, affine=affine, must_read=True)


def nifti_damaged(draw, path):
    """Bytes that are missing, and bits that flipped: never other values without a word."""
    made = nifti(draw, path)
    if made.refused or not made.path.endswith((".nii", ".nii.gz")):
        raise Impossible
    with open(made.path, "rb") as f:
        data = f.read()
    with open(made.path, "wb") as f:
        f.write(data[:draw.randrange(len(data))])
    made.refused, made.must_read, made.about = "it is cut", False, "cut " + made.about
    if os.path.getsize(made.path) == 0:
        raise Impossible
    return made


def makers():
    found = {}
    if nibabel:
        found |= {"nifti": nifti, "nifti rgb": nifti_rgb, "nifti cut": nifti_damaged}
    if SimpleITK:
        found["nifti itk"] = nifti_itk
    return found
