/* SPDX-License-Identifier: Apache-2.0 */
/* Tuning records as text, to be carried to another machine, or kept beside a project. */
#include "store/records_internal.h"

#include <errno.h>
#include <stdlib.h>

#define HEADER "clade-records 1"
enum { FIELDS = 9, MAX_LINE = 12000 };

/* ---- out ----------------------------------------------------------------------------------------------------------
 */

static clade_status add_line(void *user, const cld_record *r, clade_error *err) {
    cld_text *out = user;
    cld_text_printf(out, "%s\t%s\t%s\t%s\t%s\t%.9g\t%.9g\t%lld\t%lld\n", r->device, r->problem, r->driver, r->library,
                    r->choice, r->seconds, r->error, (long long)r->tried, (long long)r->date);
    return out->failed ? cld_no_memory(err, "the records' text") : CLADE_OK;
}

clade_status cld_records_export(cld_records *records, cld_text *out, clade_error *err) {
    cld_locale locale;
    if (!cld_locale_enter(&locale))
        return cld_no_memory(err, "the records' text");
    cld_text_add(out, HEADER "\n");
    clade_status status = cld_records_list(records, add_line, out, err);
    cld_locale_leave(&locale);
    return status == CLADE_OK && out->failed ? cld_no_memory(err, "the records' text") : status;
}

/* ---- in -----------------------------------------------------------------------------------------------------------
 */

static bool read_double(const char *text, double *out) {
    char *end;
    *out = strtod(text, &end);
    return end != text && *end == '\0';
}

static bool read_int(const char *text, int64_t *out) {
    char *end;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return end != text && *end == '\0' && errno == 0;
}

/* Cuts the line into its fields. */
static clade_status read_line(char *line, cld_record *out, clade_error *err) {
    char *field[FIELDS];
    int count = 0;
    for (char *at = line; at; count++) {
        char *tab = strchr(at, '\t');
        if (tab)
            *tab++ = '\0';
        if (count < FIELDS)
            field[count] = at;
        at = tab;
    }
    if (count != FIELDS)
        return cld_fail(err, CLADE_ERR_FORMAT, "%d fields, not %d", count, (int)FIELDS);
    *out = (cld_record){ field[0], field[1], field[2], field[3], field[4], 0, 0, 0, 0 };
    if (!read_double(field[5], &out->seconds) || !read_double(field[6], &out->error) ||
        !read_int(field[7], &out->tried) || !read_int(field[8], &out->date))
        return cld_fail(err, CLADE_ERR_FORMAT, "a field that must be a number is none");
    return cld_record_check(out, err);
}

/* The line from `at` to `end`, without its end. */
static clade_status take_line(cld_records *records, const char *at, const char *end, cld_import how, clade_error *err) {
    char line[MAX_LINE];
    cld_record record;
    const size_t length = (size_t)(end - at);
    if (length >= sizeof line || memchr(at, '\0', length))
        return cld_fail(err, CLADE_ERR_FORMAT, "the line is no record");
    memcpy(line, at, length);
    line[length] = '\0';
    CLD_RETURN(read_line(line, &record, err));
    return records ? cld_records_write(records, &record, how == CLD_IMPORT_MERGE, err) : CLADE_OK;
}

static clade_status take_all(cld_records *records, const char *text, size_t size, cld_import how, int64_t *count,
                             clade_error *err) {
    clade_error why = { 0 };
    int64_t number = 1;
    for (const char *at = text, *last = text + size; at < last; number++) {
        const char *end = memchr(at, '\n', (size_t)(last - at)), *stop = end ? end : last;
        if (stop > at && stop[-1] == '\r')
            stop--;
        const bool header = (size_t)(stop - at) == strlen(HEADER) && memcmp(at, HEADER, strlen(HEADER)) == 0;
        if ((number == 1) != header)
            return cld_fail(err, CLADE_ERR_FORMAT, "line %lld: %s", (long long)number,
                            header ? "a second header" : "no tuning records: the first line is not '" HEADER "'");
        clade_status status = header ? CLADE_OK : take_line(records, at, stop, how, &why);
        if (status != CLADE_OK)
            return cld_fail(err, status, "line %lld: %s", (long long)number, why.message);
        if (!header && records)
            *count += sqlite3_changes(records->db);
        at = end ? end + 1 : last;
    }
    return number > 1 ? CLADE_OK : cld_fail(err, CLADE_ERR_FORMAT, "no tuning records: the text is empty");
}

clade_status cld_records_import(cld_records *records, const char *text, size_t size, cld_import how, int64_t *count,
                                clade_error *err) {
    cld_locale locale;
    clade_error ignored;
    *count = 0;
    if (!cld_locale_enter(&locale))
        return cld_no_memory(err, "the records' text");
    if (records)
        cld_lock_take(records->lock);
    clade_status status = records ? cld_store_execute(records, "BEGIN IMMEDIATE", err) : CLADE_OK;
    if (status == CLADE_OK) {
        status = take_all(records, text, size, how, count, err);
        if (status == CLADE_OK && records)
            status = cld_store_execute(records, "COMMIT", err);
        if (status != CLADE_OK && records)
            (void)cld_store_execute(records, "ROLLBACK", &ignored);
    }
    if (records)
        cld_lock_drop(records->lock);
    if (status != CLADE_OK)
        *count = 0;
    cld_locale_leave(&locale);
    return status;
}
