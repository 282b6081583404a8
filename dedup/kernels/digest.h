/* 128 bits that tell whether two sequences of tokens are equal.
 *
 * Token i of a text goes into lane i modulo DIGEST_LANES of both halves, by steps that are
 * bijections of what the lane held, many lanes at a time; in the end the lanes go into one another.
 */
#ifndef MEDSMITH_DIGEST_H
#define MEDSMITH_DIGEST_H

#include <stddef.h>
#include <stdint.h>

enum { DIGEST_LANES = 8 };

typedef struct {
    uint64_t one[DIGEST_LANES], two[DIGEST_LANES];
} digest_lanes;

void digest_start(digest_lanes *lanes);

/* Add `count` tokens, the text's `first` and those behind it. */
void digest_add(digest_lanes *lanes, uint64_t first, const uint64_t *hashes, size_t count);

/* Write the digest of a text of so many tokens. */
void digest_finish(const digest_lanes *lanes, uint64_t tokens, uint64_t digest[2]);

#endif
