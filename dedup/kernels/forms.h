/* What forms (`key: value` texts) are compared by.
 *
 * Include after Python.h.
 */
#ifndef MEDSMITH_FORMS_H
#define MEDSMITH_FORMS_H

#include "column.h"
#include "vector.h"

/* Append, in any order, one element for each field of a row and line outside fields, several for a
 * long one, where the row is a form; else none. Returns whether it is one, or -1 with an exception
 * set. `scratch` is memory to work in. */
int form_elements(column *texts, column_text *found, vector *elements, vector *scratch);

#endif
