/* SPDX-License-Identifier: Apache-2.0 */
/* Names, types, numbers, tensors and attributes as a graph's text has them. The locale is "C". */
#include "graph/words.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { DATA_SHOWN = 16 }; /* elements of a tensor that are written out */

static bool is_plain(const char *word) {
    return word[0] != '\0' && word[strspn(word, CLD_WORD_CHARS)] == '\0' && strcmp(word, "-") != 0;
}

void cld_write_quoted(const char *word, cld_text *out) {
    cld_text_add(out, "\"");
    while (*word != '\0') {
        const size_t length = cld_utf8_length(word);
        if (*word == '"' || *word == '\\')
            cld_text_printf(out, "\\%c", *word);
        else if (length == 0 || (unsigned char)*word < ' ')
            cld_text_printf(out, "\\x%02x", (unsigned char)*word);
        else
            cld_text_addn(out, word, length);
        word += CLD_MAX(length, (size_t)1);
    }
    cld_text_add(out, "\"");
}

void cld_write_word(const char *word, cld_text *out) {
    if (is_plain(word))
        cld_text_add(out, word);
    else
        cld_write_quoted(word, out);
}

/* ---- types ---------------------------------------------------------------------------------------------------- */

/* A free dimension's name must not look like a size. */
static void write_dim(const char *name, cld_text *out) {
    if (name == NULL)
        cld_text_add(out, "?");
    else if (strchr("0123456789+-.", name[0]) != NULL)
        cld_write_quoted(name, out);
    else
        cld_write_word(name, out);
}

void cld_write_type(const cld_value *value, cld_text *out) {
    const cld_type *type = &value->type;
    if (type->dtype == CLADE_NONE) {
        if (value->declared != NULL) {
            cld_text_add(out, ":");
            cld_write_quoted(value->declared, out);
        }
        return; /* not declared, and not inferred yet */
    }
    cld_text_printf(out, ":%s[%s", clade_dtype_name(type->dtype), type->rank < 0 ? "..." : "");
    for (int32_t i = 0; i < type->rank; i++) {
        cld_text_add(out, i > 0 ? "," : "");
        if (type->dims[i] >= 0)
            cld_text_printf(out, "%lld", (long long)type->dims[i]);
        else
            write_dim(value->dim_names[i], out);
    }
    cld_text_add(out, "]");
}

/* ---- tensors -------------------------------------------------------------------------------------------------- */

static void write_hex(const void *data, size_t bytes, cld_text *out) {
    static const char digits[] = "0123456789abcdef";
    const unsigned char *at = data;
    char text[256];
    while (bytes > 0) {
        const size_t some = CLD_MIN(bytes, sizeof text / 2);
        for (size_t k = 0; k < some; k++) {
            text[2 * k] = digits[at[k] >> 4];
            text[2 * k + 1] = digits[at[k] & 15];
        }
        cld_text_addn(out, text, 2 * some);
        at += some;
        bytes -= some;
    }
}

/* As read.c reads it; never like an integer. */
static void write_finite(const clade_tensor *item, cld_text *out) {
    static const int digits[] = { 6, 9, 17 };
    uint64_t back;
    clade_tensor again = { .dtype = item->dtype, .data = &back };
    char text[32];
    for (size_t k = 0; k < CLD_COUNT(digits); k++) {
        snprintf(text, sizeof text, "%.*g", digits[k], cld_tensor_get(item, 0));
        cld_tensor_set(&again, 0, strtod(text, NULL));
        if (memcmp(again.data, item->data, clade_dtype_size(item->dtype)) == 0)
            break;
    }
    cld_text_printf(out, strpbrk(text, ".e") != NULL ? "%s" : "%s.0", text);
}

static void write_float(const clade_tensor *item, cld_text *out) {
    const double value = cld_tensor_get(item, 0);
    if (isnan(value)) { /* of which there are many */
        cld_text_add(out, "nan:");
        write_hex(item->data, clade_dtype_size(item->dtype), out);
    } else if (isinf(value))
        cld_text_add(out, value < 0 ? "-inf" : "inf");
    else
        write_finite(item, out);
}

