/* SPDX-License-Identifier: Apache-2.0 */
/* A graph's text: the elements of tensors, and attributes. Hostile like scan.c's; tensors have a bound together. */
#include "graph/words.h"

static const size_t most_bytes = (size_t)1 << 28; /* of the tensors of one text */

/* ---- tensors -------------------------------------------------------------------------------------------------- */

static clade_status new_tensor(cld_scan *scan, const cld_type *type, clade_tensor **out) {
    if (!cld_type_static(type))
        return cld_scan_fail(scan, "a type that is known in full before this");
    const size_t bytes = cld_type_bytes(type);
    if (bytes > most_bytes - scan->held)
        return cld_fail(scan->err, CLADE_ERR_LIMIT, "line %d: tensors take more than %zu bytes", (int)scan->line,
                        most_bytes);
    scan->held += bytes;
    *out = cld_tensor_new(scan->arena, type);
    return *out != NULL ? CLADE_OK : cld_no_memory(scan->err, "a tensor of a graph");
}

static clade_status scan_item(cld_scan *scan, clade_tensor *tensor, int64_t i) {
    int64_t whole;
    if (cld_dtype_in(tensor->dtype, CLD_FLOATS))
        return cld_scan_float(scan, tensor->dtype, (char *)tensor->data + (size_t)i * clade_dtype_size(tensor->dtype));
    CLD_RETURN(cld_scan_int(scan, tensor->dtype == CLADE_UINT64, &whole));
    cld_tensor_set_int(tensor, i, whole);
    return cld_tensor_get_int(tensor, i) == whole ? CLADE_OK
                                                  : cld_scan_fail(scan, "a value that the type holds before this");
}

/* All elements are as the first one is. */
static void spread(clade_tensor *tensor) {
    const size_t item = clade_dtype_size(tensor->dtype);
    char *data = tensor->data;
    for (size_t at = item; at < tensor->size_bytes; at += item)
        memcpy(data + at, data, item);
}

/* Numbers up to "}" or "...": as many as the type has, or one that stands for all. */
static clade_status scan_items(cld_scan *scan, clade_tensor *tensor) {
    const int64_t count = clade_tensor_count(tensor);
    int64_t i = 0;
    if (count > 0)
        do {
            if (i == count)
                return cld_scan_fail(scan, "no element more than the type has");
            CLD_RETURN(scan_item(scan, tensor, i++));
        } while (cld_scan_take(scan, ","));
    if (i == 1 && cld_scan_take(scan, "..."))
        spread(tensor);
    else if (i < count)
        return cld_scan_fail(scan, "another element, as many as the type has");
    return CLADE_OK;
}

static clade_status scan_bytes(cld_scan *scan, clade_tensor *tensor) {
    const unsigned char *data = tensor->data;
    CLD_RETURN(cld_scan_hex(scan, tensor->data, tensor->size_bytes));
    for (size_t k = 0; tensor->dtype == CLADE_BOOL && k < tensor->size_bytes; k++)
        if (data[k] > 1)
            return cld_scan_fail(scan, "00 or 01 for every element before this");
    return CLADE_OK;
}

clade_status cld_scan_data(cld_scan *scan, const cld_type *type, const clade_tensor **out) {
    clade_tensor *tensor;
    CLD_RETURN(cld_scan_want(scan, "{"));
    if (cld_scan_take(scan, "..."))
        return cld_fail(scan->err, CLADE_ERR_FORMAT, "line %d: elements that the text leaves out cannot be read back",
                        (int)scan->line);
    CLD_RETURN(new_tensor(scan, type, &tensor));
    CLD_RETURN(cld_scan_take(scan, "hex ") ? scan_bytes(scan, tensor) : scan_items(scan, tensor));
    *out = tensor;
    return cld_scan_want(scan, "}");
}

/* ---- attributes ----------------------------------------------------------------------------------------------- */

