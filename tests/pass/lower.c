/* SPDX-License-Identifier: Apache-2.0 */
/* What has an expansion stays as it came until it is lowered; then its values keep their names, and outputs their
 * order. */
#include "test.h"
#include "written.h"

static clade_error err;

#define HEAD "graph g(x:float32[4]) -> neg:float32[4], gelu:float32[4], sum:float32[4]\n"
static const char lowered[] = HEAD "  %4:float32[] = {0.707106769}\n"
                                   "  %7:float32[] = {1.0}\n"
                                   "  %9:float32[] = {0.5}\n"
                                   "  %5:float32[4] = Mul(x, %4:float32[])  # gelu/Mul_5\n"
                                   "  %6:float32[4] = Erf(%5)  # gelu/Erf_6\n"
                                   "  %8:float32[4] = Add(%6, %7:float32[])  # gelu/Add_8\n"
                                   "  %10:float32[4] = Mul(x, %9:float32[])  # gelu/Mul_10\n"
                                   "  gelu:float32[4] = Mul(%10, %8)  # gelu/Mul_11\n"
                                   "  sum:float32[4] = Add(gelu, x)  # sum\n"
                                   "  neg:float32[4] = Neg(gelu)  # neg\n";

START_TEST(whole_until_lowered) {
    check_pass(cld_pass_lower,
               HEAD "  gelu:float32[4] = Gelu(x)  # gelu\n"
                    "  sum:float32[4] = Add(gelu, x)  # sum\n"
                    "  neg:float32[4] = Neg(gelu)  # neg\n",
               lowered);
    check_left(cld_pass_lower, lowered);
}
END_TEST

/* An operator without an evaluation of its own, on values that are known, is folded at once: others may need its value.
 */
START_TEST(known_values_are_known_at_once) {
    cld_graph *graph = written("graph g(y:float32[3]) -> x\n"
                               "  x:float32[3] = {-1.0,0.0,1.0}\n");
    const cld_value_id x = graph->outputs[0];
    cld_build build = { .graph = graph, .node = "test", .whole = true };
    cld_value_id y;
    ck_ok(cld_build_op(&build, "HardSwish", &x, 1, NULL, 0, &y, &err), err);
    const clade_tensor *known = cld_graph_at(graph, y)->constant;
    ck_assert_ptr_nonnull(known);
    ck_assert_double_eq_tol(cld_tensor_get(known, 2), 4.0 / 6, 1e-6);
    cld_graph_free(graph);
}
END_TEST

Suite *suite_pass_lower(void);
Suite *suite_pass_lower(void) {
    Suite *suite = suite_create("pass/lower");
    TCase *tcase = tcase_create("lower");
    tcase_add_test(tcase, whole_until_lowered);
    tcase_add_test(tcase, known_values_are_known_at_once);
    suite_add_tcase(suite, tcase);
    return suite;
}
