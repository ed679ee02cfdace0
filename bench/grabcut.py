#!/usr/bin/env python3
"""OpenCV's GrabCut from a box, on the objects that tools/measure-builtin measures.

    python3 -m venv venv && venv/bin/pip install numpy opencv-python-headless
    venv/bin/python bench/grabcut.py DATA

Five iterations, setRNGSeed(0), the rectangle is the object's box; a mask that comes out empty
counts as the box itself would not: Dice 0.
"""
import os
import sys

import cv2
import numpy as np

IN_DOMAIN = ["ct_liver:patient", "mr_prostate:patient", "xr_shenzhen", "us_breast",
             "fundus_drishti:nested", "micro_nuclei:instances"]
OUT_OF_DOMAIN = ["derm_ph2", "endo_kvasir", "micro_wbc:nested"]


def fnv1a(text):
    h = 0xCBF29CE484222325
    for byte in text.encode():
        h = (h ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return h


def objects_of(labels, options):
    """Masks of one picture, without the outer ones of nested labels."""
    values = [v for v in np.unique(labels) if v]
    least = labels.size * 0.0005
    for value in values:
        if "nested" in options and value != values[-1]:
            continue
        mask = (labels >= value) if "nested" in options else (labels == value)
        if "instances" in options:
            pieces = [mask]
        else:
            count, parts = cv2.connectedComponents(mask.astype(np.uint8), connectivity=8)
            pieces = [parts == i for i in range(1, count)]
        for piece in pieces:
            if piece.sum() >= least:
                yield piece


def dice(a, b):
    return 2.0 * (a & b).sum() / max(1, a.sum() + b.sum())


def grabcut(image, truth):
    ys, xs = np.nonzero(truth)
    x0, y0, x1, y1 = xs.min(), ys.min(), xs.max(), ys.max()
    mask = np.zeros(truth.shape, np.uint8)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    rectangle = (int(x0), int(y0), int(x1 - x0 + 1), int(y1 - y0 + 1))
    try:
        cv2.grabCut(image, mask, rectangle, *models, 5, cv2.GC_INIT_WITH_RECT)
    except cv2.error:  # the box fills the picture: there is no background to learn from
        mask[y0:y1 + 1, x0:x1 + 1] = cv2.GC_PR_FGD
    return (mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)


def measure(folder, options):
    name = os.path.basename(folder)
    scores = []
    for file in sorted(os.listdir(os.path.join(folder, "images"))):
        stem = os.path.splitext(file)[0]
        group = stem.split("_")[0] if "patient" in options else stem
        if fnv1a(f"{name}/{group}") % 10 > 1:
            continue
        image = cv2.imread(os.path.join(folder, "images", file), cv2.IMREAD_COLOR)
        labels = cv2.imread(os.path.join(folder, "masks", stem + ".png"), cv2.IMREAD_UNCHANGED)
        if labels.ndim == 3:
            labels = labels[..., 0]
        scores += [dice(grabcut(image, truth), truth) for truth in objects_of(labels, options)]
    return np.mean(scores), len(scores)


def main():
    for title, sets in (("In domain", IN_DOMAIN), ("Out of domain", OUT_OF_DOMAIN)):
        print(f"{title}\n\n| set | objects | GrabCut |\n|---|---|---|")
        means = []
        for entry in sets:
            name, *options = entry.split(":")
            mean, count = measure(os.path.join(sys.argv[1], name), options)
            means.append(mean)
            print(f"| {name} | {count} | {100 * mean:.1f} |", flush=True)
        print(f"| macro average | | {100 * np.mean(means):.1f} |\n")


if __name__ == "__main__":
    main()
