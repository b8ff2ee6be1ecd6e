/* SPDX-License-Identifier: Apache-2.0 */
/* What no operator takes, drawn from its descriptor: too few and too many inputs and outputs, inputs that are missing,
 * or of every other type and rank; attributes that are far off. Each such node is refused with one line that begins
 * with its operator and name (what it expands to has a name that begins with its own), or is taken; nothing is an
 * internal error. limits.def says what is taken, one line for each descriptor; a weaker or a stricter check is another
 * line, which the test prints.
 */
#include <math.h>
#include <stdio.h>

#include "op/samples.h"

static op_rig rig;

static void setup(void) {
    op_begin(&rig);
    rig.host->max_folded_bytes = 1 << 20; /* what is larger is left to a device, unless only the host runs it */
}
static void teardown(void) { op_end(&rig); }

static const cld_op *op_at(int32_t k) {
    int32_t count;
    const cld_op *const *all = cld_op_all(&count);
    return k < count && sample_exists(all[k]) ? all[k] : NULL;
}

/* True: the node is taken. Else the line must say whose it is. */
static bool is_taken(const op_node *node) {
    const clade_tensor *out[2 * OP_INPUTS];
    char start[96];
    rig.err = (clade_error){ 0 };
    const clade_status status = op_on_host(&rig, node, out);
    const char *line = rig.err.message;
    if (status == CLADE_OK)
        return true;
    snprintf(start, sizeof start, " '%s_", node->type);
    ck_assert_msg(strchr(line, ' ') && strncmp(strchr(line, ' '), start, strlen(start)) == 0,
                  "%s: \"%s\" does not name the node", node->type, line);
    ck_assert_msg(strpbrk(line, "\r\n") == NULL, "\"%s\" is not one line", line);
    ck_assert_msg(status != CLADE_ERR_INTERNAL, "%s", line);
    return false;
}

/* ---- how many ---------------------------------------------------------------------------------------------------- */

static void refused(const op_node *node, const char *part) {
    ck_assert_msg(!is_taken(node), "%s is taken, not refused: %s", node->type, part);
    ck_assert_msg(strstr(rig.err.message, part) != NULL, "\"%s\" lacks \"%s\"", rig.err.message, part);
}

START_TEST(arity) {
    const cld_op *op = op_at(_i);
    char part[64];
    if (!op)
        return;
    const op_node good = sample_of(&rig, op, NULL);
    ck_assert_msg(is_taken(&good), "%s", rig.err.message);
    op_node node = good;
    snprintf(part, sizeof part, "takes %d to %d inputs", op->min_in, op->max_in);
    for (node.n_in = 0; node.n_in < op->min_in; node.n_in++)
        refused(&node, part);
    if (op->max_in >= 0) {
        ck_assert_int_lt(op->max_in, OP_INPUTS);
        for (int32_t k = 0; k <= op->max_in; k++)
            node.in[k] = good.in[0];
        node.n_in = op->max_in + 1;
        refused(&node, part);
    }
    for (int32_t k = 0; k < op->min_in; k++) {
        node = good;
        node.in[k] = NULL;
        snprintf(part, sizeof part, "input %d is not optional", (int)k);
        refused(&node, part);
    }
    node = good;
    snprintf(part, sizeof part, "gives %d to %d outputs", op->min_out, op->max_out);
    if (op->max_out >= 0 && op->max_out < OP_INPUTS) {
        node.n_out = op->max_out + 1;
        refused(&node, part);
    }
}
END_TEST

/* ---- of which types and ranks ------------------------------------------------------------------------------------ */

static const struct {
    char letter;
    clade_dtype dtype;
} types[] = { { 'f', CLADE_FLOAT32 }, { 'h', CLADE_FLOAT16 }, { 'd', CLADE_FLOAT64 }, { 'b', CLADE_BOOL },
              { 's', CLADE_INT8 },    { 'S', CLADE_INT16 },   { 'i', CLADE_INT32 },   { 'l', CLADE_INT64 },
              { 'u', CLADE_UINT8 },   { 'U', CLADE_UINT16 },  { 'I', CLADE_UINT32 },  { 'L', CLADE_UINT64 } };

