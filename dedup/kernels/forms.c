#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "forms.h"

/* A text is a form when more than half of its lines begin with a field, it has this many fields,
 * and most of their values are no longer than this: headed prose is no form. */
#define LEAST_FIELDS 3
#define KEY_TOKENS 6
#define VALUE_TOKENS 12
#define LONG_WINDOW 5

typedef struct {
    const uint32_t *points;
    size_t start, end;
} span;

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

/* Append the row's folded code points to `points`; -1 with an exception set. */
static int fold_points(column *texts, column_text *found, vector *points)
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

static int is_digit(uint32_t point) { return point >= '0' && point <= '9'; }
static int is_minus(uint32_t point) { return point == '-' || point == 0x2212; }
static unsigned kind_of(uint32_t point) { return norm_entry(point) & NORM_KIND; }

/* ---- numbers -------------------------------------------------------------------------------- */

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

/* Hash the number that begins at *at and move *at behind it. `1,000` is 1000 and `1,5` is 1.5. */
static uint64_t read_number(span text, size_t *at)
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
        uint64_t number = read_number(text, &at);
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

/* ---- forms ---------------------------------------------------------------------------------- */

/* Read the tokens of a span one by one. */
typedef struct {
    span text;
    size_t at; /* the code point to be read next */
} token_reader;

/* Hash the next token, with the symbols behind it; 0 where there is none. */
static int next_token(token_reader *reader, uint64_t *hash)
{
    int open = NORM_SEPARATOR, any = 0, words = 1;
    norm_hasher hasher;
    norm_hasher_start(&hasher);
    *hash = 0;
    for (; reader->at < reader->text.end; reader->at++) {
        uint32_t point = reader->text.points[reader->at];
        int part = norm_part_of(&open, kind_of(point), any);
        if (part == NORM_FIRST && any)
            break;
        if (part == NORM_NOTHING)
            continue;
        any = 1;
        if (open == NORM_SYMBOL) {
            *hash = norm_hash_symbol(words ? norm_hasher_finish(&hasher) : *hash, point);
            words = 0;
            continue;
        }
        unsigned count;
        uint64_t bytes = norm_encode(point, &count);
        norm_hasher_add(&hasher, bytes, count);
    }
    if (words)
        *hash = norm_hasher_finish(&hasher);
    return any;
}

/* Hash the span's tokens, and its numbers whole; *tokens counts the tokens. */
static uint64_t hash_span(span text, size_t *tokens)
{
    token_reader reader = {text, text.start};
    uint64_t hash, words = NORM_K1, numbers = NORM_K2;
    for (*tokens = 0; next_token(&reader, &hash); ++*tokens)
        words = norm_multiply(words ^ hash, NORM_K0);
    for (size_t i = text.start; i < text.end;) {
        if (is_digit(text.points[i]))
            numbers = norm_multiply(numbers ^ read_number(text, &i), NORM_K0);
        else
            i++;
    }
    return norm_multiply(words ^ NORM_K1, numbers ^ NORM_K3);
}

/* How many tokens the span has, or `most` where it has more. */
static size_t count_tokens(span text, size_t most)
{
    token_reader reader = {text, text.start};
    uint64_t hash;
    size_t tokens = 0;
    while (tokens < most && next_token(&reader, &hash))
        tokens++;
    return tokens;
}

static int ends_line(uint32_t point)
{
    return (point == '\n') | (point == '\r') | (point == ';') | (point == '|');
}

/* Whether [start, colon) and the colon behind it open a field: a few words with a letter. */
static int opens_field(span line, size_t start, size_t colon)
{
    size_t tokens = 0, letters = 0;
    unsigned before = NORM_SEPARATOR;
    if (colon + 1 < line.end && colon > start && is_digit(line.points[colon - 1]) &&
        is_digit(line.points[colon + 1]))
        return 0; /* a time */
    if (colon + 1 < line.end && line.points[colon + 1] == '/')
        return 0; /* an address */
    for (size_t i = start; i < colon && tokens <= 2 * KEY_TOKENS; i++) {
        unsigned kind = kind_of(line.points[i]);
        tokens += kind == NORM_SINGLE || (kind == NORM_WORD && before != NORM_WORD);
        letters += (kind == NORM_WORD || kind == NORM_SINGLE) && !is_digit(line.points[i]);
        before = kind;
    }
    /* Characters of unspaced scripts are tokens of their own: a key may have twice as many. */
    return letters && (tokens <= KEY_TOKENS ||
                       (tokens <= 2 * KEY_TOKENS && before == NORM_SINGLE));
}

static int is_blank(span line)
{
    for (size_t i = line.start; i < line.end; i++)
        if (kind_of(line.points[i]) != NORM_SEPARATOR)
            return 0;
    return 1;
}

