/* SPDX-License-Identifier: Apache-2.0 */
/* float32 values held as float16: which nodes read them so, what is cast, and what stays. */
#include "test.h"
#include "written.h"

static clade_error err;

static clade_status halve(cld_graph *graph, clade_error *out) {
    graph->storage = CLADE_FLOAT16;
    CLD_RETURN(cld_pass_halve(graph, out));
    return cld_pass_dead(graph, out);
}

/* Conv gains, Relu follows, Exp does not, and takes the first cast back; outputs keep their type. */
START_TEST(gains_and_follows) {
    check_pass(halve,
               "graph g(x:float32[1,1,4,4]) -> y:float32[1,1,4,4], z:float32[1,1,4,4]\n"
               "  w:float32[1,1,1,1] = {0.1}\n"
               "  a:float32[1,1,4,4] = Conv(x, w:float32[1,1,1,1])  # conv\n"
               "  y:float32[1,1,4,4] = Relu(a)  # relu\n"
               "  z:float32[1,1,4,4] = Exp(y)  # exp\n",
               "graph g(x:float32[1,1,4,4]) -> y:float32[1,1,4,4], z:float32[1,1,4,4]\n"
               "  w/half:float16[1,1,1,1] = {0.0999756}\n"
               "  x/half:float16[1,1,4,4] = Cast(x) to=10  # x/half\n"
               "  a/half:float16[1,1,4,4] = Conv(x/half, w/half:float16[1,1,1,1])  # conv\n"
               "  y/half:float16[1,1,4,4] = Relu(a/half)  # relu\n"
               "  y:float32[1,1,4,4] = Cast(y/half) to=1  # y\n"
               "  z:float32[1,1,4,4] = Exp(y)  # exp\n");
}
END_TEST

/* What reads both kinds is of the wider one; a value is cast once, however many read it. */
START_TEST(mixed) {
    check_pass(halve,
               "graph g(x:float32[2,2], y:float32[2,2]) -> z:float32[2,2]\n"
               "  a:float32[2,2] = MatMul(x, x)  # a\n"
               "  b:float32[2,2] = Add(a, y)  # b\n"
               "  c:float32[2,2] = MatMul(b, a)  # c\n"
               "  z:float32[2,2] = Sub(c, a)  # d\n",
               "graph g(x:float32[2,2], y:float32[2,2]) -> z:float32[2,2]\n"
               "  x/half:float16[2,2] = Cast(x) to=10  # x/half\n"
               "  a/half:float16[2,2] = MatMul(x/half, x/half)  # a\n"
               "  a:float32[2,2] = Cast(a/half) to=1  # a\n"
               "  b:float32[2,2] = Add(a, y)  # b\n"
               "  b/half:float16[2,2] = Cast(b) to=10  # b/half\n"
               "  c/half:float16[2,2] = MatMul(b/half, a/half)  # c\n"
               "  z/half:float16[2,2] = Sub(c/half, a/half)  # d\n"
               "  z:float32[2,2] = Cast(z/half) to=1  # z\n");
}
END_TEST

/* Other types, outputs that nobody wants, inputs that are absent. */
START_TEST(other_types) {
    check_pass(halve,
               "graph g(x:float32[1,1,4,4], n:float64[2,2]) -> y:float32[1,1,2,2], i:int64[1,1,2,2], m:float64[2,2]\n"
               "  w:float32[1,1,1,1] = {0.5}\n"
               "  a:float32[1,1,4,4] = Conv(x, w:float32[1,1,1,1])  # conv\n"
               "  y:float32[1,1,2,2], i:int64[1,1,2,2] = MaxPool(a) kernel_shape=[3,3]  # pool\n"
               "  m:float64[2,2] = MatMul(n, n)  # product\n",
               "graph g(x:float32[1,1,4,4], n:float64[2,2]) -> y:float32[1,1,2,2], i:int64[1,1,2,2], m:float64[2,2]\n"
               "  w/half:float16[1,1,1,1] = {0.5}\n"
               "  x/half:float16[1,1,4,4] = Cast(x) to=10  # x/half\n"
               "  a/half:float16[1,1,4,4] = Conv(x/half, w/half:float16[1,1,1,1])  # conv\n"
               "  y/half:float16[1,1,2,2], i:int64[1,1,2,2] = MaxPool(a/half) kernel_shape=[3,3]  # pool\n"
               "  m:float64[2,2] = MatMul(n, n)  # product\n"
               "  y:float32[1,1,2,2] = Cast(y/half) to=1  # y\n");
}
END_TEST

/* 65504 is the largest that float16 holds. */
static const char weighted[] = "graph g(x:float32[1,2]) -> y:float32[1,1]\n"
                               "  w:float32[2,1] = {1.0,%}\n"
                               "  y:float32[1,1] = MatMul(x, w:float32[2,1])  # y\n";

START_TEST(constants_beyond) {
    static const char *const beyond[] = { "65505.0", "-70000.0", "inf", "nan" };
    for (size_t k = 0; k < CLD_COUNT(beyond); k++)
        check_left(halve, replaced(weighted, "%", beyond[k]));
    check_pass(halve, replaced(weighted, "%", "-65504.0"),
               "graph g(x:float32[1,2]) -> y:float32[1,1]\n"
               "  w/half:float16[2,1] = {1.0,-65504.0}\n"
               "  x/half:float16[1,2] = Cast(x) to=10  # x/half\n"
               "  y/half:float16[1,1] = MatMul(x/half, w/half:float16[2,1])  # y\n"
               "  y:float32[1,1] = Cast(y/half) to=1  # y\n");
}
END_TEST

START_TEST(unless_wanted) { check_left(cld_pass_halve, replaced(weighted, "%", "2.0")); }
END_TEST

/* Constants of a model are converted once for all its graphs. */
START_TEST(conversions_are_shared) {
    cld_graph *model = written(replaced(weighted, "%", "2.0")), *graphs[2];
    const clade_tensor *made[2];
    model->derived = cld_derived_new(model);
    ck_assert_ptr_nonnull(model->derived);
    for (int k = 0; k < 2; k++) {
        graphs[k] = cld_graph_copy(model);
        ck_assert_ptr_nonnull(graphs[k]);
        graphs[k]->derived = model->derived;
        ck_ok(halve(graphs[k], &err), err);
        made[k] = cld_graph_at(graphs[k], graphs[k]->nodes[1].in[1])->constant;
        ck_assert_int_eq(made[k]->dtype, CLADE_FLOAT16);
    }
    ck_assert_ptr_eq(made[0], made[1]);
    ck_assert(cld_derived_stays(model->derived, made[0])); /* so that others may be made of it in turn */
    cld_derived_free(model->derived);
    cld_graph_free(model);
}
END_TEST

Suite *suite_pass_halve(void);
Suite *suite_pass_halve(void) {
    Suite *suite = suite_create("pass/halve");
    TCase *tcase = tcase_create("halve");
    tcase_add_test(tcase, gains_and_follows);
    tcase_add_test(tcase, mixed);
    tcase_add_test(tcase, other_types);
    tcase_add_test(tcase, constants_beyond);
    tcase_add_test(tcase, unless_wanted);
    tcase_add_test(tcase, conversions_are_shared);
    suite_add_tcase(suite, tcase);
    return suite;
}