static const int64_t whole[] = { INT64_MIN, -100, -3, -2, -1, 0, 1, 2, 3, 4, 5, 100, INT64_MAX };
static const float real[] = { -INFINITY, -1, 0, 1, INFINITY, NAN };

/* The same numbers as another type, over and over. */
static const clade_tensor *as(const clade_tensor *from, const cld_type *type) {
    clade_tensor *to = cld_tensor_new(rig.graph->arena, type);
    const int64_t count = CLD_MAX(clade_tensor_count(from), 1);
    for (int64_t i = 0; i < clade_tensor_count(to); i++)
        cld_tensor_set(to, i, cld_tensor_get(from, i % count));
    return to;
}

static const clade_tensor *with_dtype(const clade_tensor *from, clade_dtype dtype) {
    cld_type type = cld_tensor_type(from);
    type.dtype = dtype;
    return as(from, &type);
}

/* The last dimensions, or all of them behind ones. */
static const clade_tensor *with_rank(const clade_tensor *from, int32_t rank) {
    cld_type type = { .dtype = from->dtype, .rank = rank };
    for (int32_t d = 0; d < rank; d++)
        type.dims[rank - 1 - d] = d < from->rank ? from->dims[from->rank - 1 - d] : 1;
    return as(from, &type);
}

/* Types that all inputs of the first one's type may have together. */
static void write_types(cld_text *out, const op_node *good) {
    for (size_t t = 0; t < CLD_COUNT(types); t++) {
        op_node node = *good;
        for (int32_t k = 0; k < node.n_in; k++)
            if (node.in[k] && node.in[k]->dtype == good->in[0]->dtype)
                node.in[k] = with_dtype(node.in[k], types[t].dtype);
        if (is_taken(&node))
            cld_text_addn(out, &types[t].letter, 1);
    }
}

/* Of each dimension, which of none, one, one more and twice as many it may be: a hexadecimal digit. */
static void write_dims(cld_text *out, const op_node *good, int32_t k) {
    op_node node = *good;
    for (int32_t d = 0; node.in[k] && d < good->in[k]->rank; d++) {
        cld_type type = cld_tensor_type(good->in[k]);
        const int64_t n = type.dims[d], sizes[] = { 0, 1, n + 1, 2 * n };
        unsigned taken = 0;
        for (unsigned s = 0; s < CLD_COUNT(sizes); s++) {
            type.dims[d] = sizes[s];
            node.in[k] = as(good->in[k], &type);
            taken |= (unsigned)is_taken(&node) << s;
        }
        cld_text_printf(out, "%s%x", d ? "" : ":", taken);
    }
}

/* Which first elements it may have, of whole or real: letters. */
static void write_elements(cld_text *out, const op_node *good, int32_t k) {
    const cld_type type = cld_tensor_type(good->in[k]);
    const bool is_float = cld_dtype_in(type.dtype, CLD_FLOATS);
    op_node node = *good;
    cld_text_add(out, "/");
    for (size_t e = 0; e < (is_float ? CLD_COUNT(real) : CLD_COUNT(whole)); e++) {
        const char letter = (char)('a' + e);
        clade_tensor *tensor = cld_tensor_new(rig.graph->arena, &type);
        memcpy(tensor->data, good->in[k]->data, tensor->size_bytes);
        if (is_float)
            cld_tensor_set(tensor, 0, (double)real[e]);
        else
            cld_tensor_set_int(tensor, 0, whole[e]);
        node.in[k] = tensor;
        if (is_taken(&node))
            cld_text_addn(out, &letter, 1);
    }
}

/* Types and ranks that input k alone may have, and sizes and elements. */
static void write_input(cld_text *out, const op_node *good, int32_t k) {
    enum { MOST_RANK = 6 };
    op_node node = *good;
    cld_text_add(out, " ");
    for (size_t t = 0; t < CLD_COUNT(types) && node.in[k]; t++) {
        node.in[k] = with_dtype(good->in[k], types[t].dtype);
        if (is_taken(&node))
            cld_text_addn(out, &types[t].letter, 1);
    }
    for (int32_t rank = 0; rank <= MOST_RANK && node.in[k]; rank++) {
        node.in[k] = with_rank(good->in[k], rank);
        if (is_taken(&node))
            cld_text_printf(out, "%d", (int)rank);
    }
    write_dims(out, good, k);
    if (good->in[k] && (good->in[k]->dtype == CLADE_INT64 || good->known >> k & 1))
        write_elements(out, good, k);
}

