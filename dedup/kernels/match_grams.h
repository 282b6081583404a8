/* Runs of tokens and the table they are looked up in: shared by the scan and the comparison.
 *
 * A run ends at a token and reaches back over as many tokens as that token asks for
 * (contamination/grams.py states the same for NumPy). */
#ifndef MEDSMITH_MATCH_GRAMS_H
#define MEDSMITH_MATCH_GRAMS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RUN_BASE 0x9E3779B97F4A7C15ull
#define RUN_MIX 0xD6E8FEB86659FD93ull
#define RUN_LONG 5
#define RUN_LONG_WIDE 8
#define RUN_SHORT 3
#define RUN_SHORT_WIDE 4
#define RUN_MAX 8

/* A table entry holds a hash's upper bits and, in place of the lower ones, the n-gram's number and
 * whether it is the only one of a pattern, so that one hit of it is worth a second look. */
#define ID_BITS 26
#define ID_MASK ((1ull << (ID_BITS - 1)) - 1)
#define ONLY (1ull << (ID_BITS - 1))
#define ENTRY_MASK (ONLY | ID_MASK)
#define NO_ENTRY UINT64_MAX
#define NO_GRAM UINT32_MAX

typedef struct {
    const uint64_t *filter; /* one word a key, two bits of it set */
    const uint64_t *table;  /* open addressing, linear probing, at most 2/3 full */
    int filter_shift;       /* 64 - log2(words) */
    uint64_t table_mask;
} Lookup;

typedef struct {
    uint64_t prefix[16]; /* polynomial of all tokens up to the last 16 ones */
    uint64_t count;
} Runs;

static inline uint64_t run_finish(uint64_t value) {
    value = (value ^ (value >> 32)) * RUN_MIX;
    value = (value ^ (value >> 32)) * RUN_MIX;
    return value ^ (value >> 32);
}

static inline void runs_reset(Runs *runs) { memset(runs, 0, sizeof *runs); }

static inline void runs_push(Runs *runs, uint64_t hash) {
    uint64_t before = runs->prefix[runs->count & 15];
    runs->count++;
    runs->prefix[runs->count & 15] = before * RUN_BASE + hash;
}

/* The hash of the last `length` tokens; there must be that many. */
static inline uint64_t runs_hash(const Runs *runs, int length, uint64_t power) {
    return run_finish(runs->prefix[runs->count & 15] -
                      runs->prefix[(runs->count - (uint64_t)length) & 15] * power);
}

static inline uint64_t filter_bits(uint64_t hash) {
    return (1ull << (hash & 63)) | (1ull << ((hash >> 6) & 63));
}

static inline int filter_has(const Lookup *lookup, uint64_t hash) {
    uint64_t bits = filter_bits(hash);
    return (lookup->filter[hash >> lookup->filter_shift] & bits) == bits;
}

static inline uint32_t table_find(const Lookup *lookup, uint64_t hash) {
    uint64_t slot = hash & lookup->table_mask;
    for (uint64_t tries = 0; tries <= lookup->table_mask; tries++) {
        uint64_t entry = lookup->table[slot];
        if (entry == NO_ENTRY) return NO_GRAM;
        if ((entry ^ hash) >> ID_BITS == 0) return (uint32_t)(entry & ENTRY_MASK);
        slot = (slot + 1) & lookup->table_mask;
    }
    return NO_GRAM;
}

typedef struct {
    uint64_t power[RUN_MAX + 1];
} Powers;

static inline Powers run_powers(void) {
    Powers powers;
    powers.power[0] = 1;
    for (int i = 1; i <= RUN_MAX; i++) powers.power[i] = powers.power[i - 1] * RUN_BASE;
    return powers;
}

/* Both n-grams that end at the last token, as in the table, or NO_GRAM: long, then short. */
static inline int runs_find(const Runs *runs, const Powers *powers, const Lookup *lookup, int wide,
                            uint32_t found[2]) {
    int lengths[2] = {wide ? RUN_LONG_WIDE : RUN_LONG, wide ? RUN_SHORT_WIDE : RUN_SHORT};
    int any = 0;
    for (int i = 0; i < 2; i++) {
        found[i] = NO_GRAM;
        if (runs->count < (uint64_t)lengths[i]) continue;
        uint64_t hash = runs_hash(runs, lengths[i], powers->power[lengths[i]]);
        if (filter_has(lookup, hash)) {
            found[i] = table_find(lookup, hash);
            any |= found[i] != NO_GRAM;
        }
    }
    return any;
}

#endif
