/* Banding, grouping and clustering for near-duplicates. Integers only: the same bytes everywhere.

   Sources: bands of a MinHash signature (Indyk & Motwani 1998; Leskovec, Rajaraman & Ullman,
   "Mining of Massive Datasets", ch. 3); multiply-shift hashing (Dietzfelbinger et al. 1997);
   the finaliser of MurmurHash3 (Appleby, public domain). */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__linux__) && defined(__GNUC__) && !defined(__clang__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

static uint64_t mix(uint64_t x) {
    x ^= x >> 33;
    x *= UINT64_C(0xff51afd7ed558ccd);
    x ^= x >> 33;
    x *= UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ (x >> 33);
}

static PyObject *wrong(const char *what) {
    PyErr_SetString(PyExc_ValueError, what);
    return NULL;
}

static int aligned(const Py_buffer *buffer, size_t size) {
    return (uintptr_t)buffer->buf % size == 0 && (size_t)buffer->len % size == 0;
}

/* ---- keys of one band ---- */

CLONES static void fill_keys(const uint32_t *minima, Py_ssize_t n, Py_ssize_t width,
                             const uint64_t *salts, uint64_t seed, uint64_t *out) {
    for (Py_ssize_t i = 0; i < n; i++) {
        uint64_t key = salts[i] ^ seed;
        for (Py_ssize_t j = 0; j < width; j++) {
            key = (key ^ minima[i * width + j]) * UINT64_C(0x9e3779b97f4a7c15);
            key ^= key >> 29;
        }
        out[i] = mix(key);
    }
}

static PyObject *band_keys(PyObject *self, PyObject *args) {
    Py_buffer minima, salts, out;
    unsigned long long seed;
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*Kw*:band_keys", &minima, &salts, &seed, &out)) return NULL;
    Py_ssize_t n = salts.len / 8;
    if (!aligned(&minima, 4) || !aligned(&salts, 8) || !aligned(&out, 8) || out.len != salts.len ||
        (n ? (minima.len / 4) % n != 0 : minima.len != 0)) {
        wrong("minima, salts and keys do not fit together");
    } else {
        Py_BEGIN_ALLOW_THREADS;
        fill_keys(minima.buf, n, n ? minima.len / 4 / n : 0, salts.buf, mix(seed + 1), out.buf);
        Py_END_ALLOW_THREADS;
        result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&minima);
    PyBuffer_Release(&salts);
    PyBuffer_Release(&out);
    return result;
}

/* ---- pairs of rows that share a key ---- */

typedef struct {
    const uint64_t *keys, *subs, *prints;
    const uint32_t *rows, *sources, *groups;
    Py_ssize_t n, cap, reach;
} Entries;

typedef struct {
    uint64_t *pairs;
    size_t count, room;
} Found;

typedef struct {
    uint64_t key;
    uint32_t entry;
} Slot;

static int put(Found *found, uint32_t a, uint32_t b) {
    if (a == b) return 1;
    if (found->count == found->room) {
        size_t room = found->room ? found->room * 2 : 4096;
        uint64_t *grown = realloc(found->pairs, room * sizeof *grown);
        if (!grown) return 0;
        found->pairs = grown;
        found->room = room;
    }
    found->pairs[found->count++] =
        a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
    return 1;
}

/* Rows of one source meet only within a group, those of different sources always. */
static int may_meet(const Entries *e, uint32_t i, uint32_t j) {
    return e->sources[i] != e->sources[j] || e->groups[i] == e->groups[j];
}

/* Two bits for each of many keys: whether some key with the same bits was seen once, twice. */
typedef struct {
    uint64_t *once, *twice;
    size_t mask;
} Seen;

static void forget(Seen *seen) {
    free(seen->once);
    free(seen->twice);
}

static int see(Seen *seen, const uint64_t *keys, Py_ssize_t n) {
    size_t bits = 1024;
    while (bits < (size_t)n * 8) bits *= 2;
    *seen = (Seen){calloc(bits / 64, 8), calloc(bits / 64, 8), bits - 1};
    if (!seen->once || !seen->twice) {
        forget(seen);
        return 0;
    }
    for (Py_ssize_t i = 0; i < n; i++) {
        size_t at = keys[i] & seen->mask;
        uint64_t bit = UINT64_C(1) << (at % 64), had = seen->once[at / 64] & bit;
        seen->twice[at / 64] |= had;
        seen->once[at / 64] |= bit;
    }
    return 1;
}

static int seen_twice(const Seen *seen, uint64_t key) {
    size_t at = key & seen->mask;
    return seen->twice[at / 64] >> (at % 64) & 1;
}

static PyObject *shared_keys(PyObject *self, PyObject *args) {
    Py_buffer keys, out;
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*w*:shared_keys", &keys, &out)) return NULL;
    if (!aligned(&keys, 8) || out.len != keys.len / 8) {
        wrong("keys and their marks differ in length");
    } else {
        Seen seen;
        const uint64_t *key = keys.buf;
        uint8_t *mark = out.buf;
        int fine;
        Py_BEGIN_ALLOW_THREADS;
        fine = see(&seen, key, out.len);
        if (fine) {
            for (Py_ssize_t i = 0; i < out.len; i++) mark[i] = (uint8_t)seen_twice(&seen, key[i]);
            forget(&seen);
        }
        Py_END_ALLOW_THREADS;
        result = fine ? Py_NewRef(Py_None) : PyErr_NoMemory();
    }
    PyBuffer_Release(&keys);
    PyBuffer_Release(&out);
    return result;
}

/* Keep the entries whose key occurs at least twice, and a few others. */
static Slot *shared_slots(const Entries *e, size_t *count) {
    Seen seen;
    size_t kept = 0;
    if (!see(&seen, e->keys, e->n)) return NULL;
    for (Py_ssize_t i = 0; i < e->n; i++) kept += (size_t)seen_twice(&seen, e->keys[i]);
    Slot *slots = malloc((kept ? kept : 1) * sizeof *slots);
    *count = slots ? kept : 0;
    kept = 0;
    for (Py_ssize_t i = 0; slots && i < e->n; i++)
        if (seen_twice(&seen, e->keys[i])) slots[kept++] = (Slot){e->keys[i], (uint32_t)i};
    forget(&seen);
    return slots;
}

/* Sort stably by key: three passes over its 33 high bits, then insertion for the rest. */
static int sort_slots(Slot **slots, size_t n) {
    Slot *from = *slots, *to = malloc((n ? n : 1) * sizeof *to);
    if (!to) return 0;
    for (int shift = 31; shift <= 53; shift += 11) {
        size_t starts[2049] = {0};
        for (size_t i = 0; i < n; i++) starts[(from[i].key >> shift & 2047) + 1]++;
        for (int d = 0; d < 2047; d++) starts[d + 1] += starts[d];
        for (size_t i = 0; i < n; i++) to[starts[from[i].key >> shift & 2047]++] = from[i];
        Slot *swap = from;
        from = to;
        to = swap;
    }
    for (size_t i = 1; i < n; i++) {
        Slot slot = from[i];
        size_t j = i;
        for (; j && from[j - 1].key > slot.key; j--) from[j] = from[j - 1];
        from[j] = slot;
    }
    free(to);
    *slots = from;
    return 1;
}

typedef struct {
    uint64_t major;
    uint32_t entry;
} Member;

static int by_major(const void *left, const void *right) {
    const Member *a = left, *b = right;
    if (a->major != b->major) return a->major < b->major ? -1 : 1;
    return (a->entry > b->entry) - (a->entry < b->entry);
}

/* All pairs of a small bucket; of equal prints only the first meets the others. */
static int small_bucket(const Entries *e, const Slot *slots, size_t n, Found *found) {
    uint32_t firsts[256];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t entry = slots[i].entry;
        int copy = 0;
        for (size_t j = 0; j < count && !copy; j++)
            if (e->prints[firsts[j]] == e->prints[entry]) {
                copy = 1;
                if (!put(found, e->rows[firsts[j]], e->rows[entry])) return 0;
            }
        if (copy) continue;
        for (size_t j = 0; j < count; j++)
            if (may_meet(e, firsts[j], entry) && !put(found, e->rows[firsts[j]], e->rows[entry]))
                return 0;
        firsts[count++] = entry;
    }
    return 1;
}

