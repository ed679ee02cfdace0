#!/usr/bin/env python3
"""Prints how many boxes of a file of `segment --rle` are those of their masks: coco_boxes.py FILE.json

COCO's compressed run lengths are decoded here anew: columns first, six bits a character, from 48 on, the
sixth bit for "more"; from the third count on each is the difference from the one before the last.
"""
import json
import sys


def counts(text):
    runs, i = [], 0
    while i < len(text):
        value, shift, more = 0, 0, True
        while more:
            bits = ord(text[i]) - 48
            value |= (bits & 31) << shift
            more = bool(bits & 32)
            shift += 5
            i += 1
            if not more and bits & 16:
                value -= 1 << shift
        runs.append(value + (runs[-2] if len(runs) > 2 else 0))
    return runs


def box(segmentation):
    height, at, inside = segmentation["size"][0], 0, False
    pixels = []
    for run in counts(segmentation["counts"]):
        if inside:
            pixels += range(at, at + run)
        at, inside = at + run, not inside
    if not pixels:
        return [0, 0, 0, 0]
    x, y = [p // height for p in pixels], [p % height for p in pixels]
    return [min(x), min(y), max(x) - min(x) + 1, max(y) - min(y) + 1]


records = json.load(open(sys.argv[1]))
right = sum(r["bbox"] == box(r["segmentation"]) for r in records)
print(right, "of", len(records))
