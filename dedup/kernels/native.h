/* The functions of the module, and what several of them need. Include after Python.h. */
#ifndef MEDSMITH_NATIVE_H
#define MEDSMITH_NATIVE_H

#include <stdint.h>

#include "vector.h"

PyObject *native_tokenise(PyObject *module, PyObject *args);
PyObject *native_shingle_sets(PyObject *module, PyObject *args);
PyObject *native_structured_sets(PyObject *module, PyObject *args);
PyObject *native_numeric_sets(PyObject *module, PyObject *args);
PyObject *native_sketch(PyObject *module, PyObject *args);
PyObject *native_similarities(PyObject *module, PyObject *args);

/* Give vectors to Python as a tuple of memoryviews; frees them all where that fails. */
PyObject *native_give(PyObject *module, vector *arrays, Py_ssize_t count);

/* The offsets to be written, one more than there are rows; NULL with an exception set. */
int64_t *native_offsets(const Py_buffer *view, Py_ssize_t rows);

#endif