/* A large bucket: copies meet the first of their print; the others, ordered by `subs`, meet the
   `reach` before them, the first of their half of `subs` and the first of the bucket. */
static int large_bucket(const Entries *e, const Slot *slots, size_t n, Found *found) {
    Member *members = malloc(n * sizeof *members);
    if (!members) return 0;
    int fine = 1;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        members[i] = (Member){e->prints[slots[i].entry], slots[i].entry};
    qsort(members, n, sizeof *members, by_major);
    for (size_t i = 0; i < n && fine; i++) {
        uint32_t entry = members[i].entry;
        if (count && e->prints[members[count - 1].entry] == e->prints[entry])
            fine = put(found, e->rows[members[count - 1].entry], e->rows[entry]);
        else
            members[count++].entry = entry;
    }
    for (size_t i = 0; i < count; i++) members[i].major = e->subs[members[i].entry];
    qsort(members, count, sizeof *members, by_major);
    size_t half = 0;
    for (size_t i = 1; i < count && fine; i++) {
        uint32_t entry = members[i].entry;
        if (members[i].major >> 32 != members[half].major >> 32) half = i;
        size_t reach = (size_t)e->reach, looked = 4 * reach;
        for (size_t j = i; j-- > 0 && reach && looked && fine; looked--)
            if (may_meet(e, members[j].entry, entry)) {
                fine = put(found, e->rows[members[j].entry], e->rows[entry]);
                reach--;
            }
        if (fine && may_meet(e, members[half].entry, entry))
            fine = put(found, e->rows[members[half].entry], e->rows[entry]);
        if (fine && may_meet(e, members[0].entry, entry))
            fine = put(found, e->rows[members[0].entry], e->rows[entry]);
    }
    free(members);
    return fine;
}

