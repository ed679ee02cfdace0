/* tiny_models FOLDER: models that read text, and their vocabulary, for scripts: imis.safetensors,
 * mute.safetensors (without text tower), segmote.safetensors, merges.txt. */
#include <stdio.h>

#include "tests/systems/tiny_imis.h"

int main(int argc, char **argv) {
    static const char *const names[] = {"imis", "mute", "segmote"};
    char path[512];
    if (argc != 2) {
        fputs("usage: tiny_models FOLDER\n", stderr);
        return 2;
    }
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s.safetensors", argv[1], names[i]);
        tiny_imis_write(path, (TinyImis)i);
    }
    snprintf(path, sizeof path, "%s/merges.txt", argv[1]);
    tiny_vocabulary_write(path);
    return 0;
}
