/* SPDX-License-Identifier: Apache-2.0 */
/* The specialiser: folding, cuts and feeding, control flow inlined, bounds on hostile loops. */
#include "pass/pass.h"
#include "test.h"

static clade_error err;
static cld_graph *model;
static cld_walk *walk;

static void begin(void) {
    model = cld_graph_new(NULL, "model");
    walk = NULL;
}
static void end(void) {
    cld_walk_free(walk);
    cld_graph_free(model);
}

static cld_value_id input(cld_graph *graph, const char *name, clade_dtype dtype, int32_t rank, int64_t dim) {
    cld_type type = { dtype, rank, { dim, dim } };
    return cld_graph_input(graph, name, &type);
}

/* A node with one output, as the importer leaves it. */
static cld_value_id node(cld_graph *graph, const char *type, const cld_value_id *in, int32_t n_in, cld_attr *attr,
                         int32_t n_attr, const char *out) {
    cld_type unknown = { .rank = -1 };
    cld_value_id result = cld_graph_value(graph, out, &unknown), inputs[4];
    char reason[160];
    memcpy(inputs, in, (size_t)n_in * sizeof *in);
    cld_node proto = { .name = out,
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
    ck_assert(cld_graph_node(graph, &proto) != NULL);
    return result;
}

static void start(const cld_type *types) {
    ck_ok(cld_graph_verify(model, &err), err);
    ck_ok(cld_walk_new(&walk, model, types, NULL, &err), err);
}

START_TEST(shape_arithmetic_folds) {
    cld_type types[] = { { CLADE_FLOAT32, 2, { 3, 4 } } };
    cld_value_id x = input(model, "x", CLADE_FLOAT32, 2, -1);
    cld_value_id shape = node(model, "Shape", &x, 1, NULL, 0, "shape");
    cld_value_id twice[] = { shape, shape };
    cld_attr axis = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = 0 };
    cld_graph_output(model, node(model, "Concat", twice, 2, &axis, 1, "both"));
    start(types);
    cld_segment segment;
    ck_ok(cld_walk_next(walk, &segment, &err), err);
    ck_assert_ptr_null(segment.cut_slot);
    ck_assert_int_eq(segment.graph->n_nodes, 0);
    ck_assert_int_eq(segment.graph->n_outputs, 0);
    const clade_tensor *both = segment.results[0]->value;
    ck_assert_ptr_nonnull(both);
    const int64_t want[] = { 3, 4, 3, 4 };
    ck_assert_mem_eq(both->data, want, sizeof want);
    cld_graph_free(segment.graph);
}
END_TEST

START_TEST(unknown_shape_cuts_and_goes_on) {
    cld_type types[] = { { CLADE_FLOAT32, 2, { 3, 4 } }, { CLADE_INT64, 1, { 1 } } };
    cld_value_id in[] = { input(model, "x", CLADE_FLOAT32, 2, -1), input(model, "shape", CLADE_INT64, 1, -1) };
    cld_value_id turned = node(model, "Transpose", in, 1, NULL, 0, "turned");
    cld_value_id pair[] = { turned, in[1] };
    cld_graph_output(model, node(model, "Reshape", pair, 2, NULL, 0, "y"));
    start(types);
    cld_segment first, second;
    ck_ok(cld_walk_next(walk, &first, &err), err);
    ck_assert_int_eq(first.cut_slot->input, 1); /* the second input of the model */
    ck_assert_str_eq(first.cut_node->name, "y");
    ck_assert_int_eq(first.graph->n_outputs, 1); /* "turned" is needed later */
    int64_t dims[] = { 12 };
    clade_tensor value = { CLADE_INT64, 1, { 1 }, dims, sizeof dims };
    ck_ok(cld_walk_feed(walk, &value, &err), err);
    ck_ok(cld_walk_next(walk, &second, &err), err);
    ck_assert_ptr_null(second.cut_slot);
    ck_assert_ptr_eq(second.carried_in[0]->home, &first);
    ck_assert_int_eq(second.carried_in[0]->output, 0);
    ck_assert_int_eq(second.results[0]->type.rank, 1);
    ck_assert_int_eq(second.results[0]->type.dims[0], 12);
    cld_graph_free(first.graph);
    cld_graph_free(second.graph);
}
END_TEST

