/* SPDX-License-Identifier: Apache-2.0 */
/* libFuzzer harness: bytes -> tuning records -> text -> records -> text. Any text is imported or refused with its line,
 * alike with a file and without one; what is exported is imported, and is the same text then.
 */
#include <stdio.h>
#include <stdlib.h>

#include "store/records.h"

static void require(int condition) {
    if (!condition)
        abort();
}

/* Where syncing costs nothing, if there is such a place. */
static cld_records *open_once(void) {
    static cld_records *records;
    static char memory[] = "/dev/shm/clade-fuzz-XXXXXX", disk[] = "/tmp/clade-fuzz-XXXXXX";
    clade_error err = { CLADE_OK, "" };
    if (!records) {
        const char *directory = mkdtemp(memory);
        require(cld_records_open(&records, directory ? directory : mkdtemp(disk), true, &err) == CLADE_OK && records);
    }
    return records;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size_bytes) {
    cld_records *records = open_once();
    clade_error err = { CLADE_OK, "" };
    cld_text first = { 0 }, second = { 0 };
    int64_t count;
    const char *text = (const char *)data;
    const clade_status status = cld_records_import(NULL, text, size_bytes, CLD_IMPORT_MERGE, &count, &err);
    require(cld_records_import(records, text, size_bytes, CLD_IMPORT_MERGE, &count, &err) == status);
    require(cld_records_export(records, &first, &err) == CLADE_OK);
    if (status == CLADE_OK) {
        require(cld_records_forget(records, NULL, NULL, &count, &err) == CLADE_OK);
        require(cld_records_import(records, first.data, first.size, CLD_IMPORT_REPLACE, &count, &err) == CLADE_OK);
        require(cld_records_export(records, &second, &err) == CLADE_OK);
        require(strcmp(first.data, second.data) == 0);
        require(cld_records_forget(records, NULL, NULL, &count, &err) == CLADE_OK);
    } else {
        require(count == 0 && err.status == status && (strstr(err.message, "line ") || strstr(err.message, "empty")));
        require(strcmp(first.data, "clade-records 1\n") == 0);
    }
    cld_text_free(&first);
    cld_text_free(&second);
    return 0;
}
