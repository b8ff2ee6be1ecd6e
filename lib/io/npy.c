/* SPDX-License-Identifier: Apache-2.0 */
/* NumPy's .npy, versions 1.0 to 3.0, one array of numbers: a magic number, a Python dictionary literal, the elements.
 *
 * Both byte orders and both memory orders are read; what is written is version 1.0, C order, the machine's byte order.
 * The data must fill the rest of the file exactly. Objects, strings, structures and complex numbers are refused.
 * Source: numpy/lib/format.py, "Format Version 1.0 ... 3.0".
 */
#include "io/io.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char magic[6] = "\x93NUMPY";

static const struct {
    char kind;
    int bytes;
    clade_dtype dtype;
} kinds[] = {
    { 'f', 2, CLADE_FLOAT16 }, { 'f', 4, CLADE_FLOAT32 }, { 'f', 8, CLADE_FLOAT64 }, { 'i', 1, CLADE_INT8 },
    { 'i', 2, CLADE_INT16 },   { 'i', 4, CLADE_INT32 },   { 'i', 8, CLADE_INT64 },   { 'u', 1, CLADE_UINT8 },
    { 'u', 2, CLADE_UINT16 },  { 'u', 4, CLADE_UINT32 },  { 'u', 8, CLADE_UINT64 },  { 'b', 1, CLADE_BOOL },
};

static bool host_is_big(void) {
    const uint16_t one = 1;
    return *(const uint8_t *)&one == 0;
}

/* ---- the header: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } ------------------------------------- */

typedef struct header {
    const char *at, *end; /* what is left to read */
    const char *what;     /* the file, for messages */
    cld_type type;
    bool fortran, swap;
    unsigned seen; /* bit per key */
} header;

static clade_status malformed(const header *h, const char *why, clade_error *err) {
    return cld_fail(err, CLADE_ERR_FORMAT, "%s: bad NumPy header: %s", h->what, why);
}

static void skip_space(header *h) {
    while (h->at < h->end && (*h->at == ' ' || *h->at == '\n' || *h->at == '\t' || *h->at == '\r'))
        h->at++;
}

/* Takes `c` when it is next. */
static bool take(header *h, char c) {
    skip_space(h);
    bool is_next = h->at < h->end && *h->at == c;
    h->at += is_next;
    return is_next;
}

static bool take_word(header *h, const char *word) {
    skip_space(h);
    size_t length = strlen(word);
    bool is_next = (size_t)(h->end - h->at) >= length && !memcmp(h->at, word, length);
    h->at += is_next ? length : 0;
    return is_next;
}

/* A quoted string without escapes. */
static bool take_string(header *h, char *out, size_t size) {
    skip_space(h);
    if (h->at == h->end || (*h->at != '\'' && *h->at != '"'))
        return false;
    const char *start = h->at + 1, *close = memchr(start, *h->at, (size_t)(h->end - start));
    if (!close || (size_t)(close - start) >= size)
        return false;
    memcpy(out, start, (size_t)(close - start));
    out[close - start] = '\0';
    h->at = close + 1;
    return true;
}

static bool take_dimension(header *h, int64_t *out) {
    skip_space(h);
    int64_t value = 0;
    const char *start = h->at;
    for (; h->at < h->end && *h->at >= '0' && *h->at <= '9'; h->at++) {
        if (value > (INT64_MAX - 9) / 10)
            return false;
        value = value * 10 + (*h->at - '0');
    }
    *out = value;
    bool some = h->at > start;
    take(h, 'L'); /* Python 2 wrote long integers so */
    return some;
}

