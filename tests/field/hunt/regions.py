"""COCO's run lengths and polygons by pycocotools."""
import json

import numpy
from pycocotools import mask as coco

from makers import Made, generator, map_of


def annotation(path, height, width, segmentation):
    path += ".json"
    with open(path, "w") as f:
        json.dump({"size": [height, width], "segmentation": segmentation}, f)
    return path


def run_lengths(draw, path):
    height, width = draw.randint(1, 60), draw.randint(1, 60)
    if draw.random() < 0.5:
        mask = map_of(draw, height, width, 1).astype(numpy.uint8)
    else:
        mask = (generator(draw).random((height, width)) < draw.random()).astype(numpy.uint8)
    packed = coco.encode(numpy.asfortranarray(mask))
    if draw.random() < 0.5:
        segmentation = {"size": [height, width], "counts": packed["counts"].decode()}
    else:
        flat, counts, value, run = mask.ravel("F"), [], 0, 0
        for pixel in flat.tolist():
            if pixel != value:
                counts.append(run)
                value, run = pixel, 0
            run += 1
        segmentation = {"size": [height, width], "counts": counts + [run]}
    return Made(annotation(path, height, width, segmentation), "regions", f"run lengths {width}x{height}",
                mask[None, None, :, :, None], must_read=True)


def edges(polygon, height, width):
    """Pixels within one of the outline, where programs decide differently."""
    near = numpy.zeros((height, width), bool)
    points = numpy.array(polygon).reshape(-1, 2)
    for a, b in zip(points, numpy.roll(points, -1, 0)):
        for t in numpy.linspace(0, 1, 4 * int(numpy.hypot(*(b - a)) + 1)):
            x, y = a + t * (b - a)
            near[max(0, int(y) - 1):int(y) + 2, max(0, int(x) - 1):int(x) + 2] = True
    return near


def polygons(draw, path):
    height, width = draw.randint(4, 60), draw.randint(4, 60)
    shapes = []
    for _ in range(draw.randint(1, 2)):
        n, cx, cy = draw.randint(3, 9), draw.uniform(0, width), draw.uniform(0, height)
        angles = sorted(draw.uniform(0, 6.283) for _ in range(n))
        radius = draw.uniform(2, max(height, width) / 2)
        corners = []
        for angle in angles:
            corners += [min(max(cx + radius * numpy.cos(angle), 0), width),
                        min(max(cy + radius * numpy.sin(angle), 0), height)]
        shapes.append([round(float(v), draw.choice((0, 2))) for v in corners])
    want = coco.decode(coco.merge(coco.frPyObjects(shapes, height, width)))
    form = draw.choice(("coco", "coco", "pairs", "flat", "flat pairs"))
    stored = shapes
    if form == "pairs":
        stored = [numpy.reshape(s, (-1, 2)).tolist() for s in shapes]
    elif form != "coco":
        shapes = shapes[:1]
        want = coco.decode(coco.merge(coco.frPyObjects(shapes, height, width)))
        stored = shapes[0] if form == "flat" else numpy.reshape(shapes[0], (-1, 2)).tolist()
    made = Made(annotation(path, height, width, stored), "regions", f"polygons {form} {width}x{height} {shapes}",
                want[None, None, :, :, None], must_read=True)
    made.free = numpy.logical_or.reduce([edges(s, height, width) for s in shapes])[None, None, :, :, None]
    return made


def makers():
    return {"coco runs": run_lengths, "coco polygons": polygons}