static int find_pairs(const Entries *e, Found *found) {
    size_t n = 0;
    Slot *slots = shared_slots(e, &n);
    int fine = slots && sort_slots(&slots, n);
    for (size_t start = 0; start < n && fine;) {
        size_t end = start + 1;
        while (end < n && slots[end].key == slots[start].key) end++;
        if (end - start > 1)
            fine = (Py_ssize_t)(end - start) <= e->cap
                       ? small_bucket(e, slots + start, end - start, found)
                       : large_bucket(e, slots + start, end - start, found);
        start = end;
    }
    free(slots);
    return fine;
}

static PyObject *bucket_pairs(PyObject *self, PyObject *args) {
    Py_buffer keys, subs, prints, rows, sources, groups;
    Entries e;
    Found found = {NULL, 0, 0};
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*nn:bucket_pairs", &keys, &subs, &prints, &rows,
                          &sources, &groups, &e.cap, &e.reach))
        return NULL;
    e.n = keys.len / 8;
    if (!aligned(&keys, 8) || !aligned(&subs, 8) || !aligned(&prints, 8) || !aligned(&rows, 4) ||
        !aligned(&sources, 4) || !aligned(&groups, 4) || subs.len != keys.len ||
        prints.len != keys.len || rows.len != e.n * 4 || sources.len != rows.len ||
        groups.len != rows.len || (uint64_t)e.n > UINT32_MAX) {
        wrong("the columns of entries differ in length");
    } else if (e.cap < 1 || e.cap > 256 || e.reach < 1 || e.reach > 256) {
        wrong("cap and reach lie between 1 and 256");
    } else {
        e.keys = keys.buf, e.subs = subs.buf, e.prints = prints.buf;
        e.rows = rows.buf, e.sources = sources.buf, e.groups = groups.buf;
        int fine;
        Py_BEGIN_ALLOW_THREADS;
        fine = find_pairs(&e, &found);
        Py_END_ALLOW_THREADS;
        if (!fine)
            PyErr_NoMemory();
        else
            result = PyBytes_FromStringAndSize((char *)found.pairs,
                                               (Py_ssize_t)(found.count * sizeof(uint64_t)));
        free(found.pairs);
    }
    PyBuffer_Release(&keys);
    PyBuffer_Release(&subs);
    PyBuffer_Release(&prints);
    PyBuffer_Release(&rows);
    PyBuffer_Release(&sources);
    PyBuffer_Release(&groups);
    return result;
}

/* ---- components and stars ---- */

static uint32_t root_of(uint32_t *parent, uint32_t x) {
    while (parent[x] != x) x = parent[x] = parent[parent[x]];
    return x;
}

static int edges_fit(const Py_buffer *a, const Py_buffer *b, const Py_buffer *out) {
    if (!aligned(a, 4) || !aligned(b, 4) || !aligned(out, 4) || a->len != b->len) return 0;
    const uint32_t *x = a->buf, *y = b->buf;
    size_t n = (size_t)out->len / 4;
    for (Py_ssize_t i = 0; i < a->len / 4; i++)
        if (x[i] >= n || y[i] >= n) return 0;
    return 1;
}

static void join(const uint32_t *a, const uint32_t *b, Py_ssize_t edges, uint32_t *parent,
                 Py_ssize_t n) {
    for (Py_ssize_t i = 0; i < n; i++) parent[i] = (uint32_t)i;
    for (Py_ssize_t i = 0; i < edges; i++) {
        uint32_t x = root_of(parent, a[i]), y = root_of(parent, b[i]);
        if (x < y)
            parent[y] = x;
        else
            parent[x] = y;
    }
    for (Py_ssize_t i = 0; i < n; i++) parent[i] = root_of(parent, (uint32_t)i);
}

static PyObject *components(PyObject *self, PyObject *args) {
    Py_buffer a, b, out;
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*w*:components", &a, &b, &out)) return NULL;
    if (!edges_fit(&a, &b, &out)) {
        wrong("the ends of pairs must be numbers below the number of labels");
    } else {
        Py_BEGIN_ALLOW_THREADS;
        join(a.buf, b.buf, a.len / 4, out.buf, out.len / 4);
        Py_END_ALLOW_THREADS;
        result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&a);
    PyBuffer_Release(&b);
    PyBuffer_Release(&out);
    return result;
}

