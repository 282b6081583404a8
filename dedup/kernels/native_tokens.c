#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "column.h"
#include "native.h"

enum { TOKEN_CHUNK = 1024 };

/* Make room for a chunk of tokens at the ends of the three arrays; -1 where memory is short. */
static int token_room(vector *arrays, norm_tokens *tokens)
{
    if (vector_reserve(&arrays[0], 8 * TOKEN_CHUNK) ||
        vector_reserve(&arrays[1], 4 * TOKEN_CHUNK) || vector_reserve(&arrays[2], 4 * TOKEN_CHUNK))
        return -1;
    tokens->hashes = (uint64_t *)(void *)(arrays[0].data + arrays[0].size);
    tokens->starts = (uint32_t *)(void *)(arrays[1].data + arrays[1].size);
    tokens->ends = (uint32_t *)(void *)(arrays[2].data + arrays[2].size);
    tokens->count = 0;
    tokens->capacity = TOKEN_CHUNK;
    return 0;
}

/* Append one row's tokens; -1 with an exception set. */
static int tokenise_row(column *texts, Py_ssize_t row, int bare, vector *arrays)
{
    size_t begun = arrays[0].size / 8;
    column_text found;
    norm_cursor cursor;
    norm_tokens tokens;
    if (column_row(texts, row, &found))
        return -1;
    column_begin(&cursor, &found);
    cursor.bare = bare;
    while (cursor.state == NORM_MORE) {
        if (token_room(arrays, &tokens))
            return column_fail(texts, PyExc_MemoryError, "memory is short");
        norm_fill(&cursor, &tokens);
        if (cursor.state == NORM_JOINS) {
            if (column_fold(texts, &found))
                return -1;
            arrays[0].size = 8 * begun;
            arrays[1].size = arrays[2].size = 4 * begun;
            column_begin(&cursor, &found);
            cursor.bare = bare;
            continue;
        }
        for (size_t i = 0; found.places && i < tokens.count; i++) {
            tokens.starts[i] = found.places[2 * (size_t)tokens.starts[i]];
            tokens.ends[i] = found.places[2 * (size_t)(tokens.ends[i] - 1) + 1];
        }
        arrays[0].size += 8 * tokens.count;
        arrays[1].size += 4 * tokens.count;
        arrays[2].size += 4 * tokens.count;
    }
    return 0;
}

PyObject *native_tokenise(PyObject *module, PyObject *args)
{
    PyObject *tuple, *result = NULL;
    Py_buffer rows = {0};
    column texts;
    int bare = 0;
    vector arrays[3] = {{0}, {0}, {0}};
    if (!PyArg_ParseTuple(args, "Ow*|p", &tuple, &rows, &bare))
        return NULL;
    if (column_open(tuple, &texts))
        goto released;
    int64_t *offsets = native_offsets(&rows, texts.count);
    if (offsets) {
        int status = 0;
        /* Where that is too much at once, room is made as it is needed. */
        for (int i = 0; i < 3; i++)
            (void)vector_reserve(&arrays[i], (i ? 4 : 8) * column_tokens(&texts));
        column_unlock(&texts);
        offsets[0] = 0;
        for (Py_ssize_t row = 0; !status && row < texts.count; row++) {
            status = tokenise_row(&texts, row, bare, arrays);
            offsets[row + 1] = (int64_t)(arrays[0].size / 8);
        }
        column_lock(&texts);
        if (!status)
            result = native_give(module, arrays, 3);
    }
    for (int i = 0; i < 3; i++)
        vector_free(&arrays[i]);
    column_release(&texts);
released:
    PyBuffer_Release(&rows);
    return result;
}
