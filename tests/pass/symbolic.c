/* SPDX-License-Identifier: Apache-2.0 */
/* Symbolic output shapes: linear forms, products, quotients, and the cases that stay "?". */
#include "pass/pass.h"
#include "test.h"

static clade_error err;
static cld_graph *model;

static void begin(void) { model = cld_graph_new(NULL, "model"); }
static void end(void) { cld_graph_free(model); }

static cld_value_id input(const char *name, clade_dtype dtype, const char *dim0, const char *dim1, int64_t fixed1) {
    cld_type type = { dtype, 2, { -1, dim1 ? -1 : fixed1 } };
    cld_value_id id = cld_graph_input(model, name, &type);
    cld_graph_at(model, id)->dim_names[0] = dim0;
    cld_graph_at(model, id)->dim_names[1] = dim1;
    return id;
}

static cld_value_id node(const char *type, const cld_value_id *in, int32_t n_in, cld_attr *attr, int32_t n_attr) {
    cld_type unknown = { .rank = -1 };
    cld_value_id result = cld_graph_value(model, NULL, &unknown), inputs[2];
    char reason[160];
    memcpy(inputs, in, (size_t)n_in * sizeof *in);
    cld_node proto = { .name = type,
                       .domain = "",
                       .type = type,
                       .opset = 13,
                       .n_in = n_in,
                       .n_out = 1,
                       .n_attr = n_attr,
                       .in = inputs,
                       .out = &result,
                       .attr = attr };
    proto.op = cld_op_find("", type, 13, reason, sizeof reason);
    ck_assert_msg(proto.op != NULL, "%s", reason);
    ck_assert(cld_graph_node(model, &proto) != NULL);
    return result;
}

static cld_value_id reshape(cld_value_id x, const clade_tensor *shape) {
    cld_value_id in[] = { x, cld_graph_constant(model, NULL, shape) };
    return node("Reshape", in, 2, NULL, 0);
}

static void expect(cld_value_id output, const char *want) {
    cld_text text = { 0 };
    ck_assert(cld_graph_output(model, output));
    ck_ok(cld_graph_verify(model, &err), err);
    ck_ok(cld_pass_symbolic(model, 0, &text, &err), err);
    ck_assert_str_eq(text.data, want);
    cld_text_free(&text);
}

static int64_t flat[] = { -1 }, eights[] = { -1, 8 };
static const clade_tensor to_flat = { CLADE_INT64, 1, { 1 }, flat, sizeof flat };
static const clade_tensor to_eights = { CLADE_INT64, 1, { 2 }, eights, sizeof eights };

START_TEST(linear) {
    cld_attr axis = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = 0 };
    cld_value_id in[2] = { input("x", CLADE_FLOAT32, "N", NULL, 3), input("y", CLADE_FLOAT32, "M", NULL, 3) };
    cld_value_id twice[2] = { in[0], in[0] };
    twice[1] = node("Concat", twice, 2, &axis, 1);
    twice[0] = in[1];
    expect(node("Concat", twice, 2, &axis, 1), "float32[2*N+M,3]");
}
END_TEST

/* A hostile file's dimensions are not computed with. */
START_TEST(huge) {
    cld_value_id x = input("x", CLADE_INT8, "N", NULL, INT64_C(1) << 50);
    expect(node("Identity", &x, 1, NULL, 0), "int8[N,?]");
}
END_TEST

START_TEST(one_name_is_one_symbol) {
    cld_attr axis = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = 1 };
    cld_value_id in[2] = { input("x", CLADE_INT64, "N", NULL, 3), input("y", CLADE_INT64, "N", NULL, 4) };
    expect(node("Concat", in, 2, &axis, 1), "int64[N,7]");
}
END_TEST

START_TEST(product) { expect(reshape(input("x", CLADE_FLOAT32, "N", "T", 0), &to_flat), "float32[N*T]"); }
END_TEST

START_TEST(quotient) { expect(reshape(input("x", CLADE_FLOAT32, "N", NULL, 2), &to_eights), "float32[N/4,8]"); }
END_TEST

START_TEST(unnamed_dimension_is_named_after_its_input) {
    expect(input("x", CLADE_FLOAT32, NULL, NULL, 5), "float32[x.0,5]");
}
END_TEST

START_TEST(data_decides) {
    cld_type list = { CLADE_INT64, 1, { 2 } };
    cld_value_id in[2] = { input("x", CLADE_FLOAT32, "N", NULL, 3), cld_graph_input(model, "shape", &list) };
    expect(node("Reshape", in, 2, NULL, 0), "?");
}
END_TEST

Suite *suite_pass_symbolic(void);
Suite *suite_pass_symbolic(void) {
    Suite *suite = suite_create("pass_symbolic");
    TCase *tcase = tcase_create("symbolic");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, linear);
    tcase_add_test(tcase, huge);
    tcase_add_test(tcase, one_name_is_one_symbol);
    tcase_add_test(tcase, product);
    tcase_add_test(tcase, quotient);
    tcase_add_test(tcase, unnamed_dimension_is_named_after_its_input);
    tcase_add_test(tcase, data_decides);
    suite_add_tcase(suite, tcase);
    return suite;
}
