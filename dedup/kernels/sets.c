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

/* Sort into `room`: one pass of bucket sort by the leading bits, into more buckets than there are
 * values, so that little is left to insertion. */
static void sort_spread(const uint64_t *values, size_t count, uint64_t *room)
{
    uint32_t places[BUCKETS], fullest = 0;
    unsigned bits = 5;
    while (bits < 12 && (size_t)1 << bits < count + count / 2)
        bits++;
    size_t buckets = (size_t)1 << bits;
    unsigned shift = 64 - bits;
    memset(places, 0, buckets * sizeof *places);
    for (size_t i = 0; i < count; i++) {
        uint32_t size = ++places[values[i] >> shift];
        fullest = size > fullest ? size : fullest;
    }
    for (size_t i = 0, start = 0; i < buckets; i++) {
        uint32_t size = places[i];
        places[i] = (uint32_t)start;
        start += size;
    }
    for (size_t i = 0; i < count; i++)
        room[places[values[i] >> shift]++] = values[i];
    if (fullest <= INSERTION_LIMIT) {
        sort_few(room, count); /* over the buckets' borders, where nothing moves */
        return;
    }
    for (size_t i = 0, start = 0; i < buckets; start = places[i++])
        qsort(room + start, places[i] - start, sizeof *room, compare);
}

size_t set_sort(uint64_t *values, size_t count, uint64_t *room)
{
    const uint64_t *sorted = values;
    size_t kept = 0;
    if (count <= INSERTION_LIMIT) {
        sort_few(values, count);
    } else if (count < UINT32_MAX) {
        sort_spread(values, count, room);
        sorted = room;
    } else {
        qsort(values, count, sizeof *values, compare);
    }
    for (size_t i = 1; i < count; i++) {
        uint64_t value = sorted[i - 1];
        int last = value != sorted[i];
        values[kept] = value;
        kept += (size_t)last;
    }
    if (count)
        values[kept++] = sorted[count - 1];
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
