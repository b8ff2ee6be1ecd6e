/* SPDX-License-Identifier: Apache-2.0 */
/* The catalogue of kernel texts. cld_kern_embedded is made from cl/ at build time. In a build for the development of
 * kernels (--enable-kernel-dir; the tests), a file in CLADE_CL_DIR takes the place of the embedded text; it is read
 * once per process and kept. Any other build would let whoever sets a service's environment supply its kernels.
 */
#include "kern/kern.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

const char *const cld_kern_headers[CLD_KERN_HEADERS] = { "common", "lines" };

extern const struct cld_kern_embedded { const char *family, *text; } cld_kern_embedded[]; /* ends with {NULL, NULL} */

#ifdef CLADE_KERNEL_DIR
/* Texts read from disk: a list that only grows, so that readers need no lock. */
typedef struct loaded {
    struct loaded *next;
    char *family, *text;
} loaded;
static _Atomic(loaded *) all_loaded;

/* NULL: it cannot be read, or (`failed` is set) there is no memory. */
static char *read_text(const char *path, bool *failed) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    cld_text text = { 0 };
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, file)) > 0;)
        cld_text_addn(&text, chunk, n);
    bool bad = ferror(file);
    fclose(file);
    *failed |= text.failed;
    if (bad || text.failed)
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

static bool is_header(const char *family) {
    for (int k = 0; k < CLD_KERN_HEADERS; k++)
        if (!strcmp(family, cld_kern_headers[k]))
            return true;
    return false;
}

/* *out NULL: there is no such file. */
static clade_status load(loaded **out, const char *directory, const char *family, clade_error *err) {
    cld_text path = { 0 };
    cld_text_printf(&path, "%s/%s.%s", directory, family, is_header(family) ? "clh" : "cl");
    loaded *item = cld_calloc(1, sizeof *item);
    char *name = cld_strndup(family, strlen(family));
    bool failed = !item || !name || path.failed;
    if (!failed)
        *item = (loaded){ .family = name, .text = read_text(path.data, &failed) };
    else
        cld_free(name);
    cld_text_free(&path);
    *out = failed || !item->text ? NULL : item;
    if (!*out)
        free_loaded(item);
    return failed ? cld_no_memory(err, "a kernel file") : CLADE_OK;
}

static clade_status from_disk(const char **out, const char *family, clade_error *err) {
    const char *directory = secure_getenv("CLADE_CL_DIR");
    if (!directory || !*directory)
        return CLADE_OK;
    for (loaded *l = atomic_load(&all_loaded); l; l = l->next)
        if (!strcmp(l->family, family)) {
            *out = l->text;
            return CLADE_OK;
        }
    loaded *item;
    CLD_RETURN(load(&item, directory, family, err));
    if (!item)
        return CLADE_OK;
    item->next = atomic_load(&all_loaded);
    while (!atomic_compare_exchange_weak(&all_loaded, &item->next, item))
        continue;
    *out = item->text;
    return CLADE_OK;
}
#else
static clade_status from_disk(const char **out, const char *family, clade_error *err) {
    (void)out;
    (void)family;
    (void)err;
    return CLADE_OK;
}
#endif

clade_status cld_kern_source(const char **out, const char *family, clade_error *err) {
    *out = NULL;
    CLD_RETURN(from_disk(out, family, err));
    for (const struct cld_kern_embedded *e = cld_kern_embedded; !*out && e->family; e++)
        if (!strcmp(e->family, family))
            *out = e->text;
    return CLADE_OK;
}
