/* What kernels ask of the buffers that Python gives them. Include after Python.h. */
#ifndef MEDSMITH_BUFFERS_H
#define MEDSMITH_BUFFERS_H

#include <stddef.h>
#include <stdint.h>

/* Whether a buffer holds whole, aligned values of `size` bytes. Where nothing is, that may lie
 * anywhere. */
static inline int aligned(const Py_buffer *buffer, size_t size)
{
    return !buffer->len || ((uintptr_t)buffer->buf % size == 0 && (size_t)buffer->len % size == 0);
}

/* Raise a ValueError; always NULL. */
static inline PyObject *wrong(const char *what)
{
    PyErr_SetString(PyExc_ValueError, what);
    return NULL;
}

#endif
