#!/usr/bin/env python3
"""Writes files as other libraries do and compares what this library decodes with what they decode.

    tests/field/hunt.py [--decode PROGRAM] [--files N] [--seed S] [--only KIND,...] [--keep DIR] [--list]

Each file is drawn from the product of what its writer can vary: depth, sign, planes, palette, alpha,
compression, predictor, tiles, byte order, orientation, scaling, axes, run lengths, polygons, wrappers of
checkpoints.  Its
outcome is one of

    equal    the samples are those of the other library, and nothing was said
    told     a warning says what is odd; where the samples differ, the maker of the file expected a
             warning of those words
    refused  one sentence says why
    silent   the samples differ without a word, or a file that must be read was not: the hunt fails

Files are made with the Python packages that are there (Pillow, tifffile with imagecodecs, nibabel,
SimpleITK, pycocotools, torch; numpy is needed), and it is printed which are not.  Exit code 77 where there are none.
"""
import argparse
import collections
import json
import os
import random
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "hunt"))
try:
    import numpy
except ImportError:
    print("skipped: numpy is not installed")
    sys.exit(77)
import makers  # noqa: E402


class Decoder:
    """The program field_decode, asked file by file."""

    def __init__(self, program):
        self.program, self.process = program, None

    def ask(self, mode, path):
        if self.process is None or self.process.poll() is not None:
            self.process = subprocess.Popen([self.program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process.stdin.write(f"{mode} {path}\n".encode())
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            return {"crashed": self.process.wait()}
        answer = json.loads(line)
        raw = self.process.stdout.read(answer["bytes"])
        if "shape" in answer and not answer.get("status"):
            samples = numpy.frombuffer(raw, answer["type"]).reshape(answer["shape"])
            answer["samples"] = samples
        if "tensors" in answer and not answer.get("status"):
            floats, at, weights = numpy.frombuffer(raw, numpy.float32), 0, {}
            for name, shape in answer["tensors"].items():
                count = int(numpy.prod(shape, dtype=numpy.int64))
                weights[name] = floats[at:at + count].reshape(shape)
                at += count
            answer["weights"] = weights
        return answer

    def close(self):
        if self.process:
            self.process.stdin.close()
            self.process.wait()


def values_of(answer):
    samples = answer["samples"]
    slope, intercept = answer.get("slope", 1.0), answer.get("intercept", 0.0)
    if (slope, intercept) == (1.0, 0.0):
        return samples
    return samples.astype(numpy.float64) * slope + intercept


def difference(got, want, tolerance):
    """None where both are the same, else a few words."""
    if got.shape != want.shape:
        return f"shape {got.shape} instead of {want.shape}"
    if got.dtype.kind in "iu" and want.dtype.kind in "iub" and not tolerance:
        same = got.astype(object) == want.astype(object) if got.dtype.itemsize == 8 else \
            got.astype(numpy.int64) == want.astype(numpy.int64)
        same = numpy.asarray(same, bool)
    else:
        a, b = got.astype(numpy.float64), want.astype(numpy.float64)
        same = (a == b) | (numpy.isnan(a) & numpy.isnan(b))
        with numpy.errstate(invalid="ignore"):
            same |= abs(a - b) <= (tolerance or 1e-12 * numpy.maximum(1.0, abs(b)))
    if same.all():
        return None
    at = tuple(int(i) for i in numpy.argwhere(~same)[0])
    return f"{int((~same).sum())} of {same.size} differ, first at {at}: {got[at]!r} instead of {want[at]!r}"


def affine_difference(answer, affine):
    got, want = numpy.array(answer["affine"]), numpy.asarray(affine, float)[:3].ravel()
    worst = abs(got - want).max()
    return None if worst <= 1e-4 * max(1.0, abs(want).max()) else f"affine differs by {worst:.3g}"


def weights_difference(got, want):
    """None where the same names have the same values, as floats."""
    if set(got) != set(want):
        return f"tensors {sorted(set(got) ^ set(want))[:4]} on one side alone"
    for name, values in want.items():
        if got[name].shape != values.shape:
            return f"{name}: shape {got[name].shape} instead of {values.shape}"
        if not numpy.array_equal(got[name], values.astype(numpy.float32), equal_nan=True):
            return f"{name}: other values"
    return None


def judge(answer, made):
    """(outcome, words) of a file."""
    if "crashed" in answer:
        return "silent", f"crashed: {answer['crashed']}"
    if answer.get("status"):
        message = answer.get("message", "")
        if not message.startswith(made.path) or len(message) < len(made.path) + 10:
            return "silent", f"refused without a sentence: {message!r}"
        words = message[len(made.path) + 2:]
        if made.must_read or answer["status"] != (4 if made.mode == "weights" else 3):
            return "silent", "refused: " + words
        return "refused", words
    warnings = answer.get("warnings", "").replace(made.path + ": ", "")
    if made.refused:
        return ("told", warnings) if warnings else ("silent", f"read, but {made.refused}")
    if made.mode == "weights":
        words = weights_difference(answer["weights"], made.want)
        return ("silent", words) if words else ("equal", "")
    got = values_of(answer)
    if made.free is not None and got.shape == made.want.shape:
        got = numpy.where(made.free, made.want, got)
    words = difference(got, made.want, made.tolerance)
    if words is None and made.affine is not None:
        words = affine_difference(answer, made.affine)
    if words is None and made.quiet and warnings:
        return "silent", "warned of nothing: " + warnings
    if words is None and made.must_tell and not warnings:
        return "silent", "not a word is said"
    if words is None:
        return ("told", warnings) if warnings else ("equal", "")
    if made.told and re.search(made.told, warnings):
        return "told", warnings
    return "silent", words + (f" (said: {warnings.strip()})" if warnings else "")


def class_of(words):
    """Sentences that differ by numbers and quotations alone are of one kind."""
    return re.sub(r"\d+(\.\d+)?(e[-+]?\d+)?", "N", words.split("\n")[0])[:110]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--decode", default=os.environ.get("FIELD_DECODE", "build/release/field_decode"))
    parser.add_argument("--files", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    parser.add_argument("--keep", help="a folder for the files that fail")
    parser.add_argument("--list", action="store_true", help="the kinds that can be made here")
    options = parser.parse_args()
    kinds = {name: make for name, make in makers.available().items()
             if not options.only or name in options.only.split(",")}
    if options.list or not kinds:
        print("\n".join(kinds) or "skipped: none of the packages that write files is installed")
        return 0 if kinds else 77
    counts, kinds_of_words, failures = collections.Counter(), collections.Counter(), []
    decoder = Decoder(options.decode)
    names = list(kinds)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.files):
            kind = names[number % len(names)]
            draw = random.Random(f"{options.seed} {number} {kind}")
            path = os.path.join(folder, f"file{number}")
            try:
                made = kinds[kind](draw, path)
            except makers.Impossible:
                counts[kind, "not made"] += 1
                continue
            answer = decoder.ask(made.mode, made.path)
            outcome, words = judge(answer, made)
            counts[kind, outcome] += 1
            if outcome in ("told", "refused"):
                kinds_of_words[kind, outcome, class_of(words)] += 1
            if outcome == "silent":
                failures.append((number, kind, made.about, words))
                if options.keep:
                    os.makedirs(options.keep, exist_ok=True)
                    os.system(f"cp '{made.path}' '{options.keep}/{number}-{os.path.basename(made.path)}'")
            for name in os.listdir(folder):
                os.unlink(os.path.join(folder, name))
    decoder.close()
    report(names, counts, kinds_of_words, failures)
    return 1 if failures else 0


def report(names, counts, kinds_of_words, failures):
    packages = makers.packages()
    print("written by numpy " + numpy.__version__ + "".join(f", {n} {v}" for n, v in packages if v))
    absent = [name for name, version in packages if not version]
    if absent:
        print("skipped: what only these write, which are not installed: " + ", ".join(absent))
    outcomes = ("equal", "told", "refused", "silent", "not made")
    print(f"{'kind':22}" + "".join(f"{o:>10}" for o in outcomes))
    for name in names:
        print(f"{name:22}" + "".join(f"{counts[name, o]:10}" for o in outcomes))
    for writer, kinds in makers.WRITERS.items():
        made = [k for k in kinds if k in names]
        if made:
            print(f"{'= ' + writer:22}" + "".join(f"{sum(counts[k, o] for k in made):10}" for o in outcomes))
    print(f"{'= all':22}" + "".join(f"{sum(counts[n, o] for n in names):10}" for o in outcomes))
    for (kind, outcome, words), count in sorted(kinds_of_words.items()):
        print(f"  {kind} {outcome} {count}: {words}")
    faults = collections.Counter((kind, class_of(words)) for _, kind, _, words in failures)
    for (kind, words), count in sorted(faults.items()):
        print(f"  {kind} silent {count}: {words}")
    for number, kind, about, words in failures[:60]:
        print(f"SILENT file {number}, {kind}: {about}: {words}")


if __name__ == "__main__":
    sys.exit(main())