static PyObject *stars(PyObject *self, PyObject *args) {
    Py_buffer lower, upper, out;
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*w*:stars", &lower, &upper, &out)) return NULL;
    const uint32_t *low = lower.buf, *high = upper.buf;
    int fine = edges_fit(&lower, &upper, &out);
    for (Py_ssize_t i = 0; fine && i < lower.len / 4; i++)
        fine = low[i] < high[i] &&
               (!i || high[i - 1] < high[i] || (high[i - 1] == high[i] && low[i - 1] < low[i]));
    if (!fine) {
        wrong("edges must be ordered by upper, then lower end, each pair once");
    } else {
        uint32_t *keeper = out.buf;
        Py_BEGIN_ALLOW_THREADS;
        for (Py_ssize_t i = 0; i < out.len / 4; i++) keeper[i] = (uint32_t)i;
        for (Py_ssize_t i = 0; i < lower.len / 4; i++)
            if (keeper[high[i]] == high[i] && keeper[low[i]] == low[i]) keeper[high[i]] = low[i];
        Py_END_ALLOW_THREADS;
        result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&lower);
    PyBuffer_Release(&upper);
    PyBuffer_Release(&out);
    return result;
}

/* ---- sets ---- */

CLONES static void smallest(const uint64_t *values, Py_ssize_t n, const uint64_t *factors,
                            Py_ssize_t width, uint32_t *out) {
    for (Py_ssize_t j = 0; j < width; j++) out[j] = UINT32_MAX;
    for (Py_ssize_t i = 0; i < n; i++)
        for (Py_ssize_t j = 0; j < width; j++) {
            uint32_t hash = (uint32_t)((values[i] * factors[2 * j] + factors[2 * j + 1]) >> 32);
            if (hash < out[j]) out[j] = hash;
        }
}

static PyObject *minima_of_sets(PyObject *self, PyObject *args) {
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

static PyObject *split_sets(PyObject *self, PyObject *args) {
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

/* ---- texts ---- */

static int texts_fit(const Py_buffer *text, const Py_buffer *offsets) {
    const int64_t *at = offsets->buf;
    Py_ssize_t n = offsets->len / 8 - 1;
    int fine = aligned(offsets, 8) && n >= 0;
    for (Py_ssize_t i = 0; fine && i < n; i++)
        fine = at[i] >= 0 && at[i] <= at[i + 1] && at[i + 1] <= text->len;
    return fine;
}

/* FNV-1a (Fowler, Noll & Vo), mixed once more. */
static void hash_rows(const unsigned char *text, const int64_t *at, Py_ssize_t n, uint64_t *out) {
    for (Py_ssize_t i = 0; i < n; i++) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        for (int64_t j = at[i]; j < at[i + 1]; j++)
            hash = (hash ^ text[j]) * UINT64_C(0x100000001b3);
        out[i] = mix(hash);
    }
}

static PyObject *hash_texts(PyObject *self, PyObject *args) {
    Py_buffer text, offsets, out;
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*w*:hash_texts", &text, &offsets, &out)) return NULL;
    Py_ssize_t n = offsets.len / 8 - 1;
    if (!aligned(&out, 8) || out.len / 8 != n || !texts_fit(&text, &offsets)) {
        wrong("texts, offsets and hashes do not fit together");
    } else {
        Py_BEGIN_ALLOW_THREADS;
        hash_rows(text.buf, offsets.buf, n, out.buf);
        Py_END_ALLOW_THREADS;
        result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&text);
    PyBuffer_Release(&offsets);
    PyBuffer_Release(&out);
    return result;
}

static PyMethodDef methods[] = {
    {"band_keys", band_keys, METH_VARARGS, "Hash each row's minima of one band with its salt."},
    {"shared_keys", shared_keys, METH_VARARGS, "Mark keys that occur twice, and a few others."},
    {"bucket_pairs", bucket_pairs, METH_VARARGS, "Pairs of rows that share a key, as bytes."},
    {"components", components, METH_VARARGS, "Label each node with the smallest of its component."},
    {"stars", stars, METH_VARARGS, "Give each node the first kept node that it has an edge to."},
    {"minima_of_sets", minima_of_sets, METH_VARARGS, "MinHash of sets of 64-bit values."},
    {"hash_texts", hash_texts, METH_VARARGS, "Hash each text to 64 bits."},
    {"split_sets", split_sets, METH_VARARGS, "Cut sets into what is left out and what is not."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "_lsh", "Kernels of near-duplicates.", 0, methods,
    NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit__lsh(void) { return PyModuleDef_Init(&module); }
