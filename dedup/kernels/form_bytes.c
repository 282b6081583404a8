#include "form_bytes.h"

#include <string.h>

#include "norm.h"

/* How often `byte` comes, or `most` where it comes more often. */
static size_t count_byte(const uint8_t *text, size_t length, int byte, size_t most)
{
    const uint8_t *at = text, *end = text + length;
    size_t count = 0;
    while (count < most && at < end && (at = memchr(at, byte, (size_t)(end - at)))) {
        count++;
        at++;
    }
    return count;
}

/* Whether the text may have colons enough for a form: `:` or, as the wide one, from byte 0xEF. */
static int has_colons(const uint8_t *text, size_t length)
{
    size_t colons = count_byte(text, length, ':', FORM_FIELDS);
    return colons == FORM_FIELDS ||
           colons + count_byte(text, length, 0xEF, FORM_FIELDS) >= FORM_FIELDS;
}

/* Whether code points beyond ASCII may fold to `:` or to the end of a line: U+037E, U+2A74, U+FExx,
 * U+FFxx. */
static int has_wide_marks(const uint8_t *text, size_t length)
{
    if (memchr(text, 0xEF, length) || memchr(text, 0xCD, length))
        return 1;
    const uint8_t *end = text + length, *at = text;
    while (at < end && (at = memchr(at, 0xE2, (size_t)(end - at)))) {
        if (++at < end && *at == 0xA9)
            return 1;
    }
    return 0;
}

static int is_ascii_word(uint8_t byte)
{
    return (uint8_t)((byte | 32) - 'a') < 26 || (uint8_t)(byte - '0') < 10;
}

/* Where the line that holds `at` ends. */
NORM_CLONES static size_t line_end(const uint8_t *text, size_t length, size_t at)
{
    for (; at + 64 <= length; at += 64) {
        uint8_t ends = 0; /* in bytes, so that compilers take many at a time */
        for (int i = 0; i < 64; i++) {
            uint8_t byte = text[at + i];
            ends |= (uint8_t)(byte == '\n') | (uint8_t)(byte == '\r');
            ends |= (uint8_t)(byte == ';') | (uint8_t)(byte == '|');
        }
        if (ends)
            break;
    }
    while (at < length && !ends_line(text[at]))
        at++;
    return at;
}

/* Move *at to the end of its line. Return whether a field may begin the line: whether its first
 * colon comes before any comma and, as far as can be seen, after no more words than a key has.
 * *words counts those before it. */
static int may_be_headed(const uint8_t *text, size_t length, size_t *at, size_t *words)
{
    size_t i = *at;
    int inside = 0, beyond = 0, headed = 0;
    *words = 0;
    for (; i < length && !ends_line(text[i]); i++) {
        int word = is_ascii_word(text[i]);
        *words += word && !inside;
        inside = word;
        beyond |= text[i] >= 0x80;
        headed = text[i] == ':';
        if (headed || text[i] == ',' || (*words > 2 * FORM_KEY_TOKENS && !beyond))
            break;
    }
    *at = line_end(text, length, i);
    return headed;
}

int may_be_form(const uint8_t *text, size_t length)
{
    if (!has_colons(text, length))
        return 0;
    if (has_wide_marks(text, length))
        return 1;
    size_t lines = 0, headed = 0, words;
    for (size_t at = 0; at < length; at++) {
        headed += (size_t)may_be_headed(text, length, &at, &words);
        lines += words > 0;
    }
    return 2 * headed > lines;
}