static clade_status read_descr(header *h, clade_error *err) {
    char descr[32], order, kind, rest;
    int bytes;
    skip_space(h);
    if (h->at < h->end && *h->at == '[')
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s: NumPy structured arrays are not supported", h->what);
    if (!take_string(h, descr, sizeof descr))
        return malformed(h, "'descr' is not a string", err);
    if (sscanf(descr, "%c%c%4d%c", &order, &kind, &bytes, &rest) == 3 && strchr("<>=|", order))
        for (size_t i = 0; i < CLD_COUNT(kinds); i++)
            if (kinds[i].kind == kind && kinds[i].bytes == bytes) {
                h->type.dtype = kinds[i].dtype;
                h->swap = bytes > 1 && order == (host_is_big() ? '<' : '>');
                return CLADE_OK;
            }
    return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s: NumPy type '%s' is not supported", h->what, descr);
}

static clade_status read_order(header *h, clade_error *err) {
    h->fortran = take_word(h, "True");
    return h->fortran || take_word(h, "False") ? CLADE_OK : malformed(h, "'fortran_order' is not a bool", err);
}

static clade_status read_shape(header *h, clade_error *err) {
    if (!take(h, '('))
        return malformed(h, "'shape' is not a tuple", err);
    while (!take(h, ')')) {
        int64_t dim;
        if (!take_dimension(h, &dim))
            return malformed(h, "'shape' holds something other than sizes", err);
        if (h->type.rank == CLADE_MAX_RANK)
            return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s: more than %d dimensions", h->what, CLADE_MAX_RANK);
        h->type.dims[h->type.rank++] = dim;
        if (!take(h, ',') && (h->at == h->end || *h->at != ')'))
            return malformed(h, "'shape' is not a tuple", err);
    }
    return CLADE_OK;
}

static const struct {
    const char *name;
    clade_status (*read)(header *, clade_error *);
} keys[] = { { "descr", read_descr }, { "fortran_order", read_order }, { "shape", read_shape } };

static clade_status read_key(header *h, clade_error *err) {
    char name[32];
    if (!take_string(h, name, sizeof name) || !take(h, ':'))
        return malformed(h, "a key is missing", err);
    for (size_t k = 0; k < CLD_COUNT(keys); k++)
        if (!strcmp(keys[k].name, name) && !(h->seen & 1u << k)) {
            h->seen |= 1u << k;
            return keys[k].read(h, err);
        }
    return cld_fail(err, CLADE_ERR_FORMAT, "%s: bad NumPy header: unexpected key '%s'", h->what, name);
}

static clade_status read_header(header *h, clade_error *err) {
    if (!take(h, '{'))
        return malformed(h, "not a dictionary", err);
    while (!take(h, '}')) {
        CLD_RETURN(read_key(h, err));
        if (!take(h, ',') && (h->at == h->end || *h->at != '}'))
            return malformed(h, "not a dictionary", err);
    }
    skip_space(h);
    if (h->at != h->end)
        return malformed(h, "something follows the dictionary", err);
    if (h->seen != (1u << CLD_COUNT(keys)) - 1)
        return malformed(h, "'descr', 'fortran_order' or 'shape' is missing", err);
    return cld_type_check(&h->type, h->what, err);
}

/* ---- the elements ------------------------------------------------------------------------------------------------ */

/* Row-major `to` from column-major `from`. */
static void transpose(const cld_type *type, char *to, const char *from) {
    size_t bytes = clade_dtype_size(type->dtype);
    int64_t index[CLADE_MAX_RANK] = { 0 };
    for (int64_t i = 0, n = cld_type_count(type); i < n; i++) {
        int64_t source = 0;
        for (int32_t d = type->rank - 1; d >= 0; d--)
            source = source * type->dims[d] + index[d];
        memcpy(to + (size_t)i * bytes, from + (size_t)source * bytes, bytes);
        for (int32_t d = type->rank - 1; d >= 0 && ++index[d] == type->dims[d]; d--)
            index[d] = 0;
    }
}

static void swap_bytes(unsigned char *data, size_t size, size_t bytes) {
    for (size_t i = 0; i < size; i += bytes)
        for (size_t a = i, b = i + bytes - 1; a < b; a++, b--) {
            unsigned char byte = data[a];
            data[a] = data[b];
            data[b] = byte;
        }
}

