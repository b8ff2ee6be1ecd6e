/* SPDX-License-Identifier: Apache-2.0 */
/* The specialiser: folding, cuts and feeding, control flow inlined, bounds on hostile loops. */
#include "test.h"
#include "written.h"

static clade_error err;
static cld_graph *model;
static cld_walk *walk;
static cld_segment segment;

static void begin(void) {
    model = NULL;
    walk = NULL;
    segment = (cld_segment){ 0 };
}
static void end(void) {
    cld_walk_free(walk);
    cld_graph_free(segment.graph);
    cld_graph_free(model);
}

static void start(const char *text, const cld_type *types) {
    model = written(text);
    ck_ok(cld_graph_verify(model, &err), err);
    ck_ok(cld_walk_new(&walk, model, types, NULL, &err), err);
}

START_TEST(shape_arithmetic_folds) {
    static const int64_t want[] = { 3, 4, 3, 4 };
    const cld_type types[] = { { CLADE_FLOAT32, 2, { 3, 4 } } };
    start("graph model(x:float32[?,?]) -> both\n"
          "  shape = Shape(x)\n"
          "  both = Concat(shape, shape) axis=0\n",
          types);
    ck_ok(cld_walk_next(walk, &segment, &err), err);
    ck_assert_ptr_null(segment.cut_slot);
    check_written(segment.graph, "graph model(x:float32[3,4]) -> \n");
    ck_assert_ptr_nonnull(segment.results[0]->value);
    ck_assert_mem_eq(segment.results[0]->value->data, want, sizeof want);
}
END_TEST

/* Rows write it, so it must have room; what is optional need not be there. */
START_TEST(result_left_out_is_made) {
    const cld_type types[] = { { CLADE_FLOAT32, 2, { 2, 4 } } };
    start("graph model(x:float32[2,4]) -> inverse\n"
          "  scale:float32[4] = {1.0 ...}\n"
          "  -, -, inverse = LayerNormalization(x, scale)\n",
          types);
    ck_ok(cld_walk_next(walk, &segment, &err), err);
    const cld_node *node = &segment.graph->nodes[0];
    ck_assert(cld_present(node->out[0]));
    ck_assert_str_eq(CLD_TYPE_TEXT(&cld_graph_at(segment.graph, node->out[0])->type), "float32[2,4]");
    ck_assert(!cld_present(node->out[1]));
}
END_TEST

/* What is needed later is an output of the one segment, and an input of the next. */
START_TEST(unknown_shape_cuts_and_goes_on) {
    const cld_type types[] = { { CLADE_FLOAT32, 2, { 3, 4 } }, { CLADE_INT64, 1, { 1 } } };
    int64_t dims[] = { 12 };
    const clade_tensor value = { CLADE_INT64, 1, { 1 }, dims, sizeof dims };
    cld_segment second;
    start("graph model(x:float32[?,?], shape:int64[?]) -> y\n"
          "  turned = Transpose(x)  # turned\n"
          "  y = Reshape(turned, shape)  # y\n",
          types);
    ck_ok(cld_walk_next(walk, &segment, &err), err);
    ck_assert_int_eq(segment.cut_slot->input, 1); /* the second input of the model */
    ck_assert_str_eq(segment.cut_node->name, "y");
    check_written(segment.graph, "graph model(x:float32[3,4], shape:int64[1]) -> turned:float32[4,3]\n"
                                 "  turned:float32[4,3] = Transpose(x)  # turned\n");
    ck_ok(cld_walk_feed(walk, &value, &err), err);
    ck_ok(cld_walk_next(walk, &second, &err), err);
    check_written(second.graph, "graph model(turned:float32[4,3]) -> y:float32[12]\n"
                                "  shape:int64[1] = {12}\n"
                                "  y:float32[12] = Reshape(turned, shape:int64[1])  # y\n");
    ck_assert_ptr_null(second.cut_slot);
    ck_assert_ptr_eq(second.carried_in[0]->home, &segment);
    ck_assert_int_eq(second.carried_in[0]->output, 0);
    cld_graph_free(second.graph);
}
END_TEST

