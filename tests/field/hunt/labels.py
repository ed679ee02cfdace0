"""Label maps whose values only look like ramps, and masks whose ramps only look like labels."""
import numpy
from PIL import Image

from makers import Made, five, generator


def cells(draw, rng, height, width, count):
    """Every pixel belongs to the nearest seed; some cells are background."""
    seeds = rng.uniform(0, 1, (count, 2)) * (height, width)
    y, x = numpy.mgrid[0:height, 0:width]
    far = (y[..., None] - seeds[:, 0]) ** 2 + (x[..., None] - seeds[:, 1]) ** 2
    return far.argmin(-1), far.min(-1)


def instances(draw, path):
    """Numbered objects of any size, apart or touching, in any order of numbers."""
    rng = generator(draw)
    deep = draw.random() < 0.4
    height, width = draw.randint(20, 90), draw.randint(20, 90)
    count = draw.randint(2, 60)
    nearest, far = cells(draw, rng, height, width, count)
    most = 65535 if deep else 255
    numbers = rng.permutation(most)[:count] + 1 if draw.random() < 0.7 else numpy.arange(1, count + 1)
    if draw.random() < 0.3:
        numbers = numpy.linspace(1, most, count).astype(int)
    labels = numbers[nearest]
    labels[rng.random(count)[nearest] < draw.choice((0.0, 0.3, 0.6))] = 0
    if draw.random() < 0.6:  # discs instead of cells
        labels[far > draw.uniform(1.0, 8.0) ** 2] = 0
    path += ".png"
    Image.fromarray(labels.astype(numpy.uint16 if deep else numpy.uint8)).save(path)
    made = Made(path, "labels", f"{count} instances {width}x{height} deep {deep}", five(labels), must_read=True)
    made.quiet = True
    return made


def small_things(draw, path):
    """Instances without an inside: grids that touch, stripes, discs with a border of 255."""
    rng = generator(draw)
    height, width = draw.randint(20, 100), draw.randint(20, 100)
    y, x = numpy.mgrid[0:height, 0:width]
    count = draw.randint(8, 255)
    numbers = draw.choice((numpy.arange(1, count + 1), rng.permutation(255)[:count] + 1,
                           numpy.linspace(1, 255, count).astype(int)))
    kind = draw.choice(("grid", "grid and void", "stripes", "void borders"))
    side, apart = draw.randint(1, 3), draw.choice((0, 0, 1))
    across = max(1, width // (side + apart))
    index = y // (side + apart) * across + x // (side + apart)
    inside = (y % (side + apart) < side) & (x % (side + apart) < side) & (index < count) & (x < across * (side + apart))
    labels = numpy.where(inside, numbers[numpy.minimum(index, count - 1)], 0)
    if kind == "grid and void":
        labels[:, width // 2:] = 255
    if kind == "stripes":
        first = draw.randint(1, 240)
        stripe = (x if draw.random() < 0.5 else y) // side
        labels = numpy.where(stripe < 12, numpy.minimum(first + stripe, 254), 255)
        labels[:height // 2] = 0 if draw.random() < 0.7 else labels[:height // 2]
    if kind == "void borders":
        nearest, far = cells(draw, rng, height, width, count)
        radius = draw.uniform(0.6, 3)
        labels = numpy.where(far < radius ** 2, numbers[nearest], 0)
        labels[(far >= radius ** 2) & (far < (radius + draw.uniform(1, 3)) ** 2)] = 255
    path += ".png"
    Image.fromarray(labels.astype(numpy.uint8)).save(path)
    made = Made(path, "labels", f"{kind} of {count}, side {side}, apart {apart}, {width}x{height}", five(labels),
                must_read=True)
    made.quiet = True
    return made


def soft_mask(draw, path):
    """A drawn mask with smoothed edges, or through JPEG: two levels, which must be reported."""
    rng = generator(draw)
    height, width = draw.randint(24, 90), draw.randint(24, 90)
    big = numpy.zeros((4 * height, 4 * width))
    for _ in range(draw.randint(1, 4)):
        y, x = numpy.mgrid[0:4 * height, 0:4 * width]
        cy, cx = rng.uniform(0.1, 0.9, 2) * (4 * height, 4 * width)
        a, b = rng.uniform(0.1, 0.3, 2) * (4 * height, 4 * width)
        big[((y - cy) / a) ** 2 + ((x - cx) / b) ** 2 < 1] = 1
    share = big.reshape(height, 4, width, 4).mean((1, 3))
    grey = numpy.floor(share * 255 + 0.5).astype(numpy.uint8)
    kind = draw.choice(("png", "jpeg", "jpeg png"))
    if kind == "png":
        path += ".png"
        Image.fromarray(grey).save(path)
    else:
        hard = Image.fromarray(((share > 0.5) * 255).astype(numpy.uint8))
        if draw.random() < 0.5:
            hard = Image.fromarray(grey)
        hard.save(path + ".jpg", quality=draw.choice((60, 75, 90, 95)))
        stored = Image.open(path + ".jpg").convert("L")
        grey = numpy.asarray(stored)
        path += ".jpg"
        if kind == "jpeg png":
            path = path[:-4] + ".png"
            stored.save(path)
    values = len(numpy.unique(grey))
    want = numpy.where(2 * grey.astype(int) > grey.max(), 255, 0) if values > (9 if kind != "jpeg" else 2) else grey
    made = Made(path, "labels", f"{kind} {values} values {width}x{height}", five(want), must_read=True)
    made.must_tell = values > (9 if kind != "jpeg" else 2)
    return made


def makers():
    return {"instances": instances, "small instances": small_things, "soft masks": soft_mask}