static clade_status take_elements(clade_tensor *out, const header *h, const char *data, size_t size, clade_error *err) {
    size_t need = cld_type_bytes(&h->type);
    if (size != need)
        return cld_fail(err, CLADE_ERR_FORMAT, "%s: %s needs %zu bytes, the file has %zu", h->what,
                        CLD_TYPE_TEXT(&h->type), need, size);
    CLD_RETURN(clade_tensor_alloc(out, h->type.dtype, h->type.rank, h->type.dims, err));
    if (h->fortran)
        transpose(&h->type, out->data, data);
    else if (need)
        memcpy(out->data, data, need);
    if (h->swap)
        swap_bytes(out->data, need, clade_dtype_size(h->type.dtype));
    for (size_t i = 0; h->type.dtype == CLADE_BOOL && i < need; i++) /* whatever the file holds: 0 or 1 */
        ((uint8_t *)out->data)[i] = ((uint8_t *)out->data)[i] != 0;
    return CLADE_OK;
}

clade_status cld_npy_decode(clade_tensor *out, char *name, size_t name_size, const void *data, size_t size_bytes,
                            const char *what, clade_error *err) {
    const unsigned char *bytes = data;
    if (name && name_size)
        name[0] = '\0';
    if (size_bytes < 10 || memcmp(bytes, magic, sizeof magic) != 0)
        return cld_fail(err, CLADE_ERR_FORMAT, "%s: is not a NumPy file", what);
    if (bytes[6] < 1 || bytes[6] > 3 || bytes[7] != 0)
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "%s: NumPy format %d.%d is not supported", what, bytes[6],
                        bytes[7]);
    size_t start = bytes[6] == 1 ? 10 : 12, length = 0;
    for (size_t i = start; i-- > 8;) /* little-endian; a file of 10 bytes and version 2 fails the next test */
        length = length << 8 | (i < size_bytes ? bytes[i] : 0xff);
    if (start > size_bytes || length > size_bytes - start)
        return cld_fail(err, CLADE_ERR_FORMAT, "%s: the NumPy header is cut short", what);
    const char *text = (const char *)data + start;
    header h = { .at = text, .end = text + length, .what = what };
    CLD_RETURN(read_header(&h, err));
    return take_elements(out, &h, text + length, size_bytes - start - length, err);
}

clade_status cld_npy_encode(const clade_tensor *tensor, void **out, size_t *size_bytes, clade_error *err) {
    size_t kind = 0;
    while (kind < CLD_COUNT(kinds) && kinds[kind].dtype != tensor->dtype)
        kind++;
    if (kind == CLD_COUNT(kinds))
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "npy: no type for %s", clade_dtype_name(tensor->dtype));
    char order = kinds[kind].bytes == 1 ? '|' : host_is_big() ? '>' : '<';
    cld_text text = { 0 };
    cld_text_addn(&text, magic, sizeof magic);
    cld_text_addn(&text, "\1\0\0\0", 4);
    cld_text_printf(&text, "{'descr': '%c%c%d', 'fortran_order': False, 'shape': (", order, kinds[kind].kind,
                    kinds[kind].bytes);
    for (int32_t d = 0; d < tensor->rank; d++)
        cld_text_printf(&text, d ? " %" PRId64 "," : "%" PRId64 ",", tensor->dims[d]);
    cld_text_add(&text, "), }");
    while (!text.failed && (text.size + 1) % 64) /* the data begin at a multiple of 64 bytes */
        cld_text_addn(&text, " ", 1);
    cld_text_addn(&text, "\n", 1);
    size_t header_size = text.size;
    cld_text_addn(&text, tensor->data, tensor->size_bytes);
    if (text.failed) {
        cld_text_free(&text);
        return cld_no_memory(err, "npy");
    }
    text.data[8] = (char)((header_size - 10) & 0xff);
    text.data[9] = (char)((header_size - 10) >> 8);
    *out = text.data;
    *size_bytes = text.size;
    return CLADE_OK;
}
