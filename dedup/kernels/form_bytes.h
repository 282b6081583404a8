/* Whether a text may be a form, told from its bytes before any of it is folded. */
#ifndef MEDSMITH_FORM_BYTES_H
#define MEDSMITH_FORM_BYTES_H

#include <stddef.h>
#include <stdint.h>

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

#endif