START_TEST(feeding_another_type_is_refused) {
    const cld_type types[] = { { CLADE_FLOAT32, 2, { 3, 4 } }, { CLADE_INT64, 1, { 1 } } };
    float wrong[] = { 12 };
    const clade_tensor value = { CLADE_FLOAT32, 1, { 1 }, wrong, sizeof wrong };
    start("graph model(x:float32[?,?], shape:int64[?]) -> y\n"
          "  y = Reshape(x, shape)\n",
          types);
    ck_ok(cld_walk_next(walk, &segment, &err), err);
    ck_refused(cld_walk_feed(walk, &value, &err), CLADE_ERR_INTERNAL, "did not ask for", err);
}
END_TEST

/* A state is the same one in the static graph, and is updated there. */
START_TEST(state_stays_state) {
    static const char text[] = "graph model(g:float32[2]) -> y:float32[2]\n"
                               "  p:float32[2] = {1.0,2.0} state=1\n"
                               "  rate:float32[] = {0.5}\n"
                               "  y:float32[2] = Neg(p)  # y\n"
                               "  after:float32[2] = clade.SgdStep(p, g, rate:float32[])  # after\n";
    start(text, &(cld_type){ CLADE_FLOAT32, 1, { 2 } });
    ck_ok(cld_walk_next(walk, &segment, &err), err);
    check_written(segment.graph, text);
}
END_TEST

/* A Loop whose body joins its state with itself, so that the state's shape changes in each iteration. */
#define GROWING(trips)                                                                                                 \
    "  y = Loop(" trips ", -, x) body=graph(body)\n"                                                                   \
    "    graph body(i:int64[], keep:bool[], s:float32[?]) -> keep, grown\n"                                            \
    "      grown = Concat(s, s) axis=0  # grown\n"

START_TEST(loop_is_unrolled) {
    const cld_type types[] = { { CLADE_FLOAT32, 1, { 3 } } };
    start("graph model(x:float32[?]) -> y\n"
          "  trips:int64[] = {3}\n" GROWING("trips"),
          types);
    ck_ok(cld_walk_next(walk, &segment, &err), err);
    ck_assert_ptr_null(segment.cut_slot);
    check_written(segment.graph, "graph model(x:float32[3]) -> grown@3:float32[24]\n"
                                 "  grown:float32[6] = Concat(x, x) axis=0  # grown\n"
                                 "  grown@2:float32[12] = Concat(grown, grown) axis=0  # grown\n"
                                 "  grown@3:float32[24] = Concat(grown@2, grown@2) axis=0  # grown\n");
}
END_TEST

/* No trip count, and the condition stays true: the state doubles for ever. */
START_TEST(endless_loop_is_refused) {
    const cld_type types[] = { { CLADE_FLOAT32, 1, { 1 } } };
    start("graph model(x:float32[?]) -> y\n" GROWING("-"), types);
    ck_refused(cld_walk_next(walk, &segment, &err), CLADE_ERR_LIMIT, "grown", err);
}
END_TEST

START_TEST(input_too_large_to_count) {
    const cld_type types[] = { { CLADE_FLOAT32, 2, { INT64_C(1) << 40, INT64_C(1) << 40 } } };
    model = written("graph model(x:float32[?,?]) -> x\n");
    ck_refused(cld_walk_new(&walk, model, types, NULL, &err), CLADE_ERR_LIMIT, "x", err);
}
END_TEST

/* A loop without an iteration, whose scan output is declared like this. */
#define NO_ROWS(type)                                                                                                  \
    "graph model() -> rows\n"                                                                                          \
    "  trips:int64[] = {0}\n"                                                                                          \
    "  captured:float32[] = {1.0}\n"                                                                                   \
    "  rows = Loop(trips, -, captured) body=graph(body)  # rows\n"                                                     \
    "    graph body(i:int64[], keep:bool[]; row:float32[" type "]) -> keep, row\n"

