/* Counts of pre-tokens met before, in bounded memory.

   Short pre-tokens are their own key, byte for byte, so that no two are ever confused; longer ones
   lie in a store of bytes and are compared there. A table that is full is emptied: the frequent
   ones are back at once. */

#ifndef MEDSMITH_CACHE_H
#define MEDSMITH_CACHE_H

#include "merge.h"

enum { SHORT_KEY = 24, LONG_KEY = 1024 };
enum { FIRST_SLOTS = 1 << 14, STORE_SHARE = 4 };
/* Whether the first bytes in memory are the lowest bits, as masks take them to be. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
enum { MASKS_FIT = 1 };
#else
enum { MASKS_FIT = 0 };
#endif

struct short_entry {
    uint64_t key[3];
    uint32_t length, count; /* length 0: the slot is free */
};

struct long_entry {
    uint64_t hash;
    uint32_t start, count; /* of the bytes in the store */
    uint32_t length, unused;
};

struct cache {
    struct short_entry *shorts;
    size_t short_mask, short_used, short_limit;
    struct long_entry *longs;
    size_t long_mask, long_used;
    uint8_t *store;
    size_t store_used, store_size;
};

static void free_cache(struct cache *c) {
    free(c->shorts);
    free(c->longs);
    free(c->store);
}

/* Take about `bytes` at most; returns 0 where memory runs out. */
static int make_cache(struct cache *c, size_t bytes) {
    size_t slots = FIRST_SLOTS;
    while (2 * slots * sizeof *c->shorts <= bytes / 2) slots *= 2;
    c->short_limit = slots;
    c->short_mask = FIRST_SLOTS - 1;
    c->shorts = calloc(FIRST_SLOTS, sizeof *c->shorts);
    c->store_size = bytes / STORE_SHARE;
    if (c->store_size < 1 << 16) c->store_size = 1 << 16;
    if (c->store_size > UINT32_MAX) c->store_size = UINT32_MAX;
    size_t longs = FIRST_SLOTS;
    while (2 * longs * sizeof *c->longs <= bytes / STORE_SHARE) longs *= 2;
    c->long_mask = longs - 1;
    c->longs = calloc(longs, sizeof *c->longs);
    c->store = malloc(c->store_size);
    return c->shorts && c->longs && c->store;
}

static inline size_t hash_key(const uint64_t key[3], size_t length) {
    uint64_t h = (key[0] ^ length) * 0x9E3779B97F4A7C15u;
    h ^= (key[1] + (h >> 29)) * 0xD6E8FEB86659FD93u;
    h ^= (key[2] + (h >> 31)) * 0xA0761D6478BD642Fu;
    return (size_t)(h ^ h >> 32);
}

/* Double the table of short keys, or empty it where it may not grow. */
static void make_room(struct cache *c) {
    size_t size = c->short_mask + 1;
    struct short_entry *fresh = NULL;
    if (size < c->short_limit) fresh = calloc(2 * size, sizeof *fresh);
    if (!fresh) {
        memset(c->shorts, 0, size * sizeof *c->shorts);
        c->short_used = 0;
        return;
    }
    size_t mask = 2 * size - 1;
    for (size_t i = 0; i < size; i++) {
        const struct short_entry *entry = &c->shorts[i];
        if (!entry->length) continue;
        size_t j = hash_key(entry->key, entry->length) & mask;
        while (fresh[j].length) j = (j + 1) & mask;
        fresh[j] = *entry;
    }
    free(c->shorts);
    c->shorts = fresh;
    c->short_mask = mask;
}