START_TEST(feeding_another_type_is_refused) {
    cld_type types[] = { { CLADE_FLOAT32, 2, { 3, 4 } }, { CLADE_INT64, 1, { 1 } } };
    cld_value_id in[] = { input(model, "x", CLADE_FLOAT32, 2, -1), input(model, "shape", CLADE_INT64, 1, -1) };
    cld_graph_output(model, node(model, "Reshape", in, 2, NULL, 0, "y"));
    start(types);
    cld_segment segment;
    ck_ok(cld_walk_next(walk, &segment, &err), err);
    float wrong[] = { 12 };
    clade_tensor value = { CLADE_FLOAT32, 1, { 1 }, wrong, sizeof wrong };
    ck_refused(cld_walk_feed(walk, &value, &err), CLADE_ERR_INTERNAL, "did not ask for", err);
    cld_graph_free(segment.graph);
}
END_TEST

/* A Loop whose body joins its state with itself, so that the state's shape changes in each iteration. */
static void growing_loop(const int64_t *trips) {
    cld_graph *body = cld_graph_new(model->arena, "body");
    input(body, "i", CLADE_INT64, 0, 0);
    cld_value_id keep = input(body, "keep", CLADE_BOOL, 0, 0), state = input(body, "s", CLADE_FLOAT32, 1, -1);
    cld_value_id twice[] = { state, state };
    cld_attr axis = { .name = "axis", .kind = CLD_ATTR_INT, .u.i = 0 };
    body->n_formal = 3;
    cld_graph_output(body, keep);
    cld_graph_output(body, node(body, "Concat", twice, 2, &axis, 1, "grown"));
    cld_attr attr = { .name = "body", .kind = CLD_ATTR_GRAPH, .u.graph = body };
    cld_value_id in[] = { CLD_ABSENT, CLD_ABSENT, input(model, "x", CLADE_FLOAT32, 1, -1) };
    if (trips) {
        static clade_tensor count;
        count = (clade_tensor){ CLADE_INT64, 0, { 0 }, (void *)trips, sizeof *trips };
        in[0] = cld_graph_constant(model, "trips", &count);
    }
    cld_graph_output(model, node(model, "Loop", in, 3, &attr, 1, "y"));
}

START_TEST(loop_is_unrolled) {
    static const int64_t trips = 5;
    cld_type types[] = { { CLADE_FLOAT32, 1, { 3 } } };
    growing_loop(&trips);
    start(types);
    cld_segment segment;
    ck_ok(cld_walk_next(walk, &segment, &err), err);
    ck_assert_ptr_null(segment.cut_slot);
    ck_assert_int_eq(segment.graph->n_nodes, 5);
    ck_assert_int_eq(segment.results[0]->type.dims[0], 3 << 5);
    cld_graph_free(segment.graph);
}
END_TEST

START_TEST(endless_loop_is_refused) {
    cld_type types[] = { { CLADE_FLOAT32, 1, { 1 } } };
    growing_loop(NULL); /* no trip count, and the condition stays true: the state doubles for ever */
    start(types);
    cld_segment segment;
    ck_refused(cld_walk_next(walk, &segment, &err), CLADE_ERR_LIMIT, "grown", err);
}
END_TEST

START_TEST(input_too_large_to_count) {
    cld_type types[] = { { CLADE_FLOAT32, 2, { INT64_C(1) << 40, INT64_C(1) << 40 } } };
    cld_graph_output(model, input(model, "x", CLADE_FLOAT32, 2, -1));
    ck_ok(cld_graph_verify(model, &err), err);
    ck_refused(cld_walk_new(&walk, model, types, NULL, &err), CLADE_ERR_LIMIT, "x", err);
}
END_TEST

