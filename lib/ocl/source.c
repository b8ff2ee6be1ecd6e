/* SPDX-License-Identifier: Apache-2.0 */
/* The text of a program: the headers of cl/, then each instance's defines, its family's text, and the #undefs of every
 * macro the two defined, so that instances do not see one another. An instance's suffix is a hash of family and
 * defines, and the instances stand in the order of their suffixes: the same set always gives the same text, which is
 * its key in the cache.
 */
#include "ocl/internal.h"

#include <ctype.h>
#include <stdlib.h>

/* Defines are lines; a line break in one would let its text out. */
static bool one_line(const char *text) { return !strpbrk(text, "\n\r"); }

static clade_status paste_id(cld_text *id, const cld_step *step, clade_error *err) {
    cld_text_printf(id, "%s\n", step->family);
    for (int32_t i = 0; i < step->n_defines; i++) {
        const cld_define *define = &step->defines[i];
        if (!one_line(define->name) || !one_line(define->text))
            return cld_fail(err, CLADE_ERR_INTERNAL, "node '%s': kernel define '%s' holds a line break", step->node,
                            define->name);
        cld_text_printf(id, "#define %s %s\n", define->name, define->text);
    }
    return id->failed ? cld_no_memory(err, "a kernel's defines") : CLADE_OK;
}

clade_status cld_paste_new(cld_paste **out, cld_arena *arena, const cld_step *step, clade_error *err) {
    cld_text id = { 0 };
    const char *text = NULL;
    clade_status status = paste_id(&id, step, err);
    if (status == CLADE_OK)
        status = cld_kern_source(&text, step->family, err);
    if (status == CLADE_OK && !text)
        status =
            cld_fail(err, CLADE_ERR_INTERNAL, "node '%s': there is no kernel file cl/%s.cl", step->node, step->family);
    cld_paste *paste = status == CLADE_OK ? cld_arena_alloc(arena, sizeof *paste) : NULL;
    if (paste) {
        char hex[CLD_DIGEST_HEX];
        cld_digest digest;
        cld_digest_start(&digest);
        cld_digest_add(&digest, id.data, id.size);
        cld_digest_hex(&digest, hex);
        paste->suffix = cld_arena_printf(arena, "i%.16s", hex);
        paste->id = cld_arena_text(arena, id.data);
        paste->family = cld_arena_text(arena, step->family);
        paste->text = text;
        paste->node = cld_arena_text(arena, step->node ? step->node : "");
    }
    if (status == CLADE_OK && (!paste || !paste->suffix || !paste->id || !paste->family || !paste->node))
        status = cld_no_memory(err, "a kernel instance");
    cld_text_free(&id);
    *out = paste;
    return status;
}

/* Where a comment that is open at the start of `line` leaves the reader at its end: true: still inside. */
static bool comment_after(const char *line, const char *end, bool inside) {
    for (const char *c = line; c + 1 < end; c++) {
        if (inside && c[0] == '*' && c[1] == '/') {
            inside = false;
            c++;
        } else if (!inside && c[0] == '/' && c[1] == '/') {
            return false;
        } else if (!inside && c[0] == '/' && c[1] == '*') {
            inside = true;
            c++;
        }
    }
    return inside;
}

/* The macro a line defines: its name's length, 0 for none. */
static size_t defined_name(const char *line, const char *end, const char **name) {
    const char *c = line;
    size_t length = 0;
    while (c < end && (*c == ' ' || *c == '\t'))
        c++;
    if (c == end || *c++ != '#')
        return 0;
    while (c < end && (*c == ' ' || *c == '\t'))
        c++;
    if (end - c < 7 || strncmp(c, "define", 6) != 0 || (c[6] != ' ' && c[6] != '\t'))
        return 0;
    for (c += 7; c < end && (*c == ' ' || *c == '\t');)
        c++;
    while (c + length < end && (isalnum((unsigned char)c[length]) || c[length] == '_'))
        length++;
    *name = c;
    return length;
}

static void add_undefs(cld_text *out, const char *text) {
    bool inside = false;
    for (const char *line = text; *line;) {
        const char *end = line + strcspn(line, "\n"), *name;
        size_t length = inside ? 0 : defined_name(line, end, &name);
        if (length > 0)
            cld_text_printf(out, "#undef %.*s\n", (int)length, name);
        inside = comment_after(line, end, inside);
        line = *end ? end + 1 : end;
    }
}

static void add_paste(cld_text *out, const cld_paste *paste) {
    const char *defines = strchr(paste->id, '\n') + 1;
    cld_text_printf(out, "#define INSTANCE %s\n%s#line 1 \"%s.cl\"\n%s\n", paste->suffix, defines, paste->family,
                    paste->text);
    cld_text_add(out, "#undef INSTANCE\n");
    add_undefs(out, defines);
    add_undefs(out, paste->text);
}

static int compare_suffixes(const void *a, const void *b) {
    return strcmp((*(const cld_paste *const *)a)->suffix, (*(const cld_paste *const *)b)->suffix);
}

clade_status cld_source_text(char **out, cld_paste **pastes, int32_t count, clade_error *err) {
    cld_text text = { 0 };
    const char *header[CLD_KERN_HEADERS];
    for (int k = 0; k < CLD_KERN_HEADERS; k++) {
        CLD_RETURN(cld_kern_source(&header[k], cld_kern_headers[k], err));
        if (!header[k])
            return cld_fail(err, CLADE_ERR_INTERNAL, "there is no kernel file cl/%s.clh", cld_kern_headers[k]);
    }
    qsort(pastes, (size_t)count, sizeof *pastes, compare_suffixes);
    for (int k = 0; k < CLD_KERN_HEADERS; k++)
        cld_text_printf(&text, "#line 1 \"%s.clh\"\n%s\n", cld_kern_headers[k], header[k]);
    for (int32_t i = 0; i < count; i++)
        add_paste(&text, pastes[i]);
    if (text.failed) {
        cld_text_free(&text);
        return cld_no_memory(err, "the kernels' source");
    }
    *out = text.data;
    return CLADE_OK;
}
