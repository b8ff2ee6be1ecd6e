/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the on-disk cache share. */
#ifndef CLADE_TEST_STORE_FIXTURE_H
#define CLADE_TEST_STORE_FIXTURE_H

#include "store/store.h"
#include "test.h"

/* Warnings logged since store_directory, and the last of them. */
extern int store_n_logged;
extern char store_last_line[600];
double store_now_ms(void);

/* A path of this test's own where nothing is yet; from then on warnings are counted. Static memory. */
const char *store_directory(const char *name);
/* <directory>/clade.sqlite. Static memory. */
char *store_file(const char *directory);

/* The key is found; the test fails when its bytes are not `want`. */
bool store_holds(cld_store *store, const char *key, const char *want);
void store_put_text(cld_store *store, const char *key, const char *text);

enum { STORE_ROWS = 40 };
void store_row_text(char *text, size_t size, int i); /* of row "key<i>"; size 601 */
/* Makes a store of STORE_ROWS rows. */
void store_make_rows(const char *directory);
/* How many of those rows are found, each with its own bytes; -1: there is no store; -2: it cannot be written to. */
int store_check_rows(const char *directory);
void store_execute(const char *directory, const char *sql);

size_t store_read_file(const char *path, unsigned char *data, size_t size);
void store_write_file(const char *path, const void *data, size_t bytes);

#endif
