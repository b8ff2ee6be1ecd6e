/* SPDX-License-Identifier: Apache-2.0 */
/* The public side of tuning records, which needs no device: export, import, forget. */
#include "clade/tune.h"

#include "store/records.h"

/* Records that are to be read or written; *out is not NULL. */
static clade_status open_records(cld_records **out, const char *cache_dir, bool make, clade_error *err) {
    CLD_RETURN(cld_records_open(out, cache_dir, make, err));
    return *out || !make ? CLADE_OK : cld_fail(err, CLADE_ERR_ARGUMENT, "cache_dir is \"\": nothing is recorded there");
}

clade_status clade_records_export(char **out, const char *cache_dir, clade_error *err) {
    cld_records *records;
    cld_text text = { 0 };
    if (!out)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL");
    *out = NULL;
    CLD_RETURN(open_records(&records, cache_dir, false, err));
    clade_status status = cld_records_export(records, &text, err);
    cld_records_close(records);
    if (status == CLADE_OK)
        *out = text.data;
    else
        cld_text_free(&text);
    return status;
}

clade_status clade_records_import(const char *cache_dir, const char *text, size_t size_bytes, int merge, size_t *count,
                                  clade_error *err) {
    cld_records *records;
    int64_t taken = 0;
    if (!text)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "text must not be NULL");
    CLD_RETURN(open_records(&records, cache_dir, true, err));
    clade_status status =
        cld_records_import(records, text, size_bytes, merge ? CLD_IMPORT_MERGE : CLD_IMPORT_REPLACE, &taken, err);
    cld_records_close(records);
    if (count)
        *count = (size_t)taken;
    return status;
}

clade_status clade_records_forget(const char *cache_dir, const char *device, const char *problem, size_t *count,
                                  clade_error *err) {
    cld_records *records;
    int64_t gone = 0;
    if (!device)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "device must not be NULL");
    CLD_RETURN(open_records(&records, cache_dir, false, err));
    clade_status status = cld_records_forget(records, device, problem, &gone, err);
    cld_records_close(records);
    if (count)
        *count = (size_t)gone;
    return status;
}
