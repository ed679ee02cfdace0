/* hash.h - names of contents. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <nettle/sha2.h>
#include <stddef.h>
#include <stdint.h>

enum { HASH_TEXT = 65 }; /* SHA-256 as 64 hexadecimal digits and a final zero */

typedef struct Hash {
    struct sha256_ctx state;
} Hash;

void hash_begin(Hash *h);
void hash_add(Hash *h, const void *bytes, size_t size);
void hash_end(Hash *h, char text[HASH_TEXT]);

/* FNV-1a, 64 bits: the split of the data sets and the procedural weights are defined by it. */
uint64_t hash_fnv1a(const void *bytes, size_t size);
uint64_t hash_fnv1a_more(uint64_t hash, const void *bytes, size_t size); /* goes on from `hash` */

#endif