/* Without an iteration a scan output has the declared shape behind a dimension of 0, and nothing vouches for that. */
START_TEST(scan_output_too_large_to_count) {
    static const int64_t none = 0;
    static const clade_tensor trips = { CLADE_INT64, 0, { 0 }, (void *)&none, sizeof none };
    cld_type no_types[1];
    cld_graph *body = cld_graph_new(model->arena, "body");
    input(body, "i", CLADE_INT64, 0, 0);
    cld_graph_output(body, input(body, "keep", CLADE_BOOL, 0, 0));
    body->n_formal = 2;
    cld_value_id row = input(body, "row", CLADE_FLOAT32, 2, INT64_C(1) << 40);
    cld_graph_output(body, row);
    cld_attr attr = { .name = "body", .kind = CLD_ATTR_GRAPH, .u.graph = body };
    const clade_tensor one = { CLADE_FLOAT32, 0, { 0 }, (float[]){ 1 }, sizeof(float) };
    cld_value_id in[] = { cld_graph_constant(model, "trips", &trips), CLD_ABSENT,
                          cld_graph_constant(model, "captured", &one) };
    cld_graph_output(model, node(model, "Loop", in, 3, &attr, 1, "rows"));
    start(no_types);
    cld_segment segment;
    ck_refused(cld_walk_next(walk, &segment, &err), CLADE_ERR_LIMIT, "rows", err);
}
END_TEST

/* Without an iteration and without a declared shape: one axis of no entries, as ONNX Runtime has it. */
START_TEST(scan_output_without_a_shape) {
    static const int64_t none = 0;
    static const clade_tensor trips = { CLADE_INT64, 0, { 0 }, (void *)&none, sizeof none };
    static const float one = 1;
    static const clade_tensor captured = { CLADE_FLOAT32, 0, { 0 }, (void *)&one, sizeof one };
    cld_type no_types[1];
    cld_graph *body = cld_graph_new(model->arena, "body");
    input(body, "i", CLADE_INT64, 0, 0);
    cld_graph_output(body, input(body, "keep", CLADE_BOOL, 0, 0));
    body->n_formal = 2;
    cld_graph_output(body, input(body, "row", CLADE_FLOAT32, -1, 0));
    cld_attr attr = { .name = "body", .kind = CLD_ATTR_GRAPH, .u.graph = body };
    cld_value_id in[] = { cld_graph_constant(model, "trips", &trips), CLD_ABSENT,
                          cld_graph_constant(model, "captured", &captured) };
    cld_graph_output(model, node(model, "Loop", in, 3, &attr, 1, "rows"));
    start(no_types);
    cld_segment segment;
    ck_ok(cld_walk_next(walk, &segment, &err), err);
    const cld_type *type = &segment.results[0]->type;
    ck_assert(type->dtype == CLADE_FLOAT32 && type->rank == 1 && type->dims[0] == 0);
    cld_graph_free(segment.graph);
}
END_TEST

/* 2 GiB are not made on the host: a node with rows stays a node, one without is refused. */
START_TEST(large_results_are_not_folded) {
    int64_t dims[] = { 1 << 29 };
    clade_tensor shape = { CLADE_INT64, 1, { 1 }, dims, sizeof dims };
    cld_value_id in = cld_graph_constant(model, NULL, &shape);
    cld_graph_output(model, node(model, "ConstantOfShape", &in, 1, NULL, 0, "many"));
    start(NULL);
    cld_segment segment;
    ck_ok(cld_walk_next(walk, &segment, &err), err);
    ck_assert_int_eq(segment.graph->n_nodes, 1);
    ck_assert_ptr_null(segment.results[0]->value);
    cld_graph_free(segment.graph);
}
END_TEST

/* The budget is the graph's: what earlier folding took counts, and small results are always made. */
START_TEST(host_operators_stop_at_the_budget) {
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
    Suite *suite = suite_create("pass_specialise");
    TCase *tcase = tcase_create("specialise");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, shape_arithmetic_folds);
    tcase_add_test(tcase, unknown_shape_cuts_and_goes_on);
    tcase_add_test(tcase, feeding_another_type_is_refused);
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
