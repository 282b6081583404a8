#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "form_bytes.h"
#include "forms.h"
#include "numbers.h"

#define LONG_WINDOW 5

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
    for (size_t i = start; i < colon && tokens <= 2 * FORM_KEY_TOKENS; i++) {
        unsigned kind = kind_of(line.points[i]);
        tokens += kind == NORM_SINGLE || (kind == NORM_WORD && before != NORM_WORD);
        letters += (kind == NORM_WORD || kind == NORM_SINGLE) && !is_digit(line.points[i]);
        before = kind;
    }
    /* Characters of unspaced scripts are tokens of their own: a key may have twice as many. */
    return letters && (tokens <= FORM_KEY_TOKENS ||
                       (tokens <= 2 * FORM_KEY_TOKENS && before == NORM_SINGLE));
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
        *tokens = count_tokens(value, FORM_VALUE_TOKENS + 1);
        return 0;
    }
    uint64_t element = norm_multiply(hash_span(value, tokens) ^ key, NORM_K2);
    if (*tokens > FORM_VALUE_TOKENS)
        return add_long(found, key, value);
    return vector_append(found->elements, &element, 8);
}

static int add_field(form *found, span key, span value)
{
    size_t tokens;
    uint64_t hash = found->elements ? hash_span(key, &tokens) : 0;
    int status = add_value(found, hash, value, &tokens);
    found->fields++;
    found->brief += tokens <= FORM_VALUE_TOKENS;
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
    if (read.fields < FORM_FIELDS || 2 * read.headed <= read.lines ||
        2 * read.brief <= read.fields)
        return 0;
    read.elements = elements;
    if (read_lines(&read, text))
        return column_fail(texts, PyExc_MemoryError, "memory is short");
    return 1;
}
