/* Arrays that grow without the interpreter's lock, and are handed to Python without a copy.
 *
 * Include after Python.h.
 */
#ifndef MEDSMITH_VECTOR_H
#define MEDSMITH_VECTOR_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char *data;
    size_t size, capacity; /* bytes */
} vector;

/* Make room for `bytes` more; -1 where memory is short. */
static inline int vector_reserve(vector *array, size_t bytes)
{
    if (array->capacity - array->size >= bytes)
        return 0;
    size_t capacity = array->capacity + array->capacity / 2;
    if (bytes > SIZE_MAX / 2 || array->size + bytes > SIZE_MAX / 2)
        return -1;
    if (capacity < array->size + bytes)
        capacity = array->size + bytes;
    if (capacity < 4096)
        capacity = 4096;
    char *data = realloc(array->data, capacity);
    if (!data)
        return -1;
    array->data = data;
    array->capacity = capacity;
    return 0;
}

static inline int vector_append(vector *array, const void *items, size_t bytes)
{
    if (vector_reserve(array, bytes))
        return -1;
    if (bytes)
        memcpy(array->data + array->size, items, bytes);
    array->size += bytes;
    return 0;
}

static inline void vector_free(vector *array)
{
    free(array->data);
    memset(array, 0, sizeof *array);
}

/* Add to the module the type of objects that own a vector and show it as a buffer; -1 on failure. */
int vector_ready(PyObject *module);

/* Return an object that owns the vector's memory, and leave the vector empty; NULL on failure. */
PyObject *vector_give(PyObject *module, vector *array);

#endif
