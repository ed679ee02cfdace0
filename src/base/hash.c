#include "base/hash.h"

void hash_begin(Hash *h) { sha256_init(&h->state); }

void hash_add(Hash *h, const void *bytes, size_t size) { sha256_update(&h->state, size, bytes); }

void hash_end(Hash *h, char text[HASH_TEXT]) {
    static const char digits[] = "0123456789abcdef";
    uint8_t digest[SHA256_DIGEST_SIZE];
    sha256_digest(&h->state, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
    text[2 * sizeof digest] = '\0';
}

uint64_t hash_fnv1a_more(uint64_t h, const void *bytes, size_t size) {
    const uint8_t *p = bytes; /* NULL of an empty file, to which nothing may be added */
    for (size_t i = 0; i < size; i++) h = (h ^ p[i]) * 0x100000001B3u;
    return h;
}

uint64_t hash_fnv1a(const void *bytes, size_t size) {
    return hash_fnv1a_more(0xCBF29CE484222325u, bytes, size);
}
