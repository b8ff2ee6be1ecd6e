/* SPDX-License-Identifier: Apache-2.0 */
/* The rows a caller prefers, "Op=row,Op=row(name value) > row,...": read, and compared with the rows there are. A
 * choice is written as a plan names it.
 */
#include <stdlib.h>

#include "op/core/op.h"

static cld_wish trimmed(const char *text, int size) {
    while (size > 0 && *text == ' ')
        text++, size--;
    while (size > 0 && text[size - 1] == ' ')
        size--;
    return (cld_wish){ text, size };
}

/* Bytes before the first `stop` outside parentheses. */
static int until(const char *text, int size, char stop) {
    int depth = 0, k = 0;
    for (; k < size && text[k] && (depth > 0 || text[k] != stop); k++)
        depth += text[k] == '(' ? 1 : text[k] == ')' ? -1 : 0;
    return k;
}

/* Reads the item at *at and goes on behind it; false: there is none. */
static bool next_item(const char **at, cld_wish *out) {
    if (!*at || !**at)
        return false;
    int size = until(*at, INT32_MAX, ',');
    *out = (cld_wish){ *at, size };
    *at += size + ((*at)[size] == ',');
    return true;
}

/* The item's operator, and what stands behind the '='; false: it has none. */
static bool split_item(cld_wish item, cld_wish *op, cld_wish *choice) {
    int size = until(item.text, item.size, '=');
    *op = trimmed(item.text, size);
    *choice = size < item.size ? trimmed(item.text + size + 1, item.size - size - 1) : (cld_wish){ item.text, 0 };
    return size < item.size;
}

bool cld_wish_is(cld_wish wish, const char *name) {
    return strlen(name) == (size_t)wish.size && memcmp(name, wish.text, (size_t)wish.size) == 0;
}

bool cld_wish_next(const char **at, const char *op, cld_wish *out) {
    cld_wish item, name;
    while (next_item(at, &item))
        if (split_item(item, &name, out) && cld_wish_is(name, op))
            return true;
    *out = (cld_wish){ "", 0 };
    return false;
}

cld_wish_parts cld_wish_split(cld_wish choice) {
    int own = until(choice.text, choice.size, '>'), row = until(choice.text, own, '(');
    cld_wish_parts parts = { .row = trimmed(choice.text, row) };
    cld_wish params = trimmed(choice.text + row, own - row);
    if (params.size >= 2 && params.text[params.size - 1] == ')')
        parts.params = trimmed(params.text + 1, params.size - 2);
    else
        parts.params = params; /* nothing, or "(" that is malformed */
    if (own < choice.size)
        parts.inner = trimmed(choice.text + own + 1, choice.size - own - 1);
    return parts;
}

bool cld_wish_param(cld_wish *params, cld_wish *name, int32_t *value) {
    int size = until(params->text, params->size, ',');
    cld_wish own = trimmed(params->text, size);
    int word = until(own.text, own.size, ' ');
    long number = 0;
    int digits = word + 1;
    for (; digits < own.size && own.text[digits] >= '0' && own.text[digits] <= '9' && number < 1 << 24; digits++)
        number = number * 10 + (own.text[digits] - '0');
    *name = (cld_wish){ own.text, word };
    *value = (int32_t)number;
    *params = size < params->size ? trimmed(params->text + size + 1, params->size - size - 1)
                                  : (cld_wish){ params->text + size, 0 };
    return word > 0 && digits == own.size && number > 0;
}

/* ---- whether there is such a row ----------------------------------------------------------------------------------
 */

static void list_rows(const cld_impl *rows, cld_text *out) {
    for (const cld_impl *row = rows; row && row->name; row++)
        cld_text_printf(out, "%s%s", row == rows ? "" : ", ", row->name);
}

static void list_params(const cld_impl *row, cld_text *out) {
    for (int32_t k = 0; row->space && row->space->params[k].name; k++)
        cld_text_printf(out, "%s%s", k ? ", " : "", row->space->params[k].name);
}

static clade_status refuse(cld_wish item, const char *owner, const char *what, cld_text *there, clade_error *err) {
    clade_status status = cld_fail(err, CLADE_ERR_NOT_FOUND, "prefer_impl '%.*s': %s has no such %s; it has: %s",
                                   item.size, item.text, owner, what, there->data ? there->data : "none");
    cld_text_free(there);
    return status;
}

static clade_status check_params(cld_wish item, const cld_impl *row, cld_wish params, clade_error *err) {
    while (params.size > 0) {
        cld_wish name;
        int32_t value;
        cld_text there = { 0 };
        if (!cld_wish_param(&params, &name, &value))
            return cld_fail(err, CLADE_ERR_ARGUMENT, "prefer_impl '%.*s': '%.*s' is not of the form name value",
                            item.size, item.text, name.size, name.text);
        const cld_param *param = row->space ? row->space->params : NULL;
        while (param && param->name && !cld_wish_is(name, param->name))
            param++;
        if (!param || !param->name) {
            list_params(row, &there);
            return refuse(item, row->name, "parameter", &there, err);
        }
    }
    return CLADE_OK;
}

static clade_status check_choice(cld_wish item, const char *owner, const cld_impl *rows, cld_wish choice,
                                 clade_error *err) {
    while (true) {
        cld_wish_parts parts = cld_wish_split(choice);
        cld_text there = { 0 };
        const cld_impl *row = rows;
        while (row && row->name && !cld_wish_is(parts.row, row->name))
            row++;
        if (!row || !row->name) {
            list_rows(rows, &there);
            return refuse(item, owner, "row", &there, err);
        }
        CLD_RETURN(check_params(item, row, parts.params, err));
        if (!parts.inner.text)
            return CLADE_OK;
        owner = row->name;
        rows = row->inner;
        choice = parts.inner;
    }
}

bool cld_wish_exists(const cld_impl *rows, cld_wish choice) {
    return check_choice(choice, "", rows, choice, NULL) == CLADE_OK;
}

/* The operator's descriptor that has rows, or any; a plan names what passes make too. NULL: none. */
static const cld_op *find(cld_wish name) {
    int32_t count, more;
    const cld_op *const *all = cld_op_all(&count), *const *internal = cld_op_internal(&more), *found = NULL;
    for (int32_t k = 0; k < count + more; k++) {
        const cld_op *op = k < count ? all[k] : internal[k - count];
        if (cld_wish_is(name, op->name) && (!found || op->impls))
            found = op; /* another opset's rows are the same */
    }
    return found;
}

clade_status cld_wish_check(const char *prefer, clade_error *err) {
    cld_wish item, name, choice;
    while (next_item(&prefer, &item)) {
        if (!split_item(item, &name, &choice))
            return cld_fail(err, CLADE_ERR_ARGUMENT, "prefer_impl '%.*s' is not of the form Op=row", item.size,
                            item.text);
        const cld_op *op = find(name);
        if (!op)
            return cld_fail(err, CLADE_ERR_NOT_FOUND, "prefer_impl '%.*s': there is no operator '%.*s'", item.size,
                            item.text, name.size, name.text);
        CLD_RETURN(check_choice(item, op->name, op->impls, choice, err));
    }
    return CLADE_OK;
}
