/* Grouping by key. The keys are cut by their first bits into partitions that a cache holds (Boncz,
   Manegold & Kersten 1999; Balkesen et al. 2013): what follows costs a row the same however many
   there are. In a partition two bits a key, addressed by its last bits, tell whether it may occur
   twice; only such entries are sorted. */
#include "lsh_buckets.h"

enum { PARTITION = 65536, MOST_BITS = 12, DIGIT = 11, DIGITS = 1 << DIGIT, FEW = 48 };

typedef struct {
    uint64_t *once, *twice;
    Slot *other;
    uint32_t *starts; /* of two digits */
} Scratch;

/* Slots per key are eight, so that few that occur once look as if they did twice. */
static size_t places_for(size_t n) {
    size_t places = 512;
    while (places < n * 8) places *= 2;
    return places;
}

static int open_scratch(Scratch *s, size_t largest) {
    size_t words = places_for(largest) / 64;
    s->once = malloc(words * 8);
    s->twice = malloc(words * 8);
    s->other = malloc((largest ? largest : 1) * sizeof *s->other);
    s->starts = malloc(2 * DIGITS * sizeof *s->starts);
    return s->once && s->twice && s->other && s->starts;
}

static void close_scratch(Scratch *s) {
    free(s->once);
    free(s->twice);
    free(s->other);
    free(s->starts);
}

/* Move the entries whose key may occur twice to the front, in their order; return how many. */
static size_t keep_shared(Scratch *s, Slot *slots, size_t n) {
    size_t places = places_for(n), mask = places - 1, kept = 0;
    memset(s->once, 0, places / 8);
    memset(s->twice, 0, places / 8);
    for (size_t i = 0; i < n; i++) {
        size_t at = slots[i].low & mask;
        uint64_t bit = UINT64_C(1) << (at % 64), had = s->once[at / 64] & bit;
        s->twice[at / 64] |= had;
        s->once[at / 64] |= bit;
    }
    for (size_t i = 0; i < n; i++) {
        Slot slot = slots[i];
        size_t at = slot.low & mask;
        slots[kept] = slot;
        kept += s->twice[at / 64] >> (at % 64) & 1;
    }
    return kept;
}

static void insert_sorted(Slot *slots, size_t n) {
    for (size_t i = 1; i < n; i++) {
        Slot slot = slots[i];
        uint64_t key = key_of(&slot);
        size_t j = i;
        for (; j && key_of(&slots[j - 1]) > key; j--) slots[j] = slots[j - 1];
        slots[j] = slot;
    }
}

/* Sort stably by key; the first `bits` of all keys are equal. Two passes over the 22 bits after
   them leave next to nothing to insertion. */
static void sort_slots(Scratch *s, Slot *slots, size_t n, int bits) {
    if (n > FEW) {
        uint32_t *first = s->starts, *second = s->starts + DIGITS, a = 0, b = 0;
        int high = 64 - DIGIT - bits, low = high - DIGIT;
        memset(s->starts, 0, 2 * DIGITS * sizeof *s->starts);
        for (size_t i = 0; i < n; i++) {
            uint64_t key = key_of(&slots[i]);
            first[key >> low & (DIGITS - 1)]++;
            second[key >> high & (DIGITS - 1)]++;
        }
        for (int d = 0; d < DIGITS; d++) {
            uint32_t of_first = first[d], of_second = second[d];
            first[d] = a, second[d] = b;
            a += of_first, b += of_second;
        }
        for (size_t i = 0; i < n; i++)
            s->other[first[key_of(&slots[i]) >> low & (DIGITS - 1)]++] = slots[i];
        for (size_t i = 0; i < n; i++)
            slots[second[key_of(&s->other[i]) >> high & (DIGITS - 1)]++] = s->other[i];
    }
    insert_sorted(slots, n);
}

static int buckets_of(Scratch *s, Slot *slots, size_t n, int bits, Bucket bucket, void *context) {
    size_t kept = keep_shared(s, slots, n), end;
    sort_slots(s, slots, kept, bits);
    for (size_t start = 0; start < kept; start = end) {
        uint64_t key = key_of(&slots[start]);
        for (end = start + 1; end < kept && key_of(&slots[end]) == key;) end++;
        if (end - start > 1 && !bucket(context, slots + start, end - start)) return 0;
    }
    return 1;
}

/* Write the entries partition by partition; `ends` are of `1 << bits` partitions. */
static void spread(const uint64_t *keys, size_t n, int bits, Slot *slots, size_t *ends) {
    int shift = 63 - bits; /* in two steps: no shift by 64 */
    for (size_t i = 0; i < n; i++) ends[keys[i] >> 1 >> shift]++;
    size_t start = 0;
    for (size_t p = 0; p < (size_t)1 << bits; p++) {
        size_t count = ends[p];
        ends[p] = start;
        start += count;
    }
    for (size_t i = 0; i < n; i++)
        slots[ends[keys[i] >> 1 >> shift]++] =
            (Slot){(uint32_t)(keys[i] >> 32), (uint32_t)keys[i], (uint32_t)i};
}

int each_bucket(const uint64_t *keys, size_t n, Slot *slots, Bucket bucket, void *context) {
    int bits = 0, fine;
    while (bits < MOST_BITS && n >> bits > PARTITION) bits++;
    size_t partitions = (size_t)1 << bits, largest = 0, start = 0;
    size_t *ends = calloc(partitions, sizeof *ends);
    Scratch scratch = {NULL, NULL, NULL, NULL};
    if (!ends) return 0;
    spread(keys, n, bits, slots, ends);
    for (size_t p = 0; p < partitions; start = ends[p++])
        if (ends[p] - start > largest) largest = ends[p] - start;
    fine = open_scratch(&scratch, largest);
    start = 0;
    for (size_t p = 0; p < partitions && fine; start = ends[p++])
        fine = buckets_of(&scratch, slots + start, ends[p] - start, bits, bucket, context);
    close_scratch(&scratch);
    free(ends);
    return fine;
}

static int mark_shared(void *context, const Slot *slots, size_t n) {
    uint8_t *marks = context;
    for (size_t i = 0; i < n; i++) marks[slots[i].entry] = 1;
    return 1;
}

PyObject *lsh_shared_keys(PyObject *self, PyObject *args) {
    Py_buffer keys, out;
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*w*:shared_keys", &keys, &out)) return NULL;
    if (!aligned(&keys, 8) || out.len != keys.len / 8 || (uint64_t)out.len > UINT32_MAX) {
        wrong("keys and their marks differ in length");
    } else {
        size_t n = (size_t)out.len;
        int fine;
        Py_BEGIN_ALLOW_THREADS;
        Slot *slots = malloc((n ? n : 1) * sizeof *slots);
        if (n) memset(out.buf, 0, n);
        fine = slots && each_bucket(keys.buf, n, slots, mark_shared, out.buf);
        free(slots);
        Py_END_ALLOW_THREADS;
        result = fine ? Py_NewRef(Py_None) : PyErr_NoMemory();
    }
    PyBuffer_Release(&keys);
    PyBuffer_Release(&out);
    return result;
}
