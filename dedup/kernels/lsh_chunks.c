/* Pairs in chunks of whole components (see `near.components.plan_chunks`), in time and room that
   grow with pairs and rows alone: a union-find, then a counting sort by component. */
#include "lsh.h"

enum { ROW_BYTES = 64 }; /* a row takes some memory even where its text is empty */

typedef struct {
    const uint64_t *pairs;
    size_t count;
    const uint32_t *sizes;
    size_t rows;
    uint64_t budget;
    uint64_t *ordered; /* the pairs by component */
    uint32_t *parent, *members; /* of components: how many rows */
    uint64_t *weights, *places; /* of components: bytes; where their pairs begin, then end */
    int64_t *starts;
    size_t chunks, room;
} Plan;

static int open_plan(Plan *p) {
    size_t rows = p->rows ? p->rows : 1;
    p->parent = malloc(rows * sizeof *p->parent);
    p->members = calloc(rows, sizeof *p->members);
    p->weights = calloc(rows, sizeof *p->weights);
    p->places = calloc(rows, sizeof *p->places);
    return p->parent && p->members && p->weights && p->places;
}

static void close_plan(Plan *p) {
    free(p->parent);
    free(p->members);
    free(p->weights);
    free(p->places);
    free(p->starts);
}

/* Join what pairs join; mark the rows in pairs by a place other than 0. */
static void join_pairs(Plan *p) {
    for (size_t i = 0; i < p->rows; i++) p->parent[i] = (uint32_t)i;
    for (size_t i = 0; i < p->count; i++) {
        uint32_t a = (uint32_t)(p->pairs[i] >> 32), b = (uint32_t)p->pairs[i];
        join_rows(p->parent, a, b);
        p->places[a] = p->places[b] = 1;
    }
}

/* Weigh the components, and put the pairs of each together, in their order. */
static void order_pairs(Plan *p) {
    uint64_t place = 0;
    for (size_t i = 0; i < p->rows; i++) {
        uint32_t root = p->parent[i] = root_of(p->parent, (uint32_t)i);
        if (p->places[i]) {
            p->weights[root] += (uint64_t)p->sizes[i] + ROW_BYTES;
            p->members[root]++;
        }
        p->places[i] = 0;
    }
    for (size_t i = 0; i < p->count; i++) p->places[p->parent[p->pairs[i] >> 32]]++;
    for (size_t i = 0; i < p->rows; i++) {
        uint64_t own = p->places[i];
        p->places[i] = place;
        place += own;
    }
    for (size_t i = 0; i < p->count; i++)
        p->ordered[p->places[p->parent[p->pairs[i] >> 32]]++] = p->pairs[i];
}

static int begin_chunk(Plan *p, uint64_t at) {
    if (p->chunks == p->room) {
        size_t room = p->room ? p->room * 2 : 64;
        int64_t *grown = realloc(p->starts, room * sizeof *grown);
        if (!grown) return 0;
        p->starts = grown;
        p->room = room;
    }
    p->starts[p->chunks++] = (int64_t)at;
    return 1;
}

/* Chunks begin where the weight of what came before passes a multiple of the budget, and in a
   component of more than the budget after so many pairs as may bring two rows of its mean each. */
static int cut_chunks(Plan *p) {
    uint64_t before = 0, at = 0, last = UINT64_MAX;
    for (size_t i = 0; i < p->rows; i++) {
        uint64_t end = p->places[i], weight = p->weights[i];
        if (at < end) {
            uint64_t most = end - at;
            if (weight > p->budget) most = p->budget * p->members[i] / (2 * weight);
            if (!most) most = 1;
            if (before / p->budget != last && !begin_chunk(p, at)) return 0;
            last = before / p->budget;
            for (at += most; at < end; at += most)
                if (!begin_chunk(p, at)) return 0;
            at = end;
        }
        before += weight;
    }
    return begin_chunk(p, at);
}

static int ends_fit(const Plan *p) {
    for (size_t i = 0; i < p->count; i++)
        if (p->pairs[i] >> 32 >= p->rows || (uint32_t)p->pairs[i] >= p->rows) return 0;
    return 1;
}

PyObject *lsh_cut_chunks(PyObject *self, PyObject *args) {
    Py_buffer pairs, sizes, ordered;
    Py_ssize_t budget;
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*nw*:cut_chunks", &pairs, &sizes, &budget, &ordered))
        return NULL;
    Plan p = {pairs.buf, (size_t)pairs.len / 8, sizes.buf, (size_t)sizes.len / 4, (uint64_t)budget,
              ordered.buf, NULL, NULL, NULL, NULL, NULL, 0, 0};
    if (!aligned(&pairs, 8) || !aligned(&sizes, 4) || !aligned(&ordered, 8) ||
        ordered.len != pairs.len || p.rows > UINT32_MAX || p.count > UINT32_MAX || !ends_fit(&p)) {
        wrong("the ends of pairs must be numbers below the number of sizes");
    } else if (budget < 1 || budget > INT32_MAX) {
        wrong("the budget lies between 1 and 2^31");
    } else {
        int fine;
        Py_BEGIN_ALLOW_THREADS;
        fine = open_plan(&p);
        if (fine) {
            join_pairs(&p);
            order_pairs(&p);
            fine = cut_chunks(&p);
        }
        Py_END_ALLOW_THREADS;
        result = fine ? PyBytes_FromStringAndSize((char *)p.starts, (Py_ssize_t)(p.chunks * 8))
                      : PyErr_NoMemory();
        close_plan(&p);
    }
    PyBuffer_Release(&pairs);
    PyBuffer_Release(&sizes);
    PyBuffer_Release(&ordered);
    return result;
}
