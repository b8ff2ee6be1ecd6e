/* SPDX-License-Identifier: Apache-2.0 */
/* BatchNormalization folded into the Convs behind it: the new weights and bias, and every case in which the graph must
 * stay as it is. The numbers are such that nothing is rounded: a channel's x becomes 3 x - 1.25, 5 x - 4.5, 7 x - 9.5
 * and 9 x - 16.
 */
#include "test.h"
#include "written.h"

#define WEIGHTS "  w:float32[2,2,2] = {1.0,1.0,2.0,2.0,1.0,-1.0,0.5,0.5}\n"
#define MEAN "  mean:float32[4] = {0.5,1.0,1.5,2.0}\n"
#define BIAS "  b:float32[2] = {0.5,1.5}\n"

/* Conv in two groups, with and without bias. */
static const char before[] =
    "graph g(x) -> y, z\n"
    "  scale:float32[4] = {3.0,10.0,28.0,9.0}\n"
    "  shift:float32[4] = {0.25,0.5,1.0,2.0}\n" MEAN "  variance:float32[4] = {0.25,3.25,15.25,0.25}\n" WEIGHTS BIAS
    "  hidden = Relu(x)  # relu\n"
    "  normed = BatchNormalization(hidden, scale, shift, mean, variance) epsilon=0.75  # norm\n"
    "  y = Conv(normed, w, b) group=2  # first\n"
    "  z = Conv(normed, w) group=2  # second\n";

START_TEST(folds) {
    check_pass(cld_pass_fold_scale, before,
               "graph g(x) -> y, z\n"
               "  y/folded_weight:float32[2,2,2] = {3.0,3.0,10.0,10.0,7.0,-7.0,4.5,4.5}\n"
               "  y/folded_bias:float32[2] = {-20.0,-14.5}\n"
               "  z/folded_weight:float32[2,2,2] = {3.0,3.0,10.0,10.0,7.0,-7.0,4.5,4.5}\n"
               "  z/folded_bias:float32[2] = {-20.5,-16.0}\n"
               "  hidden = Relu(x)  # relu\n"
               "  y = Conv(hidden, y/folded_weight:float32[2,2,2], y/folded_bias:float32[2]) group=2  # first\n"
               "  z = Conv(hidden, z/folded_weight:float32[2,2,2], z/folded_bias:float32[2]) group=2  # second\n");
}
END_TEST

/* A shift alone leaves the weights; a scale alone makes no bias. */
START_TEST(folds_what_is_spelled_out) {
    check_pass(cld_pass_fold_scale,
               "graph g(x) -> y, z\n"
               "  c:float32[2,1] = {3.0,5.0}\n"
               "  w:float32[1,2,2] = {1.0,1.0,2.0,2.0}\n"
               "  b:float32[1] = {0.5}\n"
               "  hidden = Relu(x)  # relu\n"
               "  s = Mul(c, hidden)\n"
               "  t = Add(hidden, c)\n"
               "  y = Conv(s, w)  # first\n"
               "  z = Conv(t, w, b)  # second\n",
               "graph g(x) -> y, z\n"
               "  w:float32[1,2,2] = {1.0,1.0,2.0,2.0}\n"
               "  y/folded_weight:float32[1,2,2] = {3.0,3.0,10.0,10.0}\n"
               "  z/folded_bias:float32[1] = {26.5}\n"
               "  hidden = Relu(x)  # relu\n"
               "  y = Conv(hidden, y/folded_weight:float32[1,2,2])  # first\n"
               "  z = Conv(hidden, w:float32[1,2,2], z/folded_bias:float32[1])  # second\n");
}
END_TEST

/* From what to what, once or twice. */
static const char *const changes[][4] = {
    { "group=2  # second", "group=2 pads=[1,0]  # second" },
    { "group=2  # first", "group=2 auto_pad=\"SAME_UPPER\"  # first" },
    { "-> y, z", "-> y, z, normed" },
    { "Conv(normed, w) group=2", "Relu(normed)" },                     /* another reader */
    { "Conv(normed, w) group=2", "Conv(hidden, normed) group=2" },     /* read as weights */
    { "Conv(normed, w, b)", "Conv(normed, v, b)", "g(x)", "g(x, v)" }, /* no constants */
    { "g(x)", "g(x, b)", BIAS, "" },
    { "g(x)", "g(x, mean)", MEAN, "" },
    { "group=2  # first", " # first" }, /* other channels, another type */
    { "Conv(normed, w, b)", "Conv(normed, v, b)", BIAS, BIAS "  v:float64[2,2,2] = {1.0 ...}\n" },
};

START_TEST(left_alone) {
    const char *text = replaced(before, changes[_i][0], changes[_i][1]);
    if (changes[_i][2] != NULL)
        text = replaced(text, changes[_i][2], changes[_i][3]);
    check_left(cld_pass_fold_scale, text);
}
END_TEST

Suite *suite_pass_fold_scale_behind(void);
Suite *suite_pass_fold_scale_behind(void) {
    Suite *suite = suite_create("pass/fold_scale_behind");
    TCase *tcase = tcase_create("fold");
    tcase_add_test(tcase, folds);
    tcase_add_test(tcase, folds_what_is_spelled_out);
    tcase_add_loop_test(tcase, left_alone, 0, CLD_COUNT(changes));
    suite_add_tcase(suite, tcase);
    return suite;
}
