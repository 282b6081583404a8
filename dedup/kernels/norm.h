/* norm-v1 over UTF-8: a cursor that cuts a text into tokens in one pass, without allocation.
 *
 * What a token is, medsmith/dedup/norm.py says; the tables of what happens to each code point are
 * norm_tables.h. A token comes as its 64-bit hash and its place in the text as it was given. ASCII
 * is read by norm_ascii.h, the rest by norm_points.h.
 */
#ifndef MEDSMITH_NORM_H
#define MEDSMITH_NORM_H

#include "norm_ascii.h"
#include "norm_points.h"

/* Append tokens until the text ends (NORM_END), the room is short (NORM_MORE; `capacity` must be at
 * least 128) or code points join their neighbours (NORM_JOINS); `cursor->state` says which. The
 * last token is held back for the next call while there is more: a symbol may follow it. */
NORM_CLONES __attribute__((unused)) static void norm_fill(norm_cursor *cursor, norm_tokens *tokens)
{
    size_t first = tokens->count;
    if (cursor->holds)
        norm_append(tokens, cursor->held_hash, cursor->held_start, cursor->held_end);
    while (cursor->state == NORM_MORE && tokens->count + 64 + NORM_ROOM <= tokens->capacity) {
        if (cursor->position >= cursor->length || norm_reads_word(cursor) ||
            !norm_fill_ascii(cursor, tokens, first))
            norm_fill_points(cursor, tokens, first);
    }
    cursor->holds = cursor->state == NORM_MORE && tokens->count > first;
    if (cursor->holds) {
        size_t last = --tokens->count;
        cursor->held_hash = tokens->hashes[last];
        cursor->held_start = tokens->starts[last];
        cursor->held_end = tokens->ends[last];
    }
}

#endif
