/* Entries in the order of their keys, a cache-sized share at a time: those whose key is another's. */
#ifndef MEDSMITH_LSH_BUCKETS_H
#define MEDSMITH_LSH_BUCKETS_H

#include "lsh.h"

/* An entry and its key in two halves: 12 bytes, where a whole key would make it 16. */
typedef struct {
    uint32_t high, low, entry;
} Slot;

static inline uint64_t key_of(const Slot *slot) { return (uint64_t)slot->high << 32 | slot->low; }

/* Told of each bucket of two or more entries, ascending; returns 0 to stop. */
typedef int (*Bucket)(void *context, const Slot *slots, size_t n);

/* Tell of all buckets of the `n` keys, in an order that depends on the keys only; `slots` is room
   for as many. The keys must be as if by chance: others take long. Returns 0 for want of memory, or where `bucket` did. */
int each_bucket(const uint64_t *keys, size_t n, Slot *slots, Bucket bucket, void *context);

#endif
