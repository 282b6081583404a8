/* Byte-pair merges of one pre-token: how many tokens are left.

   Both ways take the lowest rank first, and the leftmost of equal ones (Sennrich et al., "Neural
   Machine Translation of Rare Words with Subword Units", 2016): over an array for the short ones,
   and for any length by a heap over a linked list, in O(n log n). */

#ifndef MEDSMITH_MERGE_H
#define MEDSMITH_MERGE_H

#include "pairs.h"

enum { SHORT_PIECE = 96 };
/* The heap's entries hold positions of 32 bits, and three a byte. */
enum { LONGEST_PIECE = 1 << 26 };

static uint32_t merge_short(const struct vocabulary *v, const uint8_t *p, uint32_t n) {
    uint32_t token[SHORT_PIECE], rank[SHORT_PIECE], result[SHORT_PIECE];
    for (uint32_t i = 0; i < n; i++) token[i] = v->byte_token[p[i]];
    for (uint32_t i = 0; i + 1 < n; i++) {
        size_t both = (size_t)p[i] << 8 | p[i + 1];
        rank[i] = v->byte_pairs[both].rank;
        result[i] = v->byte_pairs[both].result;
    }
    while (n > 1) {
        uint32_t lowest = NONE, at = 0;
        for (uint32_t i = 0; i + 1 < n; i++)
            if (rank[i] < lowest) {
                lowest = rank[i];
                at = i;
            }
        if (lowest == NONE) break;
        token[at] = result[at];
        n--;
        size_t moved = n - at - 1;
        memmove(token + at + 1, token + at + 2, moved * sizeof *token);
        if (moved) { /* the pair at `at` is made anew below, the one after it goes */
            memmove(rank + at + 1, rank + at + 2, (moved - 1) * sizeof *rank);
            memmove(result + at + 1, result + at + 2, (moved - 1) * sizeof *result);
            rank[at] = pair_rank(v, token[at], token[at + 1], &result[at]);
        }
        if (at) rank[at - 1] = pair_rank(v, token[at - 1], token[at], &result[at - 1]);
    }
    return n;
}

/* A heap of rank << 32 | position, the smallest first. */
struct heap {
    uint64_t *entries;
    size_t size;
};

static void sink(struct heap *h, size_t i) {
    uint64_t entry = h->entries[i];
    for (size_t child; (child = 2 * i + 1) < h->size; i = child) {
        if (child + 1 < h->size && h->entries[child + 1] < h->entries[child]) child++;
        if (h->entries[child] >= entry) break;
        h->entries[i] = h->entries[child];
    }
    h->entries[i] = entry;
}

static void push(struct heap *h, uint32_t rank, uint32_t position) {
    uint64_t entry = (uint64_t)rank << 32 | position;
    size_t i = h->size++;
    for (; i && h->entries[(i - 1) / 2] > entry; i = (i - 1) / 2)
        h->entries[i] = h->entries[(i - 1) / 2];
    h->entries[i] = entry;
}

static uint64_t pop(struct heap *h) {
    uint64_t first = h->entries[0];
    h->entries[0] = h->entries[--h->size];
    if (h->size) sink(h, 0);
    return first;
}

struct link {
    uint32_t token, rank, result, next, previous; /* `rank` of the pair that begins here, or NONE */
};

static void renew_pair(
    const struct vocabulary *v, struct link *links, uint32_t at, uint32_t n, struct heap *h) {
    struct link *link = &links[at];
    link->rank = NONE;
    if (link->next < n)
        link->rank = pair_rank(v, link->token, links[link->next].token, &link->result);
    if (link->rank != NONE) push(h, link->rank, at);
}

/* Returns NONE where memory runs out. */
static uint32_t merge_long(const struct vocabulary *v, const uint8_t *p, uint32_t n) {
    struct link *links = malloc(n * sizeof *links);
    /* One entry a pair at first, and at most two more for each of n - 1 merges. */
    struct heap h = {malloc(3 * (size_t)n * sizeof(uint64_t)), 0};
    uint32_t left = links && h.entries ? n : NONE;
    if (left == NONE) goto done;
    for (uint32_t i = 0; i < n; i++) {
        links[i] = (struct link){v->byte_token[p[i]], NONE, NONE, i + 1, i - 1};
        if (i + 1 == n) break;
        size_t both = (size_t)p[i] << 8 | p[i + 1];
        links[i].rank = v->byte_pairs[both].rank;
        links[i].result = v->byte_pairs[both].result;
        if (links[i].rank != NONE) h.entries[h.size++] = (uint64_t)links[i].rank << 32 | i;
    }
    for (size_t i = h.size / 2; i-- > 0;) sink(&h, i);
    while (h.size) {
        uint64_t entry = pop(&h);
        uint32_t at = (uint32_t)entry;
        struct link *link = &links[at];
        if (link->rank != (uint32_t)(entry >> 32)) continue; /* merged or changed since */
        struct link *gone = &links[link->next];
        link->token = link->result;
        link->next = gone->next;
        if (gone->next < n) links[gone->next].previous = at;
        gone->rank = NONE;
        left--;
        renew_pair(v, links, at, n, &h);
        if (at) renew_pair(v, links, link->previous, n, &h);
    }
done:
    free(links);
    free(h.entries);
    return left;
}

/* The number of tokens of a pre-token; NONE where memory runs out or it is too long. */
static uint32_t count_merged(const struct vocabulary *v, const uint8_t *p, size_t n, int whole) {
    if (whole && find_token(v, p, n) != NONE) return 1;
    if (n > LONGEST_PIECE) return NONE;
    return n <= SHORT_PIECE ? merge_short(v, p, (uint32_t)n) : merge_long(v, p, (uint32_t)n);
}

#endif
