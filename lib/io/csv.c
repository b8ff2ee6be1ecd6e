/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of numbers as .csv, through libcsv: float32 [rows, columns].
 *
 * The first row is a header when none of its fields is a number. Every other field must be one ("nan" and "inf" are),
 * and every row as long as the first: anything else is refused with its line. Empty lines are skipped. Numbers are read
 * and written in the C locale, whatever the host process uses, by switching this thread's locale only.
 */
#include "io/io.h"

#include <csv.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

typedef struct table {
    const char *what;
    clade_error *err;
    clade_status status; /* the first failure; then everything is ignored */
    float *values;
    size_t count, capacity;
    size_t rows, columns; /* columns 0: no row seen yet */
    size_t fields, texts; /* of the present row; texts: those that are not numbers */
    size_t line;
    bool after_cr;
} table;

static bool append(table *t, float value) {
    if (t->count == t->capacity) {
        size_t capacity = t->capacity ? t->capacity * 2 : 1024;
        float *values = cld_realloc(t->values, capacity, sizeof *values);
        if (!values) {
            t->status = cld_no_memory(t->err, t->what);
            return false;
        }
        t->values = values;
        t->capacity = capacity;
    }
    t->values[t->count++] = value;
    return true;
}

static void on_field(void *data, size_t size, void *user) {
    table *t = user;
    if (t->status != CLADE_OK)
        return;
    char *end = data;
    float value = size ? strtof(data, &end) : 0;
    bool number = size && end == (char *)data + size;
    t->after_cr = false;
    t->fields++;
    t->texts += !number;
    if (number)
        append(t, value);
    else if (t->columns || t->fields != t->texts)
        t->status = cld_fail(t->err, CLADE_ERR_FORMAT, "%s: line %zu: field %zu, '%.40s', is not a number", t->what,
                             t->line, t->fields, (const char *)data);
    for (size_t i = 0; i < size; i++) /* a quoted field may hold several lines */
        t->line += ((const char *)data)[i] == '\n';
}

static void end_row(table *t) {
    if (!t->columns)
        t->columns = t->fields;
    if (t->fields != t->columns)
        t->status = cld_fail(t->err, CLADE_ERR_FORMAT, "%s: line %zu: has %zu fields, the rows before have %zu",
                             t->what, t->line, t->fields, t->columns);
    else if (t->texts && t->texts != t->fields)
        t->status = cld_fail(t->err, CLADE_ERR_FORMAT, "%s: line %zu: neither a header nor numbers", t->what, t->line);
    else
        t->rows += !t->texts;
    t->fields = t->texts = 0;
}

/* Called for every CR and LF (CSV_REPALL_NL), so that lines can be counted, and with -1 at the end of the file. */
static void on_line(int terminator, void *user) {
    table *t = user;
    if (t->status == CLADE_OK && t->fields)
        end_row(t);
    t->line += !(terminator == CSV_LF && t->after_cr);
    t->after_cr = terminator == CSV_CR;
}

static void *resize(void *memory, size_t bytes) { return cld_realloc(memory, bytes, 1); }

static void parse(table *t, const char *data, size_t size) {
    enum { CHUNK = 1 << 16 }; /* a failure ends the work at the next chunk */
    struct csv_parser parser;
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_APPEND_NULL | CSV_REPALL_NL)) {
        t->status = cld_no_memory(t->err, t->what);
        return;
    }
    csv_set_realloc_func(&parser, resize);
    csv_set_free_func(&parser, cld_free);
    bool well = true;
    for (size_t done = 0; well && done < size && t->status == CLADE_OK;) {
        size_t n = CLD_MIN(size - done, (size_t)CHUNK);
        well = csv_parse(&parser, data + done, n, on_field, on_line, t) == n;
        done += n;
    }
    if (well && t->status == CLADE_OK)
        well = !csv_fini(&parser, on_field, on_line, t);
    if (!well && t->status == CLADE_OK)
        t->status = csv_error(&parser) == CSV_EPARSE
                        ? cld_fail(t->err, CLADE_ERR_FORMAT, "%s: line %zu: misplaced quote", t->what, t->line)
                        : cld_no_memory(t->err, t->what);
    csv_free(&parser);
}

clade_status cld_csv_decode(clade_tensor *out, char *name, size_t name_size, const void *data, size_t size_bytes,
                            const char *what, clade_error *err) {
    static const char mark[] = "\xef\xbb\xbf"; /* some programs begin UTF-8 files so */
    if (name && name_size)
        name[0] = '\0';
    size_t skip = size_bytes >= 3 && !memcmp(data, mark, 3) ? 3 : 0;
    table t = { .what = what, .err = err, .line = 1 };
    cld_locale locale;
    if (!cld_locale_enter(&locale))
        return cld_no_memory(err, what);
    parse(&t, (const char *)data + skip, size_bytes - skip);
    cld_locale_leave(&locale);
    if (t.status == CLADE_OK && !t.rows)
        t.status = cld_fail(err, CLADE_ERR_FORMAT, "%s: holds no row of numbers", what);
    if (t.status == CLADE_OK)
        t.status = clade_tensor_alloc(out, CLADE_FLOAT32, 2, (int64_t[]){ (int64_t)t.rows, (int64_t)t.columns }, err);
    if (t.status == CLADE_OK)
        memcpy(out->data, t.values, out->size_bytes);
    cld_free(t.values);
    return t.status;
}

static void add_element(cld_text *text, const clade_tensor *tensor, int64_t i) {
    double value = cld_tensor_get(tensor, i);
    if (tensor->dtype == CLADE_UINT64)
        cld_text_printf(text, "%" PRIu64, (uint64_t)cld_tensor_get_int(tensor, i));
    else if (!cld_dtype_in(tensor->dtype, CLD_FLOATS))
        cld_text_printf(text, "%" PRId64, cld_tensor_get_int(tensor, i));
    else if (isnan(value))
        cld_text_add(text, "nan"); /* without a sign */
    else
        cld_text_printf(text, "%.*g", tensor->dtype == CLADE_FLOAT64 ? 17 : 9, value);
}

/* A vector is written as a column. */
clade_status cld_csv_encode(const clade_tensor *tensor, void **out, size_t *size_bytes, clade_error *err) {
    if (tensor->rank > 2)
        return cld_fail(err, CLADE_ERR_UNSUPPORTED, "csv: a tensor of rank %" PRId32 " is not a table", tensor->rank);
    int64_t rows = tensor->rank > 0 ? tensor->dims[0] : 1, columns = tensor->rank > 1 ? tensor->dims[1] : 1;
    cld_text text = { 0 };
    cld_locale locale;
    if (!cld_locale_enter(&locale))
        return cld_no_memory(err, "csv");
    cld_text_add(&text, "");
    for (int64_t row = 0; row < rows && !text.failed; row++)
        for (int64_t column = 0; column < columns; column++) {
            add_element(&text, tensor, row * columns + column);
            cld_text_add(&text, column + 1 < columns ? "," : "\n");
        }
    cld_locale_leave(&locale);
    if (text.failed) {
        cld_text_free(&text);
        return cld_no_memory(err, "csv");
    }
    *out = text.data;
    *size_bytes = text.size;
    return CLADE_OK;
}
