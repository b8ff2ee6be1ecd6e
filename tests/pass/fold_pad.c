/* SPDX-License-Identifier: Apache-2.0 */
/* Pad into Conv: folded where it is zeros on spatial axes, left alone everywhere else. */
#include <stdio.h>

#include "test.h"
#include "written.h"

static clade_error err;

/* Pad then Conv, which has padding of its own. */
static const char before[] = "graph pad(x:float32[1,2,8,8], w:float32[3,2,3,3]) -> y:float32[%s]\n"
                             "  pads:int64[8] = {%s}\n"
                             "  fill:float32[] = {%s}\n"
                             "  wide:float32[%s] = Pad(x, pads:int64[8], fill:float32[]) mode=\"%s\"  # pad\n"
                             "  y:float32[%s] = Conv(wide, w) pads=[1,0,0,1]  # conv\n";

static cld_graph *after_pass(char *text, size_t size, const char *pads, const char *fill, const char *mode,
                             const char *wide, const char *out) {
    snprintf(text, size, before, out, pads, fill, wide, mode, out);
    cld_graph *graph = written(text);
    ck_ok(cld_pass_fold_pad(graph, &err), err);
    ck_ok(cld_pass_dead(graph, &err), err);
    return graph;
}

START_TEST(zeros_on_spatial_axes_fold) {
    char text[800];
    cld_graph *graph = after_pass(text, sizeof text, "0,0,2,0,0,0,1,3", "0.0", "constant", "1,2,11,11", "1,3,10,10");
    check_written(graph, "graph pad(x:float32[1,2,8,8], w:float32[3,2,3,3]) -> y:float32[1,3,10,10]\n"
                         "  y:float32[1,3,10,10] = Conv(x, w) pads=[3,0,1,4]  # conv\n");
    cld_graph_free(graph);
}
END_TEST

static const struct {
    const char *pads, *fill, *mode, *wide, *out;
} left_alone[] = {
    { "0,0,2,0,0,0,1,3", "0.5", "constant", "1,2,11,11", "1,3,10,10" }, /* not zeros */
    { "0,0,2,0,0,0,1,3", "0.0", "edge", "1,2,11,11", "1,3,10,10" },
    { "1,0,0,0,0,0,0,0", "0.0", "constant", "2,2,8,8", "2,3,7,7" },  /* the batch */
    { "0,0,-1,0,0,0,0,0", "0.0", "constant", "1,2,7,8", "1,3,6,7" }, /* crops */
};

START_TEST(others_stay) {
    char text[800];
    cld_graph *graph = after_pass(text, sizeof text, left_alone[_i].pads, left_alone[_i].fill, left_alone[_i].mode,
                                  left_alone[_i].wide, left_alone[_i].out);
    check_written(graph, text);
    cld_graph_free(graph);
}
END_TEST

Suite *suite_pass_fold_pad(void);
Suite *suite_pass_fold_pad(void) {
    Suite *suite = suite_create("pass/fold_pad");
    TCase *tcase = tcase_create("fold_pad");
    tcase_add_test(tcase, zeros_on_spatial_axes_fold);
    tcase_add_loop_test(tcase, others_stay, 0, CLD_COUNT(left_alone));
    suite_add_tcase(suite, tcase);
    return suite;
}