typedef struct {
    vector *elements; /* NULL while it is only asked whether the text is a form */
    size_t lines, headed, fields, brief;
} form;

/* Append a long text as its runs of LONG_WINDOW tokens: a small change leaves most of them. */
static int add_long(form *found, uint64_t key, span text)
{
    token_reader reader = {text, text.start};
    uint64_t hash, window[LONG_WINDOW];
    for (size_t tokens = 0; next_token(&reader, &hash);) {
        window[tokens++ % LONG_WINDOW] = hash;
        if (tokens < LONG_WINDOW)
            continue;
        uint64_t element = key;
        for (size_t i = 0; i < LONG_WINDOW; i++)
            element = norm_multiply(element ^ window[(tokens + i) % LONG_WINDOW], NORM_K0);
        if (vector_append(found->elements, &element, 8))
            return -1;
    }
    return 0;
}

static int add_value(form *found, uint64_t key, span value, size_t *tokens)
{
    if (!found->elements) {
        *tokens = count_tokens(value, VALUE_TOKENS + 1);
        return 0;
    }
    uint64_t element = norm_multiply(hash_span(value, tokens) ^ key, NORM_K2);
    if (*tokens > VALUE_TOKENS)
        return add_long(found, key, value);
    return vector_append(found->elements, &element, 8);
}

static int add_field(form *found, span key, span value)
{
    size_t tokens;
    uint64_t hash = found->elements ? hash_span(key, &tokens) : 0;
    int status = add_value(found, hash, value, &tokens);
    found->fields++;
    found->brief += tokens <= VALUE_TOKENS;
    return status;
}

static int add_text(form *found, span text)
{
    size_t tokens;
    return !found->elements || is_blank(text) ? 0 : add_value(found, NORM_K3, text, &tokens);
}

/* Read `key: value[, key: value…]`; what stands before the first key is an element of its own. */
static int read_line(form *found, span line)
{
    size_t next = line.start; /* where a key may begin */
    span key = {line.points, line.start, line.start}, value = key;
    int open = 0;
    if (is_blank(line))
        return 0;
    found->lines++;
    for (size_t i = line.start; i < line.end; i++) {
        if (line.points[i] == ',')
            next = i + 1;
        if (line.points[i] != ':' || !opens_field(line, next, i))
            continue;
        if (!open)
            found->headed += next == line.start;
        value.end = next;
        span before = {line.points, line.start, next};
        if (open ? add_field(found, key, value) : add_text(found, before))
            return -1;
        key.start = next;
        key.end = i;
        value.start = next = i + 1;
        open = 1;
    }
    value.end = line.end;
    return open ? add_field(found, key, value) : add_text(found, line);
}

/* Whether the text may have colons enough for a form: `:` or, as the wide one, from byte 0xEF. */
NORM_CLONES static int has_colons(const uint8_t *text, size_t length)
{
    size_t colons = 0;
    for (size_t start = 0; start < length && colons < LEAST_FIELDS; start += 4096) {
        size_t end = length - start < 4096 ? length : start + 4096;
        for (size_t i = start; i < end; i++)
            colons += text[i] == ':' || text[i] == 0xEF;
    }
    return colons >= LEAST_FIELDS;
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
        if (headed || text[i] == ',' || (*words > 2 * KEY_TOKENS && !beyond))
            break;
    }
    *at = line_end(text, length, i);
    return headed;
}

/* Whether a text may be a form, as its bytes tell: for nearly all that are none, they do. */
static int may_be_form(const uint8_t *text, size_t length)
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

static int read_lines(form *found, span text)
{
    for (size_t start = 0, i = 0; i <= text.end; i++) {
        if (i < text.end && !ends_line(text.points[i]))
            continue;
        span line = {text.points, start, i};
        if (read_line(found, line))
            return -1;
        start = i + 1;
    }
    return 0;
}

int form_elements(column *texts, column_text *found, vector *elements, vector *scratch)
{
    form read = {NULL, 0, 0, 0, 0};
    if (!may_be_form(found->text, found->length))
        return 0;
    if (fold_points(texts, found, scratch))
        return -1;
    span text = {(const uint32_t *)(const void *)scratch->data, 0, scratch->size / 4};
    /* Few texts are forms: the others' words need no hashes. */
    (void)read_lines(&read, text);
    if (read.fields < LEAST_FIELDS || 2 * read.headed <= read.lines ||
        2 * read.brief <= read.fields)
        return 0;
    read.elements = elements;
    if (read_lines(&read, text))
        return column_fail(texts, PyExc_MemoryError, "memory is short");
    return 1;
}
