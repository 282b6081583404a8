/* What forms (`key: value` texts) are compared by.
 *
 * Include after Python.h.
 */
#ifndef MEDSMITH_FORMS_H
#define MEDSMITH_FORMS_H

#include "column.h"
#include "vector.h"

/* A text is a form when more than half of its lines begin with a field, it has this many fields,
 * and most of their values are no longer than this: headed prose is no form. */
#define FORM_FIELDS 3
#define FORM_KEY_TOKENS 6
#define FORM_VALUE_TOKENS 12

static inline int ends_line(uint32_t point)
{
    return (point == '\n') | (point == '\r') | (point == ';') | (point == '|');
}

/* Whether a text may be a form, as its bytes tell: for nearly all that are none, they do. */
int may_be_form(const uint8_t *text, size_t length);

/* Append, in any order, one element for each field of a row and line outside fields, several for a
 * long one, where the row is a form; else none. Returns whether it is one, or -1 with an exception
 * set. `scratch` is memory to work in. */
int form_elements(column *texts, column_text *found, vector *elements, vector *scratch);

#endif
