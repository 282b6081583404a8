#include "sets.h"

#include <stdlib.h>

#include "norm.h"

#define INSERTION_LIMIT 24
#define BUCKETS 4096

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

static void sort_few(uint64_t *values, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        uint64_t value = values[i];
        size_t at = i;
        for (; at && values[at - 1] > value; at--)
            values[at] = values[at - 1];
        values[at] = value;
    }
}

/* One pass of bucket sort by the leading bits, then each small bucket by insertion. */
static void sort_spread(uint64_t *values, size_t count, uint64_t *room)
{
    uint32_t ends[BUCKETS + 1];
    unsigned bits = 4;
    while (bits < 12 && (size_t)1 << bits < count)
        bits++;
    size_t buckets = (size_t)1 << bits;
    unsigned shift = 64 - bits;
    memset(ends, 0, (buckets + 1) * sizeof *ends);
    for (size_t i = 0; i < count; i++)
        ends[(values[i] >> shift) + 1]++;
    for (size_t i = 0; i < buckets; i++)
        ends[i + 1] += ends[i];
    for (size_t i = 0; i < count; i++)
        room[ends[values[i] >> shift]++] = values[i];
    for (size_t i = 0, start = 0; i < buckets; start = ends[i++]) {
        size_t size = ends[i] - start;
        if (size > INSERTION_LIMIT)
            qsort(room + start, size, sizeof *room, compare);
        else
            sort_few(room + start, size);
    }
    memcpy(values, room, count * sizeof *values);
}

size_t set_sort(uint64_t *values, size_t count, uint64_t *room)
{
    if (count <= INSERTION_LIMIT)
        sort_few(values, count);
    else if (count < UINT32_MAX)
        sort_spread(values, count, room);
    else
        qsort(values, count, sizeof *values, compare);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!kept || values[i] != values[kept - 1])
            values[kept++] = values[i];
    return kept;
}

/* Eight values against eight at a time, as vectors; the block that ends first moves on. */
#define BLOCK 8
typedef uint64_t block __attribute__((vector_size(8 * BLOCK)));

NORM_CLONES size_t set_shared(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count)
{
    size_t i = 0, j = 0, shared = 0;
    block hits = {0};
    while (i + BLOCK <= a_count && j + BLOCK <= b_count) {
        block left;
        memcpy(&left, a + i, sizeof left);
        block found = (block)(left == b[j]);
        for (int k = 1; k < BLOCK; k++)
            found |= (block)(left == b[j + k]);
        hits -= found; /* true is -1 */
        uint64_t a_last = a[i + BLOCK - 1], b_last = b[j + BLOCK - 1];
        i += a_last <= b_last ? BLOCK : 0;
        j += b_last <= a_last ? BLOCK : 0;
    }
    for (int k = 0; k < BLOCK; k++)
        shared += hits[k];
    while (i < a_count && j < b_count) {
        uint64_t left = a[i], right = b[j];
        shared += left == right;
        i += left <= right;
        j += right <= left;
    }
    return shared;
}
