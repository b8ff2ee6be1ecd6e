/* SPDX-License-Identifier: Apache-2.0 */
/* The main program of each collection of suites: runs those of SUITES (unit.def or device.def), prints what failed and
 * the line of totals. Each test runs in a process of its own, so a crash is one failure. With arguments: only suites so
 * named.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#define SUITE(name) Suite *suite_##name(void);
#include SUITES
#undef SUITE

static const struct {
    const char *name;
    Suite *(*make)(void);
} suites[] = {
#define SUITE(name) { #name, suite_##name },
#include SUITES
#undef SUITE
    { NULL, NULL },
};

/* Shared with the tests' processes. */
static struct shared {
    int skips;
    size_t used;
    char facts[1 << 20]; /* each between line feeds */
} * shared;

void test_skip(const char *why) {
    printf("skip %s\n", why);
    __atomic_fetch_add(&shared->skips, 1, __ATOMIC_RELAXED);
}

static char *find(const char *fact) {
    char line[512];
    snprintf(line, sizeof line, "\n%s\n", fact);
    return strstr(shared->facts, line);
}

bool test_recorded(const char *fact) { return find(fact) != NULL; }

void test_record(const char *fact) {
    const size_t left = sizeof shared->facts - shared->used;
    if (find(fact))
        return;
    if (strlen(fact) + 3 > left)
        ck_abort_msg("the record is full");
    shared->used += (size_t)snprintf(shared->facts + shared->used, left, "%s%s\n", shared->used ? "" : "\n", fact);
}

const char *test_shared(const char *path) {
    static char full[PATH_MAX];
    const char *root = getenv("CLADE_SHARED");
    if (root == NULL || root[0] == '\0')
        return NULL;
    snprintf(full, sizeof full, "%s/%s", root, path);
    return access(full, R_OK) == 0 ? full : NULL;
}

const char *test_scratch(const char *name) {
    static char full[PATH_MAX];
    const char *root = getenv("CLADE_BUILD_DIR");
    snprintf(full, sizeof full, "%s/tests/scratch", root != NULL ? root : ".");
    mkdir(full, 0777);
    size_t used = strlen(full);
    snprintf(full + used, sizeof full - used, "/%s", name);
    return full;
}

static int wanted(const char *name, int count, char **names) {
    for (int i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return 1;
    return count == 0;
}

int main(int argc, char **argv) {
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return EXIT_FAILURE;
    const char *deep = getenv("CLADE_DEEP");
    if (argc > 1 || (deep != NULL && strcmp(deep, "1") == 0))
        test_record("long ones too");
    if (argc == 1)
        test_record("all suites");
    setvbuf(stdout, NULL, _IOLBF, 0);
    SRunner *runner = srunner_create(NULL);
    for (int i = 0; suites[i].name != NULL; i++)
        if (wanted(suites[i].name, argc - 1, argv + 1))
            srunner_add_suite(runner, suites[i].make());
    srunner_run_all(runner, CK_NORMAL);
    int run = srunner_ntests_run(runner), failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    printf("%d passed, %d failed, %d skipped\n", run - failed - shared->skips, failed, shared->skips);
    return failed == 0 && run > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