static clade_status scan_list(cld_scan *scan, cld_attr *attr, size_t item_bytes,
                              clade_status (*item)(cld_scan *scan, void *out)) {
    void *items = NULL;
    int32_t capacity = 0;
    if (!cld_scan_take(scan, "]")) {
        do {
            if (attr->count == INT32_MAX ||
                !cld_arena_grow(scan->arena, &items, &capacity, attr->count + 1, item_bytes))
                return cld_no_memory(scan->err, "an attribute of a graph");
            CLD_RETURN(item(scan, (char *)items + (size_t)attr->count++ * item_bytes));
        } while (cld_scan_take(scan, ","));
        CLD_RETURN(cld_scan_want(scan, "]"));
    }
    attr->u.ints = items; /* whichever pointer of the union it is */
    return CLADE_OK;
}

static clade_status int_item(cld_scan *scan, void *out) { return cld_scan_int(scan, false, out); }
static clade_status float_item(cld_scan *scan, void *out) { return cld_scan_float(scan, CLADE_FLOAT32, out); }
static clade_status string_item(cld_scan *scan, void *out) { return cld_scan_quoted(scan, out); }

static clade_status scan_ints(cld_scan *scan, cld_attr *attr) {
    return scan_list(scan, attr, sizeof *attr->u.ints, int_item);
}
static clade_status scan_floats(cld_scan *scan, cld_attr *attr) {
    return scan_list(scan, attr, sizeof *attr->u.floats, float_item);
}
static clade_status scan_strings(cld_scan *scan, cld_attr *attr) {
    return scan_list(scan, attr, sizeof *attr->u.strings, string_item);
}
static clade_status scan_string(cld_scan *scan, cld_attr *attr) {
    scan->at--; /* the quotation mark */
    return cld_scan_quoted(scan, &attr->u.s);
}
static clade_status scan_graph(cld_scan *scan, cld_attr *attr) {
    CLD_RETURN(cld_scan_word(scan, &attr->u.s));
    return cld_scan_want(scan, ")");
}

/* How the value of each kind begins; a number and a tensor by what they are made of. */
static const struct {
    const char *start;
    cld_attr_kind kind;
    clade_status (*scan)(cld_scan *scan, cld_attr *attr);
} forms[] = {
    { "\"", CLD_ATTR_STRING, scan_string },      { "[", CLD_ATTR_INTS, scan_ints },
    { "floats[", CLD_ATTR_FLOATS, scan_floats }, { "strings[", CLD_ATTR_STRINGS, scan_strings },
    { "graph(", CLD_ATTR_GRAPH, scan_graph },
};

static clade_status scan_tensor(cld_scan *scan, cld_attr *attr) {
    cld_value value = { 0 };
    attr->kind = CLD_ATTR_TENSOR;
    CLD_RETURN(cld_scan_type(scan, &value));
    return cld_scan_data(scan, &value.type, &attr->u.tensor);
}

static clade_status scan_number(cld_scan *scan, cld_attr *attr) {
    char digits[64];
    CLD_RETURN(cld_scan_digits(scan, digits, sizeof digits));
    attr->kind = strpbrk(digits, ".en") != NULL ? CLD_ATTR_FLOAT : CLD_ATTR_INT; /* inf and nan have an n */
    return attr->kind == CLD_ATTR_INT ? cld_scan_int(scan, false, &attr->u.i)
                                      : cld_scan_float(scan, CLADE_FLOAT32, &attr->u.f);
}

clade_status cld_scan_attr(cld_scan *scan, cld_attr *out) {
    *out = (cld_attr){ 0 };
    CLD_RETURN(cld_scan_word(scan, &out->name));
    CLD_RETURN(cld_scan_want(scan, "="));
    for (size_t k = 0; k < CLD_COUNT(forms); k++)
        if (cld_scan_take(scan, forms[k].start)) {
            out->kind = forms[k].kind;
            return forms[k].scan(scan, out);
        }
    const size_t letters = strspn(scan->at, "abcdefghijklmnopqrstuvwxyz0123456789");
    return letters > 0 && scan->at[letters] == '[' ? scan_tensor(scan, out) : scan_number(scan, out);
}
