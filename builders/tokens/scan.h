/* Cutting UTF-8 into pre-tokens: the known patterns as one hand-written scanner.

   The patterns are leftmost alternations, tried in order at each place; `next_piece` follows that
   order. What sets the families apart stands in `struct rules` (`patterns.py` explains it). */

#ifndef MEDSMITH_SCAN_H
#define MEDSMITH_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "classes.h"

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

enum { OTHER, UPPER, LOWER, LETTER, MARK, NUMBER, SPACE, NEWLINE };
enum { KIND_BITS = 0x07, UNSURE = 0x08, NOT_INERT = 0x10, INVALID = 0x20 };
enum {
    LETTERS = 1 << UPPER | 1 << LOWER | 1 << LETTER,
    STARTS = 1 << UPPER | 1 << LETTER | 1 << MARK, /* may stand before a cased word's end */
    ENDS = 1 << LOWER | 1 << LETTER | 1 << MARK,
    SYMBOLS = 1 << OTHER | 1 << MARK,
    SPACES = 1 << SPACE | 1 << NEWLINE,
    PREFIXES = 1 << OTHER | 1 << MARK | 1 << SPACE,
};
enum { CODE_POINTS = 0x110000 };

struct rules {
    int prefix, cased, contractions, fold_case, digits, newlines, slash, tail;
};

/* Filled once, when the module is made. */
static uint8_t class_of[CODE_POINTS];
static uint8_t ascii_bit[256]; /* 1 << kind; 0 for bytes from 0x80 on */

static void fill_classes(void) {
    size_t runs = sizeof CLASS_RUNS / sizeof *CLASS_RUNS;
    for (size_t i = 0; i < runs; i++) {
        uint32_t start = CLASS_RUNS[i] >> 8;
        uint32_t end = i + 1 < runs ? CLASS_RUNS[i + 1] >> 8 : CODE_POINTS;
        memset(class_of + start, (int)(CLASS_RUNS[i] & 0xFF), end - start);
    }
    for (int byte = 0; byte < 0x80; byte++)
        ascii_bit[byte] = (uint8_t)(1 << (class_of[byte] & KIND_BITS));
}

/* A text being cut; `flags` gathers the bits above KIND_BITS of all code points looked at. */
struct text {
    const uint8_t *end;
    unsigned flags;
};

INLINE int continues(uint8_t byte) { return (byte & 0xC0) == 0x80; }

/* The kind of the code point at `p` (before the end) and its length in bytes. A byte that begins no
   code point, or one cut short, overlong or a surrogate, is one byte of kind OTHER, and INVALID. */
INLINE unsigned kind_at(struct text *t, const uint8_t *p, size_t *length) {
    uint32_t lead = *p, point = 0;
    size_t left = (size_t)(t->end - p), size = 0;
    if (lead < 0x80) {
        *length = 1;
        return class_of[lead] & KIND_BITS;
    }
    if (lead >= 0xC2 && lead < 0xE0 && left >= 2 && continues(p[1])) {
        point = (lead & 0x1F) << 6 | (p[1] & 0x3F);
        size = 2;
    } else if (lead >= 0xE0 && lead < 0xF0 && left >= 3 && continues(p[1]) && continues(p[2])) {
        point = (lead & 0x0F) << 12 | (uint32_t)(p[1] & 0x3F) << 6 | (p[2] & 0x3F);
        size = point < 0x800 || (point >= 0xD800 && point < 0xE000) ? 0 : 3;
    } else if (lead >= 0xF0 && lead < 0xF5 && left >= 4 && continues(p[1]) && continues(p[2]) &&
               continues(p[3])) {
        point = (lead & 0x07) << 18 | (uint32_t)(p[1] & 0x3F) << 12 | (uint32_t)(p[2] & 0x3F) << 6 |
                (p[3] & 0x3F);
        size = point < 0x10000 || point >= CODE_POINTS ? 0 : 4;
    }
    if (!size) {
        t->flags |= INVALID;
        *length = 1;
        return OTHER;
    }
    *length = size;
    t->flags |= class_of[point];
    return class_of[point] & KIND_BITS;
}

/* The end of the run of code points from `p` on whose kinds are in `kinds`. */
INLINE const uint8_t *run(struct text *t, const uint8_t *p, unsigned kinds) {
    for (;;) {
        while (p < t->end && (ascii_bit[*p] & kinds)) p++;
        if (p == t->end || *p < 0x80) return p;
        size_t length;
        if (!(1u << kind_at(t, p, &length) & kinds)) return p;
        p += length;
    }
}

