/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of kernel texts. cld_kern_embedded is made from cl/ at build time. In a build for the development of
 * kernels (--enable-kernel-dir; the tests), a file in CLADE_CL_DIR takes the place of the embedded text; it is read
 * once per process and kept. Any other build would let whoever sets a service's environment supply its kernels.
 */
#include "kern/kern.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

extern const struct cld_kern_embedded { const char *family, *text; } cld_kern_embedded[]; /* ends with {NULL, NULL} */

#ifdef CLADE_KERNEL_DIR
/* Texts read from disk: a list that only grows, so that readers need no lock. */
typedef struct loaded {
    struct loaded *next;
    char *family, *text;
} loaded;
static _Atomic(loaded *) all_loaded;

static char *read_text(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    cld_text text = { 0 };
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;)
        cld_text_addn(&text, chunk, n);
    bool bad = ferror(file) || text.failed;
    fclose(file);
    if (bad)
        cld_text_free(&text);
    return text.data;
}

static void free_loaded(loaded *item) {
    if (!item)
        return;
    cld_free(item->family);
    cld_free(item->text);
    cld_free(item);
}

static const char *from_disk(const char *family) {
    const char *directory = secure_getenv("CLADE_CL_DIR");
    if (!directory || !*directory)
        return NULL;
    for (loaded *l = atomic_load(&all_loaded); l; l = l->next)
        if (!strcmp(l->family, family))
            return l->text;
    cld_text path = { 0 };
    cld_text_printf(&path, "%s/%s.%s", directory, family, strcmp(family, "common") ? "cl" : "clh");
    loaded *item = cld_calloc(1, sizeof *item);
    if (item && !path.failed) {
        item->family = cld_strndup(family, strlen(family));
        item->text = read_text(path.data);
    }
    cld_text_free(&path);
    if (!item || !item->family || !item->text) {
        free_loaded(item);
        return NULL;
    }
    item->next = atomic_load(&all_loaded);
    while (!atomic_compare_exchange_weak(&all_loaded, &item->next, item))
        continue;
    return item->text;
}
#else
static const char *from_disk(const char *family) {
    (void)family;
    return NULL;
}
#endif

const char *cld_kern_source(const char *family) {
    const char *text = from_disk(family);
    for (const struct cld_kern_embedded *e = cld_kern_embedded; !text && e->family; e++)
        if (!strcmp(e->family, family))
            text = e->text;
    return text;
}
