/* SPDX-License-Identifier: Apache-2.0 */
/* The rows a caller prefers: "Op=row,Op=row,...". */
#include "plan/plan_internal.h"

typedef struct wish {
    const char *text, *op, *row; /* text: the whole item; row NULL: it has no '=' */
    int size, op_size, row_size;
} wish;

/* Reads the item at *at and goes on behind it; false: there is none. */
static bool next_wish(const char **at, wish *out) {
    if (!*at || !**at)
        return false;
    int size = (int)strcspn(*at, ","), op_size = (int)strcspn(*at, ",=");
    *out = (wish){ .text = *at, .op = *at, .size = size, .op_size = op_size };
    if (op_size < size) {
        out->row = *at + op_size + 1;
        out->row_size = size - op_size - 1;
    }
    *at += size + ((*at)[size] == ',');
    return true;
}

static bool same(const char *name, const char *text, int size) {
    return strlen(name) == (size_t)size && memcmp(name, text, (size_t)size) == 0;
}

bool cld_plan_prefers(const char *prefer, const char *op, const char *row) {
    wish item;
    while (next_wish(&prefer, &item))
        if (item.row && same(op, item.op, item.op_size) && same(row, item.row, item.row_size))
            return true;
    return false;
}

/* Does a descriptor have the row? Otherwise its rows are added to `rows`, once each. */
static bool has_row(const cld_op *op, const wish *item, cld_text *rows) {
    for (const cld_impl *impl = op->impls; impl->name; impl++) {
        if (same(impl->name, item->row, item->row_size))
            return true;
        cld_text_printf(rows, "%s%s", rows->size ? ", " : "", impl->name);
    }
    return false;
}

static clade_status check(const wish *item, clade_error *err) {
    cld_text rows = { 0 };
    int32_t count;
    const cld_op *const *all = cld_op_all(&count);
    bool known = false, has = false;
    for (int32_t k = 0; k <= count && !has; k++) {
        const cld_op *op = k < count ? all[k] : &cld_op_Fused; /* what the fuse pass makes is listed by a dump */
        if (!same(op->name, item->op, item->op_size))
            continue;
        known = true;
        if (op->impls) {
            cld_text_free(&rows); /* another opset's are the same */
            has = has_row(op, item, &rows);
        }
    }
    clade_status status = CLADE_OK;
    if (!known)
        status = cld_fail(err, CLADE_ERR_NOT_FOUND, "prefer_impl '%.*s': there is no operator '%.*s'", item->size,
                          item->text, item->op_size, item->op);
    else if (!has)
        status = cld_fail(err, CLADE_ERR_NOT_FOUND, "prefer_impl '%.*s': %.*s has no such row; it has: %s", item->size,
                          item->text, item->op_size, item->op, rows.data ? rows.data : "none");
    cld_text_free(&rows);
    return status;
}

clade_status cld_plan_check_prefer(const char *prefer, clade_error *err) {
    wish item;
    while (next_wish(&prefer, &item)) {
        if (!item.row)
            return cld_fail(err, CLADE_ERR_ARGUMENT, "prefer_impl '%.*s' is not of the form Op=row", item.size,
                            item.text);
        CLD_RETURN(check(&item, err));
    }
    return CLADE_OK;
}
