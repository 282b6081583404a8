/* An array that grows. Set `item` to the size of an element, the rest to 0; free `data` at the end. */
#ifndef MEDSMITH_MATCH_VECTOR_H
#define MEDSMITH_MATCH_VECTOR_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    void *data;
    size_t size, room, item;
} Vector;

/* Returns room for one more element, or NULL when memory is out. */
static inline void *vector_add(Vector *vector) {
    if (vector->size == vector->room) {
        size_t room = vector->room ? vector->room * 2 : 1024;
        if (room > SIZE_MAX / vector->item) return NULL;
        void *data = realloc(vector->data, room * vector->item);
        if (!data) return NULL;
        vector->data = data;
        vector->room = room;
    }
    return (char *)vector->data + vector->item * vector->size++;
}

/* Returns `size` elements of zeros (size > 0), the former ones lost, or NULL when memory is out. */
static inline void *vector_zeroed(Vector *vector, size_t size) {
    vector->size = 0;
    if (size > vector->room) {
        void *data = realloc(vector->data, size * vector->item);
        if (!data) return NULL;
        vector->data = data;
        vector->room = size;
    }
    memset(vector->data, 0, size * vector->item);
    return vector->data;
}

#endif
