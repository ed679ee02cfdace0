#!/usr/bin/env python3
"""The library from Python's standard library: the pixels in a box, without a struct.

    box.py IMAGE.pgm X0 Y0 X1 Y1      prints the area of the mask

libvoxpert.so is looked for as the system looks for libraries; $VOXPERT_LIBRARY names another."""
import ctypes
import os
import sys


def read_pgm(path):
    """Width, height and bytes of a binary PGM of 8 bits without comments."""
    with open(path, "rb") as file:
        magic, width, height, most = (file.readline() + file.readline() + file.readline()).split()
        if magic != b"P5" or most != b"255":
            sys.exit(f"{path}: is no binary PGM of 8 bits")
        return int(width), int(height), file.read()


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("message", ctypes.c_char * 1024), ("field", ctypes.c_char * 32)]


def main(path, *corners):
    library = ctypes.CDLL(os.environ.get("VOXPERT_LIBRARY", "libvoxpert.so.0"))
    width, height, pixels = read_pgm(path)
    box = (ctypes.c_float * 4)(*map(float, corners))
    mask, error = (ctypes.c_uint8 * (width * height))(), Error()
    status = library.voxpert_segment_box(None, pixels, width, height, 1, box, mask, ctypes.byref(error))
    if status:
        sys.exit(error.message.decode())
    print(sum(mask), "pixels")


if __name__ == "__main__":
    main(*sys.argv[1:])
