/* MinHash signatures. */
#ifndef MEDSMITH_MINHASH_H
#define MEDSMITH_MINHASH_H

#include <stddef.h>
#include <stdint.h>

#define MINHASH_LANES 64 /* permutations are padded to a multiple of this */

/* Lower each signature[k] to the least of multipliers[k] * x + addends[k] modulo 2**32 over the
 * upper halves x of the shingles. `count` must be a multiple of MINHASH_LANES. */
void minhash_update(uint32_t *signature, const uint32_t *multipliers, const uint32_t *addends,
                    size_t count, const uint64_t *shingles, size_t length);

/* A gist holds the two low bits of each of the first GIST_MINIMA minima, 16 in a word. */
enum { GIST_MINIMA = 120, GIST_WORDS = 8, GIST_PADDED = 128 };

/* Write the gist of a signature of at least GIST_PADDED numbers. */
void minhash_gist(const uint32_t *signature, uint32_t *gist);

#endif
