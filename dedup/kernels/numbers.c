#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "numbers.h"

/* Append the ASCII bytes ahead, folded, 16 at a time: most of most texts. -1: memory is short. */
static int fold_ascii(norm_cursor *cursor, vector *points)
{
    while (cursor->length - cursor->position >= 16) {
        const uint8_t *bytes = cursor->text + cursor->position;
        if ((norm_load(bytes) | norm_load(bytes + 8)) & 0x8080808080808080ull)
            return 0;
        uint32_t folded[16];
        for (int i = 0; i < 16; i++)
            folded[i] = bytes[i] + ((uint8_t)(bytes[i] - 'A') < 26 ? 32u : 0u);
        if (vector_append(points, folded, sizeof folded))
            return -1;
        cursor->position += 16;
        cursor->order = 0;
    }
    return 0;
}

int fold_points(column *texts, column_text *found, vector *points)
{
    norm_cursor cursor;
    norm_folded folded;
    points->size = 0;
    column_begin(&cursor, found);
    while (cursor.position < cursor.length) {
        if (fold_ascii(&cursor, points))
            return column_fail(texts, PyExc_MemoryError, "memory is short");
        if (cursor.position == cursor.length)
            break;
        if (!norm_fold_next(&cursor, &folded)) {
            if (column_fold(texts, found))
                return -1;
            points->size = 0;
            column_begin(&cursor, found);
            continue;
        }
        if (vector_append(points, folded.points, 4 * folded.count))
            return column_fail(texts, PyExc_MemoryError, "memory is short");
        cursor.position += folded.width;
    }
    return 0;
}

static int is_minus(uint32_t point) { return point == '-' || point == 0x2212; }

/* Whether the mark at `at` is inside a number; *thousands tells a comma that only groups digits. */
static int inside_number(span text, size_t at, int *thousands)
{
    uint32_t mark = text.points[at];
    if ((mark != '.' && mark != ',') || at + 1 >= text.end || !is_digit(text.points[at + 1]))
        return 0;
    size_t digits = 0;
    while (at + 1 + digits < text.end && is_digit(text.points[at + 1 + digits]))
        digits++;
    *thousands = mark == ',' && digits == 3;
    return 1;
}

uint64_t read_number(span text, size_t *at)
{
    norm_hasher hasher;
    norm_hasher_start(&hasher);
    size_t start = *at, i = start;
    if (start > text.start && is_minus(text.points[start - 1]) &&
        (start - 1 == text.start || kind_of(text.points[start - 2]) == NORM_SEPARATOR))
        norm_hasher_add(&hasher, '-', 1);
    for (int thousands = 0; i < text.end; i++) {
        if (is_digit(text.points[i]))
            norm_hasher_add(&hasher, text.points[i], 1);
        else if (!inside_number(text, i, &thousands))
            break;
        else if (!thousands)
            norm_hasher_add(&hasher, '.', 1);
    }
    *at = i;
    return norm_hasher_finish(&hasher);
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

int number_elements(column *texts, column_text *found, vector *elements, vector *scratch)
{
    size_t begun = elements->size;
    if (fold_points(texts, found, scratch))
        return -1;
    span text = {(const uint32_t *)(const void *)scratch->data, 0, scratch->size / 4};
    for (size_t at = 0; at < text.end;) {
        if (!is_digit(text.points[at])) {
            at++;
            continue;
        }
        size_t next = at; /* apart, so that `at` stays in a register */
        uint64_t number = read_number(text, &next);
        at = next;
        if (vector_append(elements, &number, 8))
            return column_fail(texts, PyExc_MemoryError, "memory is short");
    }
    if (elements->size == begun)
        return 0;
    uint64_t *numbers = (uint64_t *)(void *)(elements->data + begun);
    size_t count = (elements->size - begun) / 8;
    qsort(numbers, count, sizeof *numbers, compare);
    uint64_t previous = 0, repeated = 0;
    for (size_t i = 0; i < count; i++) {
        repeated = i && numbers[i] == previous ? repeated + 1 : 0;
        previous = numbers[i];
        if (repeated)
            numbers[i] = norm_multiply(previous ^ NORM_K0, repeated ^ NORM_K1);
    }
    return 0;
}
