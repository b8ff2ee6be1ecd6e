/* SPDX-License-Identifier: Apache-2.0 */
/* A graph's text, word by word: names, numbers, types. Everything read here may be hostile; errors name the line. The
 * locale is "C".
 */
#include "graph/words.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN = 16 }; /* bytes of the text that an error shows */

clade_status cld_scan_fail(const cld_scan *scan, const char *wanted) {
    const int size = (int)CLD_MIN(strcspn(scan->at, "\n"), (size_t)SHOWN);
    return size > 0 ? cld_fail(scan->err, CLADE_ERR_FORMAT, "line %d: %s is wanted, not '%.*s'", (int)scan->line,
                               wanted, size, scan->at)
                    : cld_fail(scan->err, CLADE_ERR_FORMAT, "line %d: %s is wanted, not the end of the line",
                               (int)scan->line, wanted);
}

bool cld_scan_take(cld_scan *scan, const char *token) {
    const size_t size = strlen(token);
    while (*scan->at == ' ')
        scan->at++;
    if (strncmp(scan->at, token, size) != 0)
        return false;
    scan->at += size;
    return true;
}

clade_status cld_scan_want(cld_scan *scan, const char *token) {
    return cld_scan_take(scan, token) ? CLADE_OK : cld_scan_fail(scan, token);
}

/* ---- words ---------------------------------------------------------------------------------------------------- */

static int hex_digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

/* Two digits; -1: they do not stand there. */
static int hex_byte(const char *at) {
    const int high = hex_digit(at[0]), low = high < 0 ? -1 : hex_digit(at[1]);
    return low < 0 ? -1 : 16 * high + low;
}

/* What stands behind a backslash, \", \\ or \xHH; how long it is, 0: something else. */
static size_t escape(const char *at, char *out) {
    const int byte = *at == 'x' ? hex_byte(at + 1) : 0;
    *out = *at == 'x' ? (char)byte : *at;
    return *at == 'x' ? (byte > 0 ? 3 : 0) : (*at == '"' || *at == '\\' ? 1 : 0);
}

clade_status cld_scan_quoted(cld_scan *scan, const char **out) {
    CLD_RETURN(cld_scan_want(scan, "\""));
    const char *at = scan->at;
    size_t size = 0; /* of the quoted bytes, of which none becomes more than one */
    while (at[size] != '"' && at[size] != '\n' && at[size] != '\0')
        size += at[size] == '\\' && (at[size + 1] == '"' || at[size + 1] == '\\') ? 2 : 1;
    if (at[size] != '"')
        return cld_scan_fail(scan, "an end of the quotation");
    char *text = cld_arena_alloc(scan->arena, size + 1), *to = text;
    if (text == NULL)
        return cld_no_memory(scan->err, "a word of a graph");
    for (const char *end = at + size; at < end; to++) {
        const size_t escaped = *at == '\\' ? escape(at + 1, to) : 0;
        scan->at = at;
        if (*at == '\\' && escaped == 0)
            return cld_scan_fail(scan, "an escape that is known");
        if (escaped == 0)
            *to = *at;
        at += 1 + escaped;
    }
    *to = '\0';
    *out = text;
    scan->at = at + 1;
    return CLADE_OK;
}

clade_status cld_scan_word(cld_scan *scan, const char **out) {
    if (cld_scan_take(scan, "\"")) {
        scan->at--;
        return cld_scan_quoted(scan, out);
    }
    const size_t size = strspn(scan->at, CLD_WORD_CHARS);
    if (size == 0)
        return cld_scan_fail(scan, "a name");
    char *word = cld_arena_alloc(scan->arena, size + 1);
    if (word == NULL)
        return cld_no_memory(scan->err, "a word of a graph");
    memcpy(word, scan->at, size);
    word[size] = '\0';
    scan->at += size;
    *out = word;
    return CLADE_OK;
}

/* ---- numbers -------------------------------------------------------------------------------------------------- */

clade_status cld_scan_digits(cld_scan *scan, char *out, size_t size) {
    cld_scan_take(scan, "");
    const size_t length = strspn(scan->at, "0123456789+-.abcdefghijklmnopqrstuvwxyz");
    if (length == 0 || length >= size)
        return cld_scan_fail(scan, "a number");
    memcpy(out, scan->at, length);
    out[length] = '\0';
    return CLADE_OK;
}

