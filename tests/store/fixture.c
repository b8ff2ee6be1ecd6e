/* SPDX-License-Identifier: Apache-2.0 */
#include "store/fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "clade/log.h"

int store_n_logged;
char store_last_line[600];

static void count_line(void *user, clade_log_level level, const char *line) {
    (void)user;
    if (level != CLADE_LOG_WARNING)
        return;
    store_n_logged++;
    snprintf(store_last_line, sizeof store_last_line, "%s", line);
}

double store_now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

const char *store_directory(const char *name) {
    static char path[4096];
    char command[5000];
    snprintf(path, sizeof path, "%s", test_scratch(name));
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    ck_assert_int_eq(system(command), 0);
    clade_log_set(count_line, NULL);
    store_n_logged = 0;
    return path;
}

char *store_file(const char *directory) {
    static char path[4200];
    snprintf(path, sizeof path, "%s/clade.sqlite", directory);
    return path;
}

bool store_holds(cld_store *store, const char *key, const char *want) {
    void *data = NULL;
    size_t bytes = 0;
    bool found = cld_store_get(store, "program", key, &data, &bytes);
    if (found)
        ck_assert_msg(bytes == strlen(want) && memcmp(data, want, bytes) == 0, "wrong bytes under '%s'", key);
    cld_free(data);
    return found;
}

void store_put_text(cld_store *store, const char *key, const char *text) {
    cld_store_put(store, "program", key, text, strlen(text));
}

void store_row_text(char *text, size_t size, int i) {
    int used = snprintf(text, size, "row %d:", i);
    for (int k = used; k < 600; k++)
        text[k] = (char)('a' + (i + k) % 26);
    text[600] = '\0';
}

void store_make_rows(const char *directory) {
    char key[16], text[601];
    cld_store *store = cld_store_open(directory);
    ck_assert_ptr_nonnull(store);
    for (int i = 0; i < STORE_ROWS; i++) {
        snprintf(key, sizeof key, "key%d", i);
        store_row_text(text, sizeof text, i);
        store_put_text(store, key, text);
    }
    cld_store_close(store);
}

int store_check_rows(const char *directory) {
    char key[16], text[601];
    int found = 0;
    cld_store *store = cld_store_open(directory);
    if (!store)
        return -1;
    for (int i = 0; i < STORE_ROWS; i++) {
        snprintf(key, sizeof key, "key%d", i);
        store_row_text(text, sizeof text, i);
        found += store_holds(store, key, text);
    }
    store_put_text(store, "new", "works");
    cld_store_close(store);
    store = cld_store_open(directory);
    if (!store || !store_holds(store, "new", "works"))
        found = -2;
    cld_store_close(store);
    return found;
}

void store_execute(const char *directory, const char *sql) {
    sqlite3 *db;
    ck_assert_int_eq(sqlite3_open(store_file(directory), &db), SQLITE_OK);
    ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

size_t store_read_file(const char *path, unsigned char *data, size_t size) {
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    size_t bytes = fread(data, 1, size, file);
    fclose(file);
    return bytes;
}

void store_write_file(const char *path, const void *data, size_t bytes) {
    FILE *file = fopen(path, "wb");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(data, 1, bytes, file), bytes);
    fclose(file);
}