/* ---- with which attributes --------------------------------------------------------------------------------------- */

static void set_attr(op_node *node, const op_node *good, cld_attr attr) {
    *node = *good;
    node->n_attr = 0;
    node->attr = NULL;
    for (int32_t k = 0; k < good->n_attr; k++)
        if (strcmp(good->attr[k].name, attr.name) != 0)
            op_attr(&rig, node, good->attr[k]);
    op_attr(&rig, node, attr);
}

/* Values of the kind; false: there are no more. */
static bool attr_value(cld_attr *attr, const cld_attr_rule *rule, size_t k) {
    static const char *const texts[] = { "", "zzz" };
    /* values and how many */
    static const int64_t lists[][5] = { { 1, 1, 1, 1, 1 },
                                        { 0, 0, 0, 0, 0 },
                                        { -1, -1, -1, -1, -1 },
                                        { INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX },
                                        { 0, 1, 2, 3, 4 } };
    attr->name = rule->name;
    attr->kind = rule->kind;
    switch (rule->kind) {
    case CLD_ATTR_INT:
        attr->u.i = whole[k % CLD_COUNT(whole)];
        return k < CLD_COUNT(whole);
    case CLD_ATTR_FLOAT:
        attr->u.f = real[k % CLD_COUNT(real)];
        return k < CLD_COUNT(real);
    case CLD_ATTR_STRING:
        attr->u.s = texts[k % CLD_COUNT(texts)];
        return k < CLD_COUNT(texts);
    case CLD_ATTR_INTS:
        attr->u.ints = lists[k / 5 % CLD_COUNT(lists)];
        attr->count = (int32_t)(k % 5 + 1);
        return k / 5 < CLD_COUNT(lists);
    default:
        return false;
    }
}

/* Its name, and for each value whether it is taken: a letter, in alphabetical order. */
static void write_attributes(cld_text *out, const cld_op *op, const op_node *good) {
    cld_attr_rule rule;
    for (const char *text = op->attrs; cld_attr_rule_next(&rule, &text);) {
        if (good->opset < rule.since || good->opset > rule.until)
            continue;
        cld_text_printf(out, " %s=", rule.name);
        cld_attr attr;
        for (size_t k = 0; attr_value(&attr, &rule, k); k++) {
            op_node node;
            char letter = (char)('a' + k);
            set_attr(&node, good, attr);
            if (is_taken(&node))
                cld_text_addn(out, &letter, 1);
        }
    }
}

static const struct {
    const char *op, *taken;
} lines[] = {
#define TAKEN(op, taken) { op, taken },
#include "limits.def"
#undef TAKEN
};

START_TEST(types_ranks_and_attributes) {
    const cld_op *op = op_at(_i);
    char name[64];
    const char *want = "nothing";
    cld_text text = { 0 };
    if (!op)
        return;
    const op_node good = sample_of(&rig, op, NULL);
    write_types(&text, &good);
    for (int32_t k = 0; k < good.n_in; k++)
        write_input(&text, &good, k);
    write_attributes(&text, op, &good);
    snprintf(name, sizeof name, "%s@%d", op->name, (int)op->since);
    for (size_t k = 0; k < CLD_COUNT(lines); k++)
        if (strcmp(lines[k].op, name) == 0)
            want = lines[k].taken;
    ck_assert_msg(strcmp(text.data, want) == 0, "limits.def has %s, not\nTAKEN(\"%s\", \"%s\")", want, name, text.data);
    cld_text_free(&text);
}
END_TEST

Suite *suite_op_limits(void);
Suite *suite_op_limits(void) {
    int32_t count;
    cld_op_all(&count);
    Suite *suite = suite_create("op/limits");
    TCase *tcase = tcase_create("op/limits");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, arity, 0, count);
    tcase_add_loop_test(tcase, types_ranks_and_attributes, 0, count);
    suite_add_tcase(suite, tcase);
    return suite;
}