clade_status cld_scan_int(cld_scan *scan, bool is_unsigned, int64_t *out) {
    char digits[32], *end;
    CLD_RETURN(cld_scan_digits(scan, digits, sizeof digits));
    errno = 0;
    *out = is_unsigned && digits[0] != '-' ? (int64_t)strtoull(digits, &end, 10) : (int64_t)strtoll(digits, &end, 10);
    if (*end != '\0' || errno == ERANGE || (is_unsigned && digits[0] == '-'))
        return cld_scan_fail(scan, "an integer of 64 bits");
    scan->at += strlen(digits);
    return CLADE_OK;
}

clade_status cld_scan_hex(cld_scan *scan, void *out, size_t bytes) {
    unsigned char *to = out;
    for (size_t k = 0; k < bytes; k++, scan->at += 2) {
        const int byte = hex_byte(scan->at);
        if (byte < 0)
            return cld_scan_fail(scan, "two digits of another byte");
        to[k] = (unsigned char)byte;
    }
    return CLADE_OK;
}

clade_status cld_scan_float(cld_scan *scan, clade_dtype dtype, void *out) {
    clade_tensor one = { .dtype = dtype, .data = out };
    char digits[64], *end;
    CLD_RETURN(cld_scan_digits(scan, digits, sizeof digits));
    if (strcmp(digits, "nan") == 0 && scan->at[3] == ':') {
        scan->at += 4;
        CLD_RETURN(cld_scan_hex(scan, out, clade_dtype_size(dtype)));
        return isnan(cld_tensor_get(&one, 0)) ? CLADE_OK : cld_scan_fail(scan, "the bytes of a NaN before this");
    }
    const double value = strtod(digits, &end);
    if (*end != '\0')
        return cld_scan_fail(scan, "a number");
    cld_tensor_set(&one, 0, value);
    if (isinf(cld_tensor_get(&one, 0)) && (strchr(digits, 'i') == NULL))
        return cld_scan_fail(scan, "a number that the element type holds");
    scan->at += strlen(digits);
    return CLADE_OK;
}

/* ---- types ---------------------------------------------------------------------------------------------------- */

static clade_status scan_dtype(cld_scan *scan, clade_dtype *out) {
    const size_t size = strspn(scan->at, "abcdefghijklmnopqrstuvwxyz0123456789");
#define X(name, value, bytes) CLADE_##name,
    static const clade_dtype all[] = { CLADE_DTYPE_LIST(X) };
#undef X
    for (size_t k = 0; k < CLD_COUNT(all); k++) {
        const char *name = clade_dtype_name(all[k]);
        if (strlen(name) == size && memcmp(scan->at, name, size) == 0) {
            scan->at += size;
            *out = all[k];
            return CLADE_OK;
        }
    }
    return cld_scan_fail(scan, "an element type");
}

static clade_status scan_dim(cld_scan *scan, cld_value *value) {
    if (value->type.rank == CLADE_MAX_RANK)
        return cld_fail(scan->err, CLADE_ERR_LIMIT, "line %d: more than %d dimensions", (int)scan->line,
                        CLADE_MAX_RANK);
    const int32_t d = value->type.rank++;
    value->type.dims[d] = -1;
    if (cld_scan_take(scan, "?"))
        return CLADE_OK;
    if (strchr("0123456789+-.", *scan->at) == NULL || *scan->at == '\0')
        return cld_scan_word(scan, &value->dim_names[d]);
    CLD_RETURN(cld_scan_int(scan, false, &value->type.dims[d]));
    return value->type.dims[d] >= 0 ? CLADE_OK : cld_scan_fail(scan, "no negative dimension before this, and ]");
}

clade_status cld_scan_type(cld_scan *scan, cld_value *value) {
    value->type = (cld_type){ .dtype = CLADE_NONE, .rank = -1 };
    if (*scan->at == '"')
        return cld_scan_quoted(scan, &value->declared);
    CLD_RETURN(scan_dtype(scan, &value->type.dtype));
    CLD_RETURN(cld_scan_want(scan, "["));
    if (cld_scan_take(scan, "..."))
        return cld_scan_want(scan, "]");
    value->type.rank = 0;
    if (cld_scan_take(scan, "]"))
        return CLADE_OK;
    do {
        CLD_RETURN(scan_dim(scan, value));
    } while (cld_scan_take(scan, ","));
    CLD_RETURN(cld_scan_want(scan, "]"));
    char where[24];
    snprintf(where, sizeof where, "line %d", (int)scan->line);
    if (cld_type_static(&value->type) && cld_type_check(&value->type, "the type", scan->err) != CLADE_OK)
        return cld_fail_in(scan->err, CLADE_ERR_LIMIT, where);
    return CLADE_OK;
}
