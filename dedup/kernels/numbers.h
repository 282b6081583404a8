/* Folded texts as code points, and the numbers in them.
 *
 * Include after Python.h.
 */
#ifndef MEDSMITH_NUMBERS_H
#define MEDSMITH_NUMBERS_H

#include "column.h"
#include "vector.h"

typedef struct {
    const uint32_t *points;
    size_t start, end;
} span;

static inline int is_digit(uint32_t point) { return point >= '0' && point <= '9'; }
static inline unsigned kind_of(uint32_t point) { return norm_entry(point) & NORM_KIND; }

/* Append the row's folded code points to `points`, emptied first; -1 with an exception set. */
int fold_points(column *texts, column_text *found, vector *points);

/* Hash the number that begins at *at and move *at behind it. `1,000` is 1000 and `1,5` is 1.5. */
uint64_t read_number(span text, size_t *at);

/* Append one element for each number of a row, in any order; the nth of equal numbers differs from
 * the others. Returns 0, or -1 with an exception set. `scratch` is memory to work in. */
int number_elements(column *texts, column_text *found, vector *elements, vector *scratch);

#endif
