/* A quick look at pairs by two bits of each minimum (b-bit minwise hashing: Li & Koenig 2010). */
#include "lsh.h"

enum { WORDS = 4 }; /* of 64 bits in a gist */

/* Mark the pairs whose gists differ in no more minima than the limit of the greater share. */
CLONES static void compare(const uint64_t *pairs, Py_ssize_t count, const uint64_t *gists,
                           const uint8_t *shares, const uint8_t *limits, uint8_t *alike) {
    for (Py_ssize_t i = 0; i < count; i++) {
        size_t a = (size_t)(pairs[i] >> 32), b = (size_t)(uint32_t)pairs[i];
        int differing = 0;
        for (int k = 0; k < WORDS; k++) {
            uint64_t bits = gists[WORDS * a + k] ^ gists[WORDS * b + k];
            differing += __builtin_popcountll((bits | bits >> 1) & UINT64_C(0x5555555555555555));
        }
        alike[i] = differing <= limits[shares[a] > shares[b] ? shares[a] : shares[b]];
    }
}

static int rows_fit(const uint64_t *pairs, Py_ssize_t count, uint64_t rows) {
    for (Py_ssize_t i = 0; i < count; i++)
        if (pairs[i] >> 32 >= rows || (uint32_t)pairs[i] >= rows) return 0;
    return 1;
}

PyObject *lsh_alike(PyObject *self, PyObject *args) {
    Py_buffer pairs, gists, shares, limits, out;
    PyObject *result = NULL;
    (void)self;
    if (!PyArg_ParseTuple(args, "y*y*y*y*w*:alike", &pairs, &gists, &shares, &limits, &out))
        return NULL;
    Py_ssize_t count = pairs.len / 8;
    if (!aligned(&pairs, 8) || !aligned(&gists, 8) || gists.len != shares.len * WORDS * 8 ||
        limits.len != 256 || out.len != count ||
        !rows_fit(pairs.buf, count, (uint64_t)shares.len)) {
        wrong("pairs, gists, shares and limits do not fit together");
    } else {
        Py_BEGIN_ALLOW_THREADS;
        compare(pairs.buf, count, gists.buf, shares.buf, limits.buf, out.buf);
        Py_END_ALLOW_THREADS;
        result = Py_NewRef(Py_None);
    }
    PyBuffer_Release(&pairs);
    PyBuffer_Release(&gists);
    PyBuffer_Release(&shares);
    PyBuffer_Release(&limits);
    PyBuffer_Release(&out);
    return result;
}