/* Its shape is the declared one behind a dimension of 0, and nothing vouches for that. */
START_TEST(scan_output_too_large_to_count) {
    start(NO_ROWS("1099511627776,1099511627776,?"), NULL);
    ck_refused(cld_walk_next(walk, &segment, &err), CLADE_ERR_LIMIT, "rows", err);
}
END_TEST

/* One axis of no entries, as ONNX Runtime has it. */
START_TEST(scan_output_without_a_shape) {
    start(NO_ROWS("..."), NULL);
    ck_ok(cld_walk_next(walk, &segment, &err), err);
    ck_assert_str_eq(CLD_TYPE_TEXT(&segment.results[0]->type), "float32[0]");
}
END_TEST

/* 2 GiB are not made on the host: a node with rows stays a node, one without is refused. */
START_TEST(large_results_are_not_folded) {
    start("graph model() -> many\n"
          "  shape:int64[1] = {536870912}\n"
          "  many = ConstantOfShape(shape)\n",
          NULL);
    ck_ok(cld_walk_next(walk, &segment, &err), err);
    check_written(segment.graph, "graph model() -> many:float32[536870912]\n"
                                 "  shape:int64[1] = {536870912}\n"
                                 "  many:float32[536870912] = ConstantOfShape(shape:int64[1])  # ConstantOfShape_0\n");
    ck_assert_ptr_null(segment.results[0]->value);
}
END_TEST

/* The budget is the graph's: what earlier folding took counts, and small results are always made. */
START_TEST(host_operators_stop_at_the_budget) {
    model = cld_graph_new(NULL, "model");
    cld_build build = { .graph = model, .node = "test" };
    cld_value_id in[3], out;
    ck_ok(cld_build_scalar(&build, CLADE_INT64, 0, &in[0], &err), err);
    ck_ok(cld_build_scalar(&build, CLADE_INT64, 10000, &in[1], &err), err);
    ck_ok(cld_build_scalar(&build, CLADE_INT64, 1, &in[2], &err), err);
    ck_ok(cld_build_op(&build, "Range", in, 3, NULL, 0, &out, &err), err);
    ck_assert_uint_eq(model->folded_bytes, 80000);
    model->folded_bytes = (size_t)1 << 30;
    ck_refused(cld_build_op(&build, "Range", in, 3, NULL, 0, &out, &err), CLADE_ERR_LIMIT, "host memory", err);
    model->folded_bytes = 0;
    model->evaluated = (uint64_t)1 << 29;
    ck_refused(cld_build_op(&build, "Range", in, 3, NULL, 0, &out, &err), CLADE_ERR_LIMIT, "or work", err);
    ck_ok(cld_build_scalar(&build, CLADE_INT64, 100, &in[1], &err), err);
    ck_ok(cld_build_op(&build, "Range", in, 3, NULL, 0, &out, &err), err);
}
END_TEST

Suite *suite_pass_specialise(void);
Suite *suite_pass_specialise(void) {
    Suite *suite = suite_create("pass/specialise");
    TCase *tcase = tcase_create("specialise");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, shape_arithmetic_folds);
    tcase_add_test(tcase, result_left_out_is_made);
    tcase_add_test(tcase, unknown_shape_cuts_and_goes_on);
    tcase_add_test(tcase, feeding_another_type_is_refused);
    tcase_add_test(tcase, state_stays_state);
    tcase_add_test(tcase, loop_is_unrolled);
    tcase_add_test(tcase, endless_loop_is_refused);
    tcase_add_test(tcase, input_too_large_to_count);
    tcase_add_test(tcase, scan_output_too_large_to_count);
    tcase_add_test(tcase, scan_output_without_a_shape);
    tcase_add_test(tcase, large_results_are_not_folded);
    tcase_add_test(tcase, host_operators_stop_at_the_budget);
    suite_add_tcase(suite, tcase);
    return suite;
}
