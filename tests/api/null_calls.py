#!/usr/bin/env python3
"""Writes a C program that calls every public function with NULL for each of its pointers.

    tests/api/null_calls.py include/voxpert >calls.c

Each call is made in a child process: once with every pointer NULL, and once for each pointer with that one
NULL and the others given, where this script knows how to give them; handles that take files to make
(evaluations, data sets, ...) are NULL in every call.  A count is 0 and -1 in turn.  The program prints each
call that ends by a signal or hangs, and each failure without a sentence, and ends with 1 after any.
"""
import itertools
import pathlib
import re
import sys

GIVEN = {  # by type; of others that are structs or numbers, zeroed memory
    "VoxpertModel": "model", "VoxpertSession": "session", "VoxpertImageFile": "file",
    "VoxpertImage": "&image", "VoxpertPrompt": "&prompt", "VoxpertCsv": "csv", "VoxpertError": "&error",
}
HANDLES = re.compile(r"Voxpert(Evaluation|Clicks|ClicksComparison|Comparison|Dataset|Simulation|Stats|Found|Prompts|PromptsEntry|Objects|Object|Result|ResultReport)$")
CALLBACKS = re.compile(r"Voxpert(Progress|CaseDone|ObjectDone|DatasetProgress|Log)$")
TEXTS = {"type": '"f32"', "vocab": "NULL", "name": '"x.png"', "text": '"1,2"'}
SKIPPED = {"voxpert_interrupt_cleanup"}  # takes nothing


def functions(folder):
    text = "".join(path.read_text() for path in sorted(pathlib.Path(folder).glob("*.h")))
    text = re.sub(r"/\*.*?\*/", " ", text, flags=re.S)
    for match in re.finditer(r"^VOXPERT_API\s+([^;{]*?)\b(voxpert_\w+)\s*\(([^;]*?)\)\s*;", text, re.M | re.S):
        result, name, parameters = (" ".join(part.split()) for part in match.groups())
        parameters = [] if parameters in ("", "void") else parameters.split(",")
        yield result, name, [" ".join(p.split()) for p in parameters]


def split(parameter):
    """(base type, number of stars, name)"""
    array = parameter.count("[")
    parameter = re.sub(r"\[.*?\]", "", parameter)
    name = re.search(r"(\w+)$", parameter).group(1)
    base = re.sub(r"\bconst\b|\*", " ", parameter[: -len(name)]).split()
    return " ".join(base), parameter.count("*") + array, name


def choices(parameter):
    """Arguments that are given for it; the first is NULL or 0."""
    base, stars, name = split(parameter)
    if stars == 0:
        return {"int": ["0", "-1"], "double": ["0.0"], "bool": ["false"]}.get(base, ["(%s)0" % base])
    if base == "void" and name in ("context", "memory") or CALLBACKS.match(base) or HANDLES.match(base):
        return ["NULL"]
    if stars == 1 and base in GIVEN:
        return ["NULL", GIVEN[base]]
    if stars == 1 and base == "char" and "const" in parameter:
        return ["NULL", TEXTS.get(name, '"missing/file.png"')]
    return ["NULL", "scratch(%d)" % (len(name) % 8)]


def calls(result, name, parameters):
    options = [choices(p) for p in parameters]
    given = [o[-1] if split(p)[1] else o[0] for o, p in zip(options, parameters)]
    seen = {tuple(o[0] for o in options), tuple(given)}
    for i, o in enumerate(options):
        for argument in o:
            seen.add(tuple(given[:i] + [argument] + given[i + 1:]))
    for arguments in sorted(seen):
        yield "%s(%s)" % (name, ", ".join(arguments))


HEAD = """#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

%s
static VoxpertModel *model;
static VoxpertSession *session;
static VoxpertImageFile *file;
static VoxpertCsv *csv;
static VoxpertError error;
static unsigned char pixels[64 * 64];
static const VoxpertImage image = {.pixels = pixels, .width = 64, .height = 64, .channels = 1};
static const VoxpertBox box = {8, 8, 40, 40};
static const VoxpertPrompt prompt = {.box = &box};
static double memory[8][1 << 14];

static void *scratch(int which) { return memory[which]; }

static void open_all(void) {
    void *png = NULL;
    size_t size = 0;
    const VoxpertOptions options = {.threads = 1};
    if (voxpert_model_open(&model, NULL, &options, &error) || voxpert_session_open(&session, model, &error) ||
        voxpert_set_image(session, &image, &error) ||
        voxpert_image_write_memory(&image, "x.png", &png, &size, &error) ||
        voxpert_image_file_open_memory(&file, png, size, NULL, NULL, &error) ||
        voxpert_csv_open(&csv, "x.csv", "a,b\\n1,2\\n", 8, &error)) {
        fprintf(stderr, "%%s\\n", error.message);
        exit(1);
    }
    error = (VoxpertError){0};
}

static void finish(VoxpertStatus status, int has_error) {
    if (status && has_error && !error.message[0]) _exit(3);
    _exit(0);
}

static int end(pid_t child, const char *call) {
    int outcome = 0;
    if (child < 0 || waitpid(child, &outcome, 0) != child) return printf("%%s: no process\\n", call), 1;
    if (WIFSIGNALED(outcome)) return printf("%%s: ends by signal %%d\\n", call, WTERMSIG(outcome)), 1;
    if (WEXITSTATUS(outcome) == 3) return printf("%%s: fails without a sentence\\n", call), 1;
    if (WEXITSTATUS(outcome)) return printf("%%s: exit code %%d\\n", call, WEXITSTATUS(outcome)), 1;
    return 0;
}

int main(void) {
    int bad = 0, made = 0;
    pid_t child;
    open_all();
    fflush(NULL);
"""


def program(folder):
    headers = "".join("#include <voxpert/%s>\n" % p.name for p in sorted(pathlib.Path(folder).glob("*.h")))
    yield HEAD % headers
    count = 0
    for result, name, parameters in functions(folder):
        if name in SKIPPED or not any(split(p)[1] for p in parameters):
            continue
        count += 1
        for call in calls(result, name, parameters):
            body = ("finish(%s, %d);" % (call, call.count("&error"))) if result == "VoxpertStatus" \
                else "(void)%s; _exit(0);" % call if result != "void" else "%s; _exit(0);" % call
            yield "    if ((child = fork()) == 0) {\n        alarm(60);\n        %s\n    }\n" % body
            yield '    bad += end(child, "%s"), made++;\n' % call.replace('"', "'")
    yield '    printf("%%d calls of %d functions, %%d bad\\n", made, bad);\n    return bad != 0;\n}\n' % count


if __name__ == "__main__":
    sys.stdout.writelines(itertools.chain(program(sys.argv[1])))