/* The end of a contraction ('s 't 're 've 'm 'll 'd) at the apostrophe `p`, or `p`. A long s folds
   to s where case is folded: rare enough to be left to the reference. */
INLINE const uint8_t *contraction(struct text *t, const uint8_t *p, int fold_case) {
    size_t left = (size_t)(t->end - p);
    uint8_t lower = fold_case ? 0x20 : 0;
    if (left < 2) return p;
    uint8_t first = p[1] | lower;
    if (first == 's' || first == 't' || first == 'm' || first == 'd') return p + 2;
    if (left < 3) return p;
    if (fold_case && p[1] == 0xC5 && p[2] == 0xBF) t->flags |= UNSURE;
    uint8_t second = p[2] | lower;
    if ((second == 'e' && (first == 'r' || first == 'v')) || (second == 'l' && first == 'l'))
        return p + 3;
    return p;
}

/* The end of `[starts]*[ends]+` at `p`, or else, where `upper` is set, of `[starts]+[ends]*`; `p`
   where neither matches. The first gives back what it took of `starts` until `ends` matches. */
INLINE const uint8_t *cased_word(struct text *t, const uint8_t *p, int upper) {
    const uint8_t *q = p, *last_end = p;
    while (q < t->end) {
        size_t length;
        unsigned kind = kind_at(t, q, &length);
        if (kind == LOWER) return run(t, q, ENDS);
        if (!(1u << kind & STARTS)) break;
        q += length;
        if (1u << kind & ENDS) last_end = q;
    }
    return last_end > p || !upper ? last_end : q;
}

/* The word at `p`, whose first code point is of `kind` and `length`, with what may stand before and
   after it; `p` where there is none. */
INLINE const uint8_t *word(
    struct text *t, const uint8_t *p, unsigned kind, size_t length, struct rules r) {
    int is_letter = (1u << kind & LETTERS) != 0;
    if (!r.cased) {
        if (is_letter) return run(t, p, LETTERS);
        if (r.prefix ? !(1u << kind & PREFIXES) : *p != ' ') return p;
        const uint8_t *end = run(t, p + length, LETTERS);
        return end > p + length ? end : p;
    }
    const uint8_t *end = p;
    if (is_letter) {
        end = cased_word(t, p, 1);
    } else if (1u << kind & PREFIXES) {
        end = cased_word(t, p + length, kind != MARK);
        if (end == p + length) end = kind == MARK ? cased_word(t, p, 1) : p;
    }
    if (r.contractions == 2 && end > p && end < t->end && *end == '\'')
        end = contraction(t, end, r.fold_case);
    return end;
}

INLINE const uint8_t *number(struct text *t, const uint8_t *p, int digits) {
    if (!digits) return run(t, p, 1 << NUMBER);
    for (int i = 0; i < digits && p < t->end; i++) {
        size_t length;
        if (kind_at(t, p, &length) != NUMBER) break;
        p += length;
    }
    return p;
}

/* `\s*[\r\n]+|\s+(?!\S)|\s+`, without the first part where `newlines` is not set. */
INLINE const uint8_t *white_space(struct text *t, const uint8_t *p, struct rules r) {
    const uint8_t *q = p, *last = p, *after_newline = p;
    while (q < t->end) {
        size_t length;
        unsigned kind = kind_at(t, q, &length);
        if (!(1u << kind & SPACES)) break;
        last = q;
        q += length;
        if (kind == NEWLINE) after_newline = q;
    }
    if (q == t->end && r.tail) return q;
    if (r.newlines && after_newline > p) return after_newline;
    return q < t->end && last > p ? last : q;
}

/* The end of the pre-token at `p`, which is before the end: always after `p`. */
INLINE const uint8_t *next_piece(struct text *t, const uint8_t *p, struct rules r) {
    size_t length, next_length = 0;
    unsigned kind = kind_at(t, p, &length);
    const uint8_t *end;
    if (*p == '\'' && r.contractions == 1) {
        end = contraction(t, p, r.fold_case);
        if (end > p) return end;
    }
    end = word(t, p, kind, length, r);
    if (end > p) return end;
    const uint8_t *q = p;
    if (*p == ' ' && p + 1 < t->end) {
        kind = kind_at(t, p + 1, &next_length);
        q = p + 1;
    }
    if (kind == NUMBER && (q == p || !r.prefix)) return number(t, q, r.digits);
    if (1u << kind & SYMBOLS) {
        end = run(t, q, SYMBOLS);
        if (r.newlines)
            while (end < t->end && (*end == '\r' || *end == '\n' || (r.slash && *end == '/')))
                end++;
        return end;
    }
    return white_space(t, p, r);
}

#endif
