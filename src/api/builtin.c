/* The built-in model: the bytes of models/builtin.safetensors, as read-only data. */
#include "api/internal.h"

#ifdef VOXPERT_BUILTIN

__asm__(".pushsection .rodata\n"
        ".balign 64\n"
        ".hidden builtin_start\n"
        ".hidden builtin_end\n"
        ".globl builtin_start\n"
        ".globl builtin_end\n"
        "builtin_start: .incbin \"" VOXPERT_BUILTIN "\"\n"
        "builtin_end: .byte 0\n"
        ".popsection\n");

extern const unsigned char builtin_start[] __attribute__((visibility("hidden")));
extern const unsigned char builtin_end[] __attribute__((visibility("hidden")));

const unsigned char *builtin_model(size_t *size) {
    *size = (size_t)(builtin_end - builtin_start);
    return builtin_start;
}

#else

const unsigned char *builtin_model(size_t *size) {
    *size = 0;
    return NULL;
}

#endif
