/* Candidate pairs: which rows of a bucket meet. */
#include "lsh_buckets.h"

typedef struct {
    void *items;
    size_t count, room;
} List;

typedef struct {
    const uint64_t *prints;
    const uint32_t *tasks; /* NULL where there is but one */
    const uint32_t *sources, *groups;
    size_t cap;
    List pairs, crowded;
} Meeting;

static int add(List *list, size_t size, const void *item) {
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 4096;
        void *grown = realloc(list->items, room * size);
        if (!grown) return 0;
        list->items = grown;
        list->room = room;
    }
    memcpy((char *)list->items + list->count++ * size, item, size);
    return 1;
}

static int put(Meeting *m, uint32_t a, uint32_t b) {
    uint64_t pair = a < b ? (uint64_t)a << 32 | b : (uint64_t)b << 32 | a;
    return add(&m->pairs, sizeof pair, &pair);
}

/* Rows of one source meet only within a group, those of different sources always. */
static int may_meet(const Meeting *m, uint32_t i, uint32_t j) {
    if (!m->tasks) return 1;
    uint32_t a = m->tasks[i], b = m->tasks[j];
    return m->sources[a] != m->sources[b] || m->groups[a] == m->groups[b];
}

/* All pairs of a small bucket; of equal prints only the first meets the others. */
static int meet_all(Meeting *m, const Slot *slots, size_t n) {
    uint32_t firsts[256];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t entry = slots[i].entry;
        int copy = 0;
        for (size_t j = 0; j < count && !copy; j++)
            if (m->prints[firsts[j]] == m->prints[entry]) {
                copy = 1;
                if (!put(m, firsts[j], entry)) return 0;
            }
        if (copy) continue;
        for (size_t j = 0; j < count; j++)
            if (may_meet(m, firsts[j], entry) && !put(m, firsts[j], entry)) return 0;
        firsts[count++] = entry;
    }
    return 1;
}