static void write_item(const clade_tensor *tensor, int64_t i, cld_text *out) {
    char *at = (char *)tensor->data + (size_t)i * clade_dtype_size(tensor->dtype);
    const clade_tensor item = { .dtype = tensor->dtype, .data = at };
    if (cld_dtype_in(item.dtype, CLD_FLOATS))
        write_float(&item, out);
    else if (item.dtype == CLADE_UINT64)
        cld_text_printf(out, "%llu", (unsigned long long)cld_tensor_get_int(&item, 0));
    else
        cld_text_printf(out, "%lld", (long long)cld_tensor_get_int(&item, 0));
}

static void write_items(const clade_tensor *tensor, int64_t count, cld_text *out) {
    for (int64_t i = 0; i < count; i++) {
        cld_text_add(out, i > 0 ? "," : "");
        write_item(tensor, i, out);
    }
}

void cld_write_data(const clade_tensor *tensor, bool whole, cld_text *out) {
    const int64_t count = clade_tensor_count(tensor);
    const size_t item = clade_dtype_size(tensor->dtype);
    const char *data = tensor->data;
    const bool same = count > 1 && data != NULL && memcmp(data, data + item, tensor->size_bytes - item) == 0;
    cld_text_add(out, "{");
    if (same) {
        write_items(tensor, 1, out);
        cld_text_add(out, " ...");
    } else if (count <= DATA_SHOWN && (data != NULL || count == 0)) {
        write_items(tensor, count, out);
    } else if (whole && data != NULL) {
        cld_text_add(out, "hex ");
        write_hex(data, tensor->size_bytes, out);
    } else
        cld_text_add(out, "...");
    cld_text_add(out, "}");
}

/* ---- attributes ----------------------------------------------------------------------------------------------- */

/* A list of numbers, as the elements of a tensor. */
static clade_tensor list_of(clade_dtype dtype, const void *items) {
    return (clade_tensor){ .dtype = dtype, .data = (void *)items };
}

static void write_int(const cld_attr *attr, cld_text *out) { cld_text_printf(out, "%lld", (long long)attr->u.i); }
static void write_float_attr(const cld_attr *attr, cld_text *out) {
    const clade_tensor list = list_of(CLADE_FLOAT32, &attr->u.f);
    write_items(&list, 1, out);
}
static void write_string(const cld_attr *attr, cld_text *out) { cld_write_quoted(attr->u.s, out); }
static void write_graph(const cld_attr *attr, cld_text *out) {
    cld_text_add(out, "graph(");
    cld_write_word(attr->u.graph->name, out);
    cld_text_add(out, ")");
}
static void write_ints(const cld_attr *attr, cld_text *out) {
    const clade_tensor list = list_of(CLADE_INT64, attr->u.ints);
    cld_text_add(out, "[");
    write_items(&list, attr->count, out);
    cld_text_add(out, "]");
}
static void write_floats(const cld_attr *attr, cld_text *out) {
    const clade_tensor list = list_of(CLADE_FLOAT32, attr->u.floats);
    cld_text_add(out, "floats[");
    write_items(&list, attr->count, out);
    cld_text_add(out, "]");
}
static void write_strings(const cld_attr *attr, cld_text *out) {
    cld_text_add(out, "strings[");
    for (int32_t i = 0; i < attr->count; i++) {
        cld_text_add(out, i > 0 ? "," : "");
        cld_write_quoted(attr->u.strings[i], out);
    }
    cld_text_add(out, "]");
}

void cld_write_attr(const cld_attr *attr, bool whole, cld_text *out) {
    static void (*const writers[])(const cld_attr *attr, cld_text *out) = {
        [CLD_ATTR_INT] = write_int,         [CLD_ATTR_FLOAT] = write_float_attr, [CLD_ATTR_STRING] = write_string,
        [CLD_ATTR_GRAPH] = write_graph,     [CLD_ATTR_INTS] = write_ints,        [CLD_ATTR_FLOATS] = write_floats,
        [CLD_ATTR_STRINGS] = write_strings,
    };
    cld_text_add(out, " ");
    cld_write_word(attr->name, out);
    cld_text_add(out, "=");
    if (attr->kind == CLD_ATTR_TENSOR) {
        const cld_type type = cld_tensor_type(attr->u.tensor);
        cld_text_add(out, CLD_TYPE_TEXT(&type));
        cld_write_data(attr->u.tensor, whole, out);
    } else
        writers[attr->kind](attr, out);
}
