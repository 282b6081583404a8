/* Shingles of texts under norm-v1. Include after Python.h. */
#ifndef MEDSMITH_SHINGLES_H
#define MEDSMITH_SHINGLES_H

#include "column.h"
#include "vector.h"

#define SHINGLE_LIMIT 64 /* longest window, in tokens or characters */
#define SHINGLE_CHUNK 1024
#define SHINGLE_LANES 8 /* values are made so many at a time, some beyond the last of a row */

/* Shingles that are left out: a hash table over a caller's sorted values. */
typedef struct {
    uint64_t *slots;
    size_t mask; /* slots less one; 0: nothing is left out */
    int zero;    /* whether 0, which marks an empty slot, is left out too */
} stop_set;

typedef struct {
    column *texts;
    unsigned window, shortest;
    stop_set stops;
    vector points; /* code points of a short text */
    uint64_t hashes[SHINGLE_CHUNK + SHINGLE_LIMIT + SHINGLE_LANES];
    uint32_t starts[SHINGLE_CHUNK + SHINGLE_LIMIT], ends[SHINGLE_CHUNK + SHINGLE_LIMIT];
    uint64_t values[SHINGLE_CHUNK + SHINGLE_LANES];
} shingler;

/* A shingler over the column that leaves out the hashes in `stops`; NULL with an exception set. */
shingler *shingler_new(column *texts, int window, int shortest, const Py_buffer *stops);
void shingler_free(shingler *maker);

/* What is known of a row once its shingles were read. */
typedef struct {
    uint64_t digest[2]; /* of the whole sequence of tokens */
    uint64_t tokens, shingles, kept;
} row_facts;

/* Takes some of a row's shingles, or forgets the row's so far where `values` is NULL; -1 where
 * memory is short. */
typedef int (*shingle_sink)(void *to, const uint64_t *values, size_t count);

/* Give the row's shingles to `sink`, with repetitions, those in `stops` left out.
 * -1 with an exception set. `texts` must be unlocked. */
int shingle_row(shingler *maker, Py_ssize_t row, shingle_sink sink, void *to, row_facts *facts);

#endif
