#include "minhash.h"

#include "norm.h"

NORM_CLONES void minhash_update(uint32_t *signature, const uint32_t *multipliers,
                                const uint32_t *addends, size_t count, const uint64_t *shingles,
                                size_t length)
{
    for (size_t at = 0; at < count; at += MINHASH_LANES) {
        /* Copies that stay in vector registers over all shingles. */
        uint32_t factor[MINHASH_LANES], addend[MINHASH_LANES], least[MINHASH_LANES];
        memcpy(factor, multipliers + at, sizeof factor);
        memcpy(addend, addends + at, sizeof addend);
        memcpy(least, signature + at, sizeof least);
        for (size_t i = 0; i < length; i++) {
            uint32_t x = (uint32_t)(shingles[i] >> 32);
            for (int k = 0; k < MINHASH_LANES; k++) {
                uint32_t value = factor[k] * x + addend[k];
                least[k] = value < least[k] ? value : least[k];
            }
        }
        memcpy(signature + at, least, sizeof least);
    }
}

NORM_CLONES void minhash_gist(const uint32_t *signature, uint32_t *gist)
{
    for (int word = 0; word < GIST_WORDS; word++) {
        uint32_t bits = 0;
        for (int k = 0; k < 16; k++)
            bits |= (signature[16 * word + k] & 3) << (2 * k);
        gist[word] = bits;
    }
    gist[GIST_WORDS - 1] &= (1u << 2 * (GIST_MINIMA % 16)) - 1;
}
