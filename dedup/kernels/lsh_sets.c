/* Sets of 64-bit values: their MinHash, and what a list leaves out of them.

   Multiply-shift hashing: Dietzfelbinger et al. 1997. */
#include "lsh.h"

CLONES static void smallest(const uint64_t *values, Py_ssize_t n, const uint64_t *factors,
                            Py_ssize_t width, uint32_t *out) {
    for (Py_ssize_t j = 0; j < width; j++) out[j] = UINT32_MAX;
    for (Py_ssize_t i = 0; i < n; i++)
        for (Py_ssize_t j = 0; j < width; j++) {
            uint32_t hash = (uint32_t)((values[i] * factors[2 * j] + factors[2 * j + 1]) >> 32);
            if (hash < out[j]) out[j] = hash;
        }
}

PyObject *lsh_minima_of_sets(PyObject *self, PyObject *args) {
    Py_buffer values, offsets, factors, out;
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*w*:minima_of_sets", &values, &offsets, &factors, &out))
        return NULL;
    const int64_t *at = offsets.buf;
    Py_ssize_t n = offsets.len / 8 - 1, width = factors.len / 16;
    int fine = aligned(&values, 8) && aligned(&offsets, 8) && aligned(&factors, 8) &&
               aligned(&out, 4) && n >= 0 && factors.len % 16 == 0 &&
               (width ? out.len / 4 % width == 0 && out.len / 4 / width == n : out.len == 0);
    for (Py_ssize_t i = 0; fine && i < n; i++)
        fine = at[i] >= 0 && at[i] <= at[i + 1] && at[i + 1] <= values.len / 8;
    if (!fine) {
        wrong("values, offsets and minima do not fit together");
    } else {
        Py_BEGIN_ALLOW_THREADS;
        for (Py_ssize_t i = 0; i < n; i++)
            smallest((const uint64_t *)values.buf + at[i], (Py_ssize_t)(at[i + 1] - at[i]),
                     factors.buf, width, (uint32_t *)out.buf + i * width);
        Py_END_ALLOW_THREADS;
        result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&values);
    PyBuffer_Release(&offsets);
    PyBuffer_Release(&factors);
    PyBuffer_Release(&out);
    return result;
}

/* A hash table of 64-bit values. A free place holds 0; whether 0 itself is in is kept aside. */
typedef struct {
    uint64_t *places;
    size_t mask;
    int zero;
} Members;

static int fill_members(Members *set, const uint64_t *values, size_t count) {
    size_t room = 16;
    while (room < 2 * count) room *= 2;
    set->places = calloc(room, sizeof *set->places);
    if (!set->places) return 0;
    set->mask = room - 1;
    for (size_t i = 0; i < count; i++) {
        if (!values[i]) set->zero = 1;
        size_t at = mix(values[i]) & set->mask;
        while (set->places[at] && set->places[at] != values[i]) at = (at + 1) & set->mask;
        set->places[at] = values[i];
    }
    return 1;
}

static int is_member(const Members *set, uint64_t value) {
    if (!value) return set->zero;
    size_t at = mix(value) & set->mask;
    while (set->places[at] && set->places[at] != value) at = (at + 1) & set->mask;
    return set->places[at] != 0;
}

/* Offsets of sets: one more than rows, none of them beyond `count` values. */
static int offsets_fit(const Py_buffer *offsets, Py_ssize_t count) {
    const int64_t *at = offsets->buf;
    Py_ssize_t n = offsets->len / 8 - 1;
    int fine = aligned(offsets, 8) && n >= 0 && at[0] >= 0 && at[n] <= count;
    for (Py_ssize_t i = 0; fine && i < n; i++) fine = at[i] <= at[i + 1];
    return fine;
}

typedef struct {
    const uint64_t *values, *stops;
    const int64_t *offsets, *kinds, *bounds;
    Py_ssize_t n;
    uint64_t *kept, *dropped;
    int64_t *kept_offsets, *dropped_offsets;
} Split;

static int split_rows(const Split *s, Members *sets) {
    int64_t kept = 0, dropped = 0;
    s->kept_offsets[0] = s->dropped_offsets[0] = 0;
    for (Py_ssize_t i = 0; i < s->n; i++) {
        int64_t kind = s->kinds[i];
        size_t stops = (size_t)(s->bounds[kind + 1] - s->bounds[kind]);
        Members *set = sets + kind;
        if (stops && !set->places && !fill_members(set, s->stops + s->bounds[kind], stops))
            return 0;
        for (int64_t j = s->offsets[i]; j < s->offsets[i + 1]; j++) {
            if (stops && is_member(set, s->values[j]))
                s->dropped[dropped++] = s->values[j];
            else
                s->kept[kept++] = s->values[j];
        }
        s->kept_offsets[i + 1] = kept;
        s->dropped_offsets[i + 1] = dropped;
    }
    return 1;
}

PyObject *lsh_split_sets(PyObject *self, PyObject *args) {
    enum { VALUES, OFFSETS, KINDS, STOPS, BOUNDS, KEPT, KEPT_AT, DROPPED, DROPPED_AT, COUNT };
    Py_buffer b[COUNT];
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*w*w*w*w*:split_sets", &b[0], &b[1], &b[2], &b[3], &b[4],
                          &b[5], &b[6], &b[7], &b[8]))
        return NULL;
    Py_ssize_t n = b[KINDS].len / 8, kinds = b[BOUNDS].len / 8 - 1;
    const int64_t *kind = b[KINDS].buf;
    int fine = 1;
    for (int i = 0; i < COUNT; i++) fine = fine && aligned(&b[i], 8);
    fine = fine && offsets_fit(&b[OFFSETS], b[VALUES].len / 8) &&
           offsets_fit(&b[BOUNDS], b[STOPS].len / 8) && b[OFFSETS].len == 8 * (n + 1) &&
           b[KEPT].len >= b[VALUES].len && b[DROPPED].len >= b[VALUES].len &&
           b[KEPT_AT].len == b[OFFSETS].len && b[DROPPED_AT].len == b[OFFSETS].len;
    for (Py_ssize_t i = 0; fine && i < n; i++) fine = kind[i] >= 0 && kind[i] < kinds;
    if (!fine) {
        wrong("sets, their kinds and what each kind leaves out do not fit together");
    } else {
        Split split = {b[VALUES].buf,  b[STOPS].buf, b[OFFSETS].buf, kind,
                       b[BOUNDS].buf,  n,            b[KEPT].buf,    b[DROPPED].buf,
                       b[KEPT_AT].buf, b[DROPPED_AT].buf};
        Members *sets = calloc((size_t)kinds + 1, sizeof *sets);
        if (sets) {
            Py_BEGIN_ALLOW_THREADS;
            fine = split_rows(&split, sets);
            for (Py_ssize_t i = 0; i < kinds; i++) free(sets[i].places);
            Py_END_ALLOW_THREADS;
        }
        free(sets);
        if (!sets || !fine)
            PyErr_NoMemory();
        else
            result = Py_NewRef(Py_None);
    }
    for (int i = 0; i < COUNT; i++) PyBuffer_Release(&b[i]);
    return result;
}
