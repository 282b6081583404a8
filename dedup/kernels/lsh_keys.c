/* Keys: of a row's minima in one band, and of texts.

   Bands of a MinHash signature: Indyk & Motwani 1998; Leskovec, Rajaraman & Ullman, "Mining of
   Massive Datasets", ch. 3. */
#include "lsh.h"

/* One loop for each width of an element; the width of a row stays a variable. */
#define FILL_KEYS(NAME, ELEMENT)                                                                 \
    CLONES static void NAME(const ELEMENT *minima, Py_ssize_t n, Py_ssize_t width,               \
                            const uint64_t *salts, uint64_t seed, uint64_t *out) {               \
        for (Py_ssize_t i = 0; i < n; i++) {                                                     \
            uint64_t key = salts[i] ^ seed;                                                      \
            for (Py_ssize_t j = 0; j < width; j++) {                                             \
                key = (key ^ minima[i * width + j]) * UINT64_C(0x9e3779b97f4a7c15);              \
                key ^= key >> 29;                                                                \
            }                                                                                    \
            out[i] = mix(key);                                                                   \
        }                                                                                        \
    }

FILL_KEYS(fill_keys_16, uint16_t)
FILL_KEYS(fill_keys_32, uint32_t)

PyObject *lsh_band_keys(PyObject *self, PyObject *args) {
    Py_buffer minima, salts, out;
    unsigned long long seed;
    Py_ssize_t size;
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*ny*Kw*:band_keys", &minima, &size, &salts, &seed, &out))
        return NULL;
    Py_ssize_t n = salts.len / 8;
    if ((size != 2 && size != 4) || !aligned(&minima, (size_t)size) || !aligned(&salts, 8) ||
        !aligned(&out, 8) || out.len != salts.len ||
        (n ? minima.len / size % n != 0 : minima.len != 0)) {
        wrong("minima, salts and keys do not fit together");
    } else {
        Py_ssize_t width = n ? minima.len / size / n : 0;
        Py_BEGIN_ALLOW_THREADS;
        if (size == 2)
            fill_keys_16(minima.buf, n, width, salts.buf, mix(seed + 1), out.buf);
        else
            fill_keys_32(minima.buf, n, width, salts.buf, mix(seed + 1), out.buf);
        Py_END_ALLOW_THREADS;
        result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&minima);
    PyBuffer_Release(&salts);
    PyBuffer_Release(&out);
    return result;
}

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

PyObject *lsh_hash_texts(PyObject *self, PyObject *args) {
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
