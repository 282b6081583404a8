/* What forms (`key: value` texts) and the numbers in a text are compared by.
 *
 * Include after Python.h. Each function appends a row's elements to `elements`, in any order, and
 * returns whether the row is a form (number_elements: 0), or -1 with an exception set. `scratch` is
 * memory to work in.
 */
#ifndef MEDSMITH_FORMS_H
#define MEDSMITH_FORMS_H

#include "column.h"
#include "vector.h"

/* One element for each field and line outside fields, several for a long one, where the row is a
 * form; else none. */
int form_elements(column *texts, column_text *found, vector *elements, vector *scratch);

/* One element for each number; the nth of equal numbers differs from the others. */
int number_elements(column *texts, column_text *found, vector *elements, vector *scratch);

#endif
