/* Tables of a BPE vocabulary: tokens by their bytes, and pairs of tokens that merge. */

#ifndef MEDSMITH_PAIRS_H
#define MEDSMITH_PAIRS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

enum { MAYBE_BITS = 22, MAYBE_SHIFT = 64 - MAYBE_BITS };

struct pair {
    uint64_t key; /* left << 32 | right; UINT64_MAX where the slot is free */
    uint32_t rank, result;
};

struct vocabulary {
    const uint8_t *bytes;   /* all tokens, one after the other */
    const int64_t *offsets; /* count + 1 */
    uint32_t count, longest;
    uint64_t *slots; /* half a hash, then token + 1, by the hash of its bytes; 0 is free */
    size_t slot_mask;
    struct pair *pairs;
    size_t pair_mask, pair_count;
    uint64_t *maybe; /* a bit by hash of the pair: most neighbours do not merge, and this is small */
    uint32_t byte_token[256];
    struct {
        uint32_t rank, result;
    } *byte_pairs; /* 65,536, by first byte << 8 | second */
};

static inline uint64_t mix(uint64_t x) {
    x ^= x >> 32;
    x *= 0xD6E8FEB86659FD93u;
    x ^= x >> 32;
    return x;
}

static inline uint64_t hash_bytes(const uint8_t *p, size_t length) {
    uint64_t h = length * 0x9E3779B97F4A7C15u, word;
    for (; length >= 8; p += 8, length -= 8) {
        memcpy(&word, p, 8);
        h = mix(h ^ word) * 0xA0761D6478BD642Fu;
    }
    word = 0;
    memcpy(&word, p, length);
    return mix(h ^ word);
}

/* The token of these bytes, or NONE. */
static uint32_t find_token(const struct vocabulary *v, const uint8_t *p, size_t length) {
    if (length > v->longest) return NONE;
    uint64_t hash = hash_bytes(p, length);
    for (size_t i = hash & v->slot_mask; v->slots[i]; i = (i + 1) & v->slot_mask) {
        if ((v->slots[i] ^ hash) >> 32) continue;
        uint32_t token = (uint32_t)v->slots[i] - 1;
        const uint8_t *start = v->bytes + v->offsets[token];
        if ((size_t)(v->offsets[token + 1] - v->offsets[token]) == length &&
            !memcmp(start, p, length))
            return token;
    }
    return NONE;
}

static inline uint64_t hash_pair(uint64_t key) { return mix(key * 0x9E3779B97F4A7C15u); }

static inline struct pair *pair_slot(const struct vocabulary *v, uint64_t key, uint64_t hash) {
    size_t i = hash & v->pair_mask;
    while (v->pairs[i].key != key && v->pairs[i].key != UINT64_MAX) i = (i + 1) & v->pair_mask;
    return &v->pairs[i];
}

/* The rank at which two neighbours merge, or NONE; `result` is what they become. */
static inline uint32_t pair_rank(
    const struct vocabulary *v, uint32_t left, uint32_t right, uint32_t *result) {
    uint64_t key = (uint64_t)left << 32 | right, hash = hash_pair(key);
    if (!(v->maybe[hash >> MAYBE_SHIFT >> 6] >> (hash >> MAYBE_SHIFT & 63) & 1)) return NONE;
    const struct pair *slot = pair_slot(v, key, hash);
    if (slot->key == UINT64_MAX) return NONE;
    *result = slot->result;
    return slot->rank;
}

static int grow_pairs(struct vocabulary *v, size_t size) {
    struct pair *old = v->pairs;
    size_t old_size = old ? v->pair_mask + 1 : 0;
    struct pair *fresh = malloc(size * sizeof *fresh);
    if (!fresh) return 0;
    for (size_t i = 0; i < size; i++) fresh[i].key = UINT64_MAX;
    v->pairs = fresh;
    v->pair_mask = size - 1;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].key != UINT64_MAX) *pair_slot(v, old[i].key, hash_pair(old[i].key)) = old[i];
    free(old);
    return 1;
}

