/* Sets of 64-bit hashes as sorted arrays without repetitions. */
#ifndef MEDSMITH_SETS_H
#define MEDSMITH_SETS_H

#include <stddef.h>
#include <stdint.h>

/* Sort in place and drop repetitions; `room` holds as many values. Returns how many are left.
 * Fast where the values are spread evenly, as hashes are; right in any case. */
size_t set_sort(uint64_t *values, size_t count, uint64_t *room);

/* How many values two sets share. */
size_t set_shared(const uint64_t *a, size_t a_count, const uint64_t *b, size_t b_count);

#endif