static int small_or_crowded(void *context, const Slot *slots, size_t n) {
    Meeting *m = context;
    if (n == 2 && m->cap > 1) { /* by far the most; their prints are hardly looked at */
        uint32_t a = slots[0].entry, b = slots[1].entry;
        return may_meet(m, a, b) || m->prints[a] == m->prints[b] ? put(m, a, b) : 1;
    }
    if (n <= m->cap) return meet_all(m, slots, n);
    for (size_t i = 0; i < n; i++)
        if (!add(&m->crowded, sizeof slots[i].entry, &slots[i].entry)) return 0;
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

/* Leave the first of each print, in the order of prints; copies meet it. */
static int drop_copies(Meeting *m, Member *members, size_t n, size_t *count) {
    for (size_t i = 0; i < n; i++) members[i].major = m->prints[members[i].entry];
    qsort(members, n, sizeof *members, by_major);
    *count = 0;
    for (size_t i = 0; i < n; i++)
        if (!*count || members[*count - 1].major != members[i].major)
            members[(*count)++] = members[i];
        else if (!put(m, members[*count - 1].entry, members[i].entry))
            return 0;
    return 1;
}

/* A large bucket: copies meet the first of their print; the others, ordered by `subs`, meet the
   `reach` before them, the first of their half of `subs` and the first of the bucket. */
static int meet_some(Meeting *m, Member *members, size_t n, const uint64_t *subs, size_t reach) {
    size_t count, half = 0;
    if (!drop_copies(m, members, n, &count)) return 0;
    for (size_t i = 0; i < count; i++) members[i].major = subs[members[i].entry];
    qsort(members, count, sizeof *members, by_major);
    for (size_t i = 1; i < count; i++) {
        uint32_t entry = members[i].entry;
        size_t left = reach, looked = 4 * reach;
        int fine = 1;
        if (members[i].major >> 32 != members[half].major >> 32) half = i;
        for (size_t j = i; j-- > 0 && left && looked && fine; looked--)
            if (may_meet(m, members[j].entry, entry)) {
                fine = put(m, members[j].entry, entry);
                left--;
            }
        size_t others[2] = {half, 0};
        for (int k = 0; k < 2 && fine; k++)
            if (others[k] != i && may_meet(m, members[others[k]].entry, entry))
                fine = put(m, members[others[k]].entry, entry);
        if (!fine) return 0;
    }
    return 1;
}

static int meet_crowds(Meeting *m, const uint64_t *keys, const uint64_t *subs, size_t n,
                       size_t reach) {
    Member *members = malloc((n ? n : 1) * sizeof *members);
    int fine = members != NULL;
    for (size_t start = 0, end; start < n && fine; start = end) {
        for (end = start; end < n && keys[end] == keys[start]; end++)
            members[end - start].entry = (uint32_t)end;
        fine = meet_some(m, members, end - start, subs, reach);
    }
    free(members);
    return fine;
}

enum { PRINTS, TASKS, SOURCES, GROUPS, SCOPES };

/* Take the columns of `n` entries and of their tasks; returns 0, and says why, if they do not fit. */
static int take_columns(Meeting *m, const Py_buffer *b, Py_ssize_t n) {
    int fine = aligned(&b[PRINTS], 8) && b[PRINTS].len == 8 * n && (uint64_t)n <= UINT32_MAX;
    for (int i = TASKS; i < SCOPES; i++) fine = fine && aligned(&b[i], 4);
    if (!fine || (b[TASKS].len && b[TASKS].len != 4 * n) || b[SOURCES].len != b[GROUPS].len) {
        wrong("the columns of entries differ in length");
        return 0;
    }
    const uint32_t *tasks = b[TASKS].buf;
    uint32_t last = 0;
    for (Py_ssize_t i = 0; i < b[TASKS].len / 4; i++) last = tasks[i] > last ? tasks[i] : last;
    if (b[TASKS].len && last >= (uint64_t)b[SOURCES].len / 4) {
        wrong("an entry's task must have a source and a group");
        return 0;
    }
    *m = (Meeting){b[PRINTS].buf, b[TASKS].len ? tasks : NULL, b[SOURCES].buf, b[GROUPS].buf, 0,
                   {NULL, 0, 0}, {NULL, 0, 0}};
    return 1;
}

static PyObject *found_pairs(Meeting *m) {
    return PyBytes_FromStringAndSize(m->pairs.items, (Py_ssize_t)(m->pairs.count * 8));
}

PyObject *lsh_bucket_pairs(PyObject *self, PyObject *args) {
    Py_buffer keys, slots, b[SCOPES];
    Py_ssize_t cap;
    PyObject *result = NULL;
    Meeting m;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*w*y*y*y*y*n:bucket_pairs", &keys, &slots, &b[0], &b[1], &b[2],
                          &b[3], &cap))
        return NULL;
    size_t n = (size_t)keys.len / 8;
    if (!aligned(&keys, 8) || !aligned(&slots, 4) || (size_t)slots.len / sizeof(Slot) < n) {
        wrong("keys and the room for them do not fit together");
    } else if (cap < 1 || cap > 256) {
        wrong("cap lies between 1 and 256");
    } else if (take_columns(&m, b, (Py_ssize_t)n)) {
        int fine;
        m.cap = (size_t)cap;
        Py_BEGIN_ALLOW_THREADS;
        fine = each_bucket(keys.buf, n, slots.buf, small_or_crowded, &m);
        Py_END_ALLOW_THREADS;
        if (fine) {
            PyObject *pairs = found_pairs(&m);
            PyObject *crowded = PyBytes_FromStringAndSize(m.crowded.items,
                                                          (Py_ssize_t)(m.crowded.count * 4));
            if (pairs && crowded) result = PyTuple_Pack(2, pairs, crowded);
            Py_XDECREF(pairs);
            Py_XDECREF(crowded);
        } else {
            PyErr_NoMemory();
        }
        free(m.pairs.items);
        free(m.crowded.items);
    }
    PyBuffer_Release(&keys);
    PyBuffer_Release(&slots);
    for (int i = 0; i < SCOPES; i++) PyBuffer_Release(&b[i]);
    return result;
}

PyObject *lsh_crowded_pairs(PyObject *self, PyObject *args) {
    Py_buffer keys, subs, b[SCOPES];
    Py_ssize_t reach;
    PyObject *result = NULL;
    Meeting m;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*y*y*n:crowded_pairs", &keys, &subs, &b[0], &b[1], &b[2],
                          &b[3], &reach))
        return NULL;
    if (!aligned(&keys, 8) || !aligned(&subs, 8) || subs.len != keys.len) {
        wrong("keys and subs differ in length");
    } else if (reach < 1 || reach > 256) {
        wrong("reach lies between 1 and 256");
    } else if (take_columns(&m, b, keys.len / 8)) {
        int fine;
        Py_BEGIN_ALLOW_THREADS;
        fine = meet_crowds(&m, keys.buf, subs.buf, (size_t)keys.len / 8, (size_t)reach);
        Py_END_ALLOW_THREADS;
        result = fine ? found_pairs(&m) : PyErr_NoMemory();
        free(m.pairs.items);
    }
    PyBuffer_Release(&keys);
    PyBuffer_Release(&subs);
    for (int i = 0; i < SCOPES; i++) PyBuffer_Release(&b[i]);
    return result;
}