static int add_pair(
    struct vocabulary *v, uint32_t left, uint32_t right, uint32_t rank, uint32_t result) {
    if (2 * v->pair_count > v->pair_mask && !grow_pairs(v, 2 * (v->pair_mask + 1))) return 0;
    uint64_t key = (uint64_t)left << 32 | right;
    uint64_t hash = hash_pair(key);
    struct pair *slot = pair_slot(v, key, hash);
    v->maybe[hash >> MAYBE_SHIFT >> 6] |= (uint64_t)1 << (hash >> MAYBE_SHIFT & 63);
    if (slot->key == UINT64_MAX) v->pair_count++;
    *slot = (struct pair){key, rank, result};
    return 1;
}

/* Pairs as tiktoken has them: any two tokens that join to a third, at that one's rank. */
static int pairs_of_ranks(struct vocabulary *v) {
    for (uint32_t token = 0; token < v->count; token++) {
        const uint8_t *p = v->bytes + v->offsets[token];
        size_t length = (size_t)(v->offsets[token + 1] - v->offsets[token]);
        for (size_t cut = 1; cut < length; cut++) {
            uint32_t left = find_token(v, p, cut);
            if (left == NONE) continue;
            uint32_t right = find_token(v, p + cut, length - cut);
            if (right != NONE && !add_pair(v, left, right, token, token)) return 0;
        }
    }
    return 1;
}

static void free_vocabulary(struct vocabulary *v) {
    free(v->slots);
    free(v->pairs);
    free(v->maybe);
    free(v->byte_pairs);
}

/* Fill the tables; `merges` is rows of left, right and result, and `by_rank` stands for tiktoken's
   pairs instead. Offsets and rows are checked by the caller. Returns a message, or NULL: "" where
   memory ran out. */
static const char *fill_vocabulary(
    struct vocabulary *v, const uint32_t *merges, size_t rows, int by_rank) {
    size_t size = 1024;
    while (size < 2 * (size_t)v->count) size *= 2;
    v->slots = calloc(size, sizeof *v->slots);
    v->byte_pairs = malloc(65536 * sizeof *v->byte_pairs);
    v->maybe = calloc((size_t)1 << (MAYBE_BITS - 6), sizeof *v->maybe);
    if (!v->slots || !v->byte_pairs || !v->maybe || !grow_pairs(v, 1024)) return "";
    v->slot_mask = size - 1;
    for (uint32_t token = 0; token < v->count; token++) {
        const uint8_t *p = v->bytes + v->offsets[token];
        size_t length = (size_t)(v->offsets[token + 1] - v->offsets[token]);
        if (length > v->longest) v->longest = (uint32_t)length;
        if (find_token(v, p, length) != NONE) return "a token stands twice";
        uint64_t hash = hash_bytes(p, length);
        size_t i = hash & v->slot_mask;
        while (v->slots[i]) i = (i + 1) & v->slot_mask;
        v->slots[i] = hash >> 32 << 32 | (token + 1);
    }
    for (int byte = 0; byte < 256; byte++) {
        uint8_t one = (uint8_t)byte;
        v->byte_token[byte] = find_token(v, &one, 1);
        if (v->byte_token[byte] == NONE) return "a byte has no token";
    }
    if (by_rank && !pairs_of_ranks(v)) return "";
    for (size_t row = 0; row < rows; row++)
        if (!add_pair(v, merges[3 * row], merges[3 * row + 1], (uint32_t)row, merges[3 * row + 2]))
            return "";
    for (int both = 0; both < 65536; both++) {
        uint32_t result = NONE;
        uint32_t left = v->byte_token[both >> 8], right = v->byte_token[both & 0xFF];
        v->byte_pairs[both].rank = pair_rank(v, left, right, &result);
        v->byte_pairs[both].result = result;
    }
    return NULL;
}

#endif