/* Fill the key with `length` bytes from `p` on and zeros; no byte from `end` on is read. */
static inline void load_key(uint64_t key[3], const uint8_t *p, size_t length, const uint8_t *end) {
    if (MASKS_FIT && end - p >= SHORT_KEY) {
        memcpy(key, p, SHORT_KEY);
        size_t bits = 8 * length;
        key[0] &= bits >= 64 ? UINT64_MAX : ((uint64_t)1 << bits) - 1;
        key[1] &= bits >= 128 ? UINT64_MAX : bits > 64 ? ((uint64_t)1 << (bits - 64)) - 1 : 0;
        key[2] &= bits >= 192 ? UINT64_MAX : bits > 128 ? ((uint64_t)1 << (bits - 128)) - 1 : 0;
    } else {
        key[0] = key[1] = key[2] = 0;
        memcpy(key, p, length);
    }
}

/* A short pre-token whose slot is on its way from memory; its count is added to `*total`. */
struct pending {
    uint64_t key[3];
    size_t hash;
    const uint8_t *p;
    int64_t *total;
    uint32_t length; /* 0: there is none */
};

enum { AHEAD = 16 };

struct queue {
    struct pending items[AHEAD];
    size_t next;
};

static inline void resolve(
    struct cache *c, const struct vocabulary *v, struct pending *pending, int whole) {
    const uint64_t *key = pending->key;
    size_t i = pending->hash & c->short_mask;
    uint32_t length = pending->length;
    pending->length = 0;
    for (; c->shorts[i].length; i = (i + 1) & c->short_mask) {
        const struct short_entry *entry = &c->shorts[i];
        if (entry->key[0] == key[0] && entry->length == length && entry->key[1] == key[1] &&
            entry->key[2] == key[2]) {
            *pending->total += entry->count;
            return;
        }
    }
    uint32_t count = count_merged(v, pending->p, length, whole);
    *pending->total += count;
    if (2 * c->short_used > c->short_mask) {
        make_room(c);
        for (i = pending->hash & c->short_mask; c->shorts[i].length;) i = (i + 1) & c->short_mask;
    }
    c->shorts[i] = (struct short_entry){{key[0], key[1], key[2]}, length, count};
    c->short_used++;
}

/* Look the pre-token up a little later, when its slot has come; no byte from `end` on is read. */
static inline void enqueue(struct queue *q, struct cache *c, const struct vocabulary *v,
    const uint8_t *p, size_t length, const uint8_t *end, int64_t *total, int whole) {
    struct pending *pending = &q->items[q->next++ % AHEAD];
    if (pending->length) resolve(c, v, pending, whole);
    load_key(pending->key, p, length, end);
    pending->hash = hash_key(pending->key, length);
    pending->p = p;
    pending->total = total;
    pending->length = (uint32_t)length;
#if defined(__GNUC__)
    __builtin_prefetch(&c->shorts[pending->hash & c->short_mask]);
#endif
}

static void resolve_all(struct queue *q, struct cache *c, const struct vocabulary *v, int whole) {
    for (size_t i = 0; i < AHEAD; i++)
        if (q->items[i].length) resolve(c, v, &q->items[i], whole);
}

static uint32_t count_long(
    struct cache *c, const struct vocabulary *v, const uint8_t *p, size_t length, int whole) {
    uint64_t hash = hash_bytes(p, length);
    size_t i = hash & c->long_mask;
    for (; c->longs[i].length; i = (i + 1) & c->long_mask) {
        const struct long_entry *entry = &c->longs[i];
        if (entry->hash == hash && entry->length == length &&
            !memcmp(c->store + entry->start, p, length))
            return entry->count;
    }
    uint32_t count = count_merged(v, p, length, whole);
    if (count == NONE) return NONE;
    if (2 * c->long_used > c->long_mask || c->store_size - c->store_used < length) {
        memset(c->longs, 0, (c->long_mask + 1) * sizeof *c->longs);
        c->long_used = c->store_used = 0;
        i = hash & c->long_mask;
    }
    memcpy(c->store + c->store_used, p, length);
    c->longs[i] =
        (struct long_entry){hash, (uint32_t)c->store_used, count, (uint32_t)length, 0};
    c->store_used += length;
    c->long_used++;
    return count;
}

#endif
