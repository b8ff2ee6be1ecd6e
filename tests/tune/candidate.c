/* SPDX-License-Identifier: Apache-2.0 */
/* Candidates as text: which rows there are for a node on a machine, and what stands next to a choice. Planning only, on
 * no device.
 */
#include "op/rig.h"
#include "tune/tune_internal.h"

static clade_error err;
static cld_ocl *ocl;
static cld_arena *arena;
static cld_tune_order order;
static cld_workbench bench;
static cld_text listed; /* a line each */

static void begin(void) {
    ck_ok(cld_ocl_open_none(&ocl, &err), err);
    arena = cld_arena_new();
    order = (cld_tune_order){ .ocl = ocl };
    bench = (cld_workbench){ .order = &order, .graph = cld_graph_new(NULL, "candidates") };
    listed = (cld_text){ 0 };
}
static void end(void) {
    cld_text_free(&listed);
    cld_graph_free(bench.graph);
    cld_arena_free(arena);
    cld_ocl_release(ocl);
}

/* The node on a machine, alone. */
static void make(const cld_op *of, const cld_type *const *in, int32_t n, const char *machine) {
    cld_build build = { .graph = bench.graph, .node = "test" };
    cld_value_id ids[3], out;
    for (int32_t k = 0; k < n; k++)
        ids[k] = cld_graph_input(bench.graph, NULL, in[k]);
    ck_ok(cld_ocl_plan_as(ocl, machine, &err), err);
    ck_ok(cld_build_with(&build, of, ids, n, NULL, 0, &out, &err), err);
    ck_assert(cld_graph_output(bench.graph, out));
    bench.op = of;
}

static cld_candidate plan(const char *choice) {
    cld_candidate candidate;
    ck_ok(cld_candidate_plan(&candidate, NULL, arena, &bench, choice, &err), err);
    return candidate;
}

static clade_status list(void *user, const char *choice, clade_error *why) {
    (void)user, (void)why;
    cld_text_printf(&listed, "%s\n", choice);
    return CLADE_OK;
}

static const char *neighbours(const char *of) {
    const cld_candidate from = plan(of);
    cld_text_free(&listed);
    ck_ok(cld_candidate_neighbours(&from, list, NULL, &err), err);
    return listed.data ? listed.data : "";
}

static const char *rows(const char *of, bool all) {
    const cld_candidate from = plan(of);
    cld_text_free(&listed);
    ck_ok(cld_candidate_rows(&from, all, list, NULL, &err), err);
    return listed.data ? listed.data : "";
}

/* ---- an operator of the test's own: rows with parameters, and rows within
 * --------------------------------------------
 */

static const cld_type four = { CLADE_FLOAT32, 1, { 4 } };
static const cld_type *const inputs[] = { &four };

static clade_status emit_fill(const cld_emit *emit, clade_error *why) {
    const float one = 1;
    (void)why;
    cld_step_fill(emit->steps, emit->out[0], &one, sizeof one, 4 * sizeof one);
    return CLADE_OK;
}

static const cld_param size_params[] = { { "size", { 8, 1, 32, 4, 2, 16 } }, { 0 } },
                       inner_params[] = { { "x", { 10, 20, 30 } }, { "y", { 1, 2 } }, { 0 } };
static void usual_size(const cld_call *call, const cld_caps *caps, int32_t *value) {
    (void)call, (void)caps;
    value[0] = 4;
}
static void usual_inner(const cld_call *call, const cld_caps *caps, int32_t *value) {
    (void)call, (void)caps;
    value[0] = 15, value[1] = 2; /* 15 is none that is worth trying of itself */
}
static bool may_be(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    (void)call, (void)caps;
    return value[0] != 8;
}
static const cld_space size_space = { size_params, usual_size, may_be },
                       inner_space = { inner_params, usual_inner, may_be };
static bool never(const cld_call *call, const cld_caps *caps) {
    (void)call, (void)caps;
    return false;
}
static double cost(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    (void)call, (void)caps;
    return value[0];
}
static double dear(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    (void)call, (void)caps, (void)value;
    return 1000;
}

static const int32_t size_seeds[][CLD_MAX_PARAMS] = { { 32 }, { 1 } }, inner_seeds[][CLD_MAX_PARAMS] = { { 20, 1 } };
static const cld_impl inner_rows[] = {
    { .name = "deep", .emit = emit_fill, .space = &inner_space, .seeds = inner_seeds, .n_seeds = 1 },
    { .name = "never", .applicable = never, .emit = emit_fill },
    { .name = "plain", .emit = emit_fill },
    { 0 }
};
static clade_status emit_outer(const cld_emit *emit, clade_error *why) {
    return cld_choose_emit(emit, inner_rows, why);
}
static clade_status emit_not(const cld_emit *emit, clade_error *why) {
    return cld_call_fail(emit->call, why, CLADE_ERR_UNSUPPORTED, "not today");
}
static const cld_impl outer_rows[] = { { .name = "outer",
                                         .emit = emit_outer,
                                         .space = &size_space,
                                         .seeds = size_seeds,
                                         .n_seeds = 2,
                                         .inner = inner_rows,
                                         .cost = cost },
                                       { .name = "cpus", .needs = CLD_NEEDS_CPU, .emit = emit_fill, .cost = cost },
                                       { .name = "blas", .needs = CLD_NEEDS_BLAS, .emit = emit_fill, .cost = cost },
                                       { .name = "not", .emit = emit_not, .cost = dear },
                                       { .name = "never", .applicable = never, .emit = emit_fill, .cost = cost },
                                       { 0 } };
static void describe(const cld_call *call, cld_problem *out) {
    *out = (cld_problem){ .kind = "outer", .dtype = CLADE_FLOAT32, .n = 1, .size = { call->out[0].dims[0] } };
}
static const cld_op outer = { .domain = CLD_INTERNAL,
                              .name = "Outer",
                              .since = 1,
                              .min_in = 1,
                              .max_in = 1,
                              .min_out = 1,
                              .max_out = 1,
                              .infer = cld_infer_same,
                              .describe = describe,
                              .impls = outer_rows };

START_TEST(in_full) {
    make(&outer, inputs, 1, "gpu,blas=0");
    const cld_candidate usual = plan("outer"), said = plan("outer(size 16) > plain");
    ck_assert_str_eq(usual.text, "outer(size 4) > deep(x 15, y 2)");
    ck_assert_str_eq(usual.problem, "outer float32 0 4");
    ck_assert(usual.depth == 2 && usual.cost == 4);
    ck_assert_str_eq(said.text, "outer(size 16) > plain");
    ck_assert(said.depth == 2 && said.cost == 16);
    /* What may not be, or is not there, is planned as something else. */
    ck_assert_str_eq(plan("outer(size 8)").text, plan(NULL).text);
    ck_assert_str_eq(plan("never").text, plan(NULL).text);
    ck_assert_str_eq(plan("no such row").text, plan(NULL).text);
    ck_assert_str_eq(plan("outer > deep(x 8)").text, usual.text);
    cld_candidate refused;
    ck_refused(cld_candidate_plan(&refused, NULL, arena, &bench, "not", &err), CLADE_ERR_UNSUPPORTED, "not today", err);
}
END_TEST

START_TEST(rows_of_a_machine) {
    make(&outer, inputs, 1, "gpu,blas=0");
    ck_assert_str_eq(rows("outer", true), "outer\nnot\nouter(size 4) > deep\nouter(size 4) > plain\n");
    ck_assert_str_eq(rows("outer(size 2)", false), "outer(size 2) > deep\nouter(size 2) > plain\n");
    ck_ok(cld_ocl_plan_as(ocl, "cpu,blas=1", &err), err);
    ck_assert_str_eq(rows("cpus", true), "outer\ncpus\nblas\nnot\n");
    ck_assert_str_eq(rows("cpus", false), "");
    order.no_blas = true;
    ck_assert_str_eq(rows("outer > plain", true), "outer\ncpus\nnot\nouter(size 4) > deep\nouter(size 4) > plain\n");
}
END_TEST

/* One parameter less and more, then each by two steps, in the order of the values, not of the list. */
START_TEST(next_to_a_choice) {
    make(&outer, inputs, 1, "gpu,blas=0");
    ck_assert_str_eq(neighbours("outer > plain"), "outer(size 2) > plain\nouter(size 8) > plain\n"
                                                  "outer(size 1) > plain\nouter(size 16) > plain\n");
    ck_assert_str_eq(neighbours("outer(size 1) > plain"), "outer(size 2) > plain\nouter(size 4) > plain\n");
    ck_assert_str_eq(neighbours("outer(size 32) > plain"), "outer(size 16) > plain\nouter(size 8) > plain\n");
    ck_assert_str_eq(neighbours("outer(size 1) > deep"),
                     "outer(size 2) > deep(x 15, y 2)\nouter(size 4) > deep(x 15, y 2)\n"
                     "outer(size 1) > deep(x 10, y 2)\nouter(size 1) > deep(x 20, y 2)\n"
                     "outer(size 1) > deep(x 30, y 2)\nouter(size 1) > deep(x 15, y 1)\n");
}
END_TEST

/* Of each row, in the order of its table, the others as they are. */
START_TEST(seeds) {
    make(&outer, inputs, 1, "gpu,blas=0");
    const cld_candidate both = plan("outer(size 2) > deep"), plain = plan("outer > plain");
    cld_text_free(&listed);
    ck_ok(cld_candidate_seeds(&both, list, NULL, &err), err);
    ck_assert_str_eq(listed.data, "outer(size 32) > deep(x 15, y 2)\nouter(size 1) > deep(x 15, y 2)\n"
                                  "outer(size 2) > deep(x 20, y 1)\n");
    cld_text_free(&listed);
    ck_ok(cld_candidate_seeds(&plain, list, NULL, &err), err);
    ck_assert_str_eq(listed.data, "outer(size 32) > plain\nouter(size 1) > plain\n");
}
END_TEST

/* What is recorded says the same of this problem, and of others only what measuring has changed. */
START_TEST(what_is_not_as_usual) {
    static const struct {
        const char *choice, *changes;
    } cases[] = { { "outer > plain", "outer > plain" },
                  { "outer(size 4) > plain", "outer > plain" },
                  { "outer(size 2) > deep", "outer(size 2) > deep" },
                  { "outer > deep(x 20)", "outer > deep(x 20)" },
                  { "outer > deep(x 20, y 1)", "outer > deep(x 20, y 1)" },
                  { "outer(size 4) > deep(x 15, y 1)", "outer > deep(y 1)" } };
    make(&outer, inputs, 1, "gpu,blas=0");
    for (size_t k = 0; k < CLD_COUNT(cases); k++) {
        const cld_candidate chosen = plan(cases[k].choice);
        const char *changes = cld_candidate_changes(&chosen, arena);
        ck_assert_str_eq(changes, cases[k].changes);
        ck_assert_str_eq(plan(changes).text, chosen.text);
    }
}
END_TEST

static clade_status stop(void *user, const char *choice, clade_error *why) {
    (void)choice;
    ++*(int *)user;
    return cld_fail(why, CLADE_ERR_CANCELLED, "enough");
}

START_TEST(who_is_told_may_end_it) {
    int told = 0;
    make(&outer, inputs, 1, "cpu,blas=0");
    const cld_candidate from = plan("outer");
    ck_refused(cld_candidate_rows(&from, true, stop, &told, &err), CLADE_ERR_CANCELLED, "enough", err);
    ck_refused(cld_candidate_neighbours(&from, stop, &told, &err), CLADE_ERR_CANCELLED, "enough", err);
    ck_refused(cld_candidate_seeds(&from, stop, &told, &err), CLADE_ERR_CANCELLED, "enough", err);
    ck_assert_int_eq(told, 3);
}
END_TEST

/* ---- ONNX's own
 * ------------------------------------------------------------------------------------------------------
 */

static const cld_type matrix = { CLADE_FLOAT32, 2, { 96, 96 } }, image = { CLADE_FLOAT32, 4, { 2, 8, 20, 20 } },
                      filters = { CLADE_FLOAT32, 4, { 16, 8, 3, 3 } }, sequence = { CLADE_FLOAT32, 3, { 30, 8, 64 } },
                      weights = { CLADE_FLOAT32, 3, { 1, 120, 64 } }, recurrence = { CLADE_FLOAT32, 3, { 1, 120, 40 } },
                      lines = { CLADE_FLOAT32, 2, { 40, 1000 } };
static const cld_type *const product[] = { &matrix, &matrix }, *const conv[] = { &image, &filters },
                             *const gru[] = { &sequence, &weights, &recurrence }, *const softmax[] = { &lines };

static const struct {
    const cld_op *op;
    const cld_type *const *in;
    int32_t n;
    const char *machine, *has, *has_not; /* rows; has_not NULL: nothing to say */
} cases[] = {
    { &cld_op_MatMul, product, 2, "cpu,blas=1", "panels", NULL },
    { &cld_op_MatMul, product, 2, "cpu,blas=1", "clblast_direct", NULL },
    { &cld_op_MatMul, product, 2, "cpu,blas=0", "tiles", "clblast" },
    { &cld_op_MatMul, product, 2, "gpu,blas=1", "clblast", "panels" },
    { &cld_op_MatMul, product, 2, "gpu,blas=0,local=1024", "reference", "tiles" },
    { &cld_op_Conv, conv, 2, "cpu,blas=1", "convgemm", NULL },
    { &cld_op_Conv, conv, 2, "cpu,blas=0", "implicit", "convgemm" },
    { &cld_op_Conv, conv, 2, "gpu,blas=0", "im2col", "implicit" },
    { &cld_op_GRU, gru, 3, "cpu,blas=0", "panels", "clblast" },
    { &cld_op_GRU, gru, 3, "gpu,blas=0", "groups", "panels" },
    { &cld_op_Softmax, softmax, 1, "cpu,blas=0", "along", NULL },
    { &cld_op_Softmax, softmax, 1, "gpu,blas=0", "group", "along" },
};

/* A line of what is listed. */
static bool is_listed(const char *line) {
    const size_t size = strlen(line);
    for (const char *at = listed.data; at && *at; at = strchr(at, '\n') + 1)
        if (strncmp(at, line, size) == 0 && at[size] == '\n')
            return true;
    return false;
}

/* Each line, planned, begins with the line itself; `itself`: it is the very line, or else what may not be. */
static void check_plans(const char *usual, bool itself) {
    cld_text all = listed;
    char *rest = all.data;
    listed = (cld_text){ 0 };
    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        const cld_candidate made = plan(line);
        if (itself)
            ck_assert_msg(strcmp(made.text, line) == 0 || strcmp(made.text, usual) == 0, "'%s' is planned as '%s'",
                          line, made.text);
        else
            ck_assert_msg(strncmp(made.text, line, strlen(line)) == 0, "'%s' is planned as '%s'", line, made.text);
    }
    cld_text_free(&all);
}

START_TEST(of_operators) {
    make(cases[_i].op, cases[_i].in, cases[_i].n, cases[_i].machine);
    const cld_candidate usual = plan(NULL);
    ck_assert_ptr_nonnull(usual.problem);
    rows(NULL, true);
    ck_assert_msg(is_listed(cases[_i].has), "no '%s' in:\n%s", cases[_i].has, listed.data);
    if (cases[_i].has_not)
        ck_assert_msg(!is_listed(cases[_i].has_not), "'%s' is in:\n%s", cases[_i].has_not, listed.data);
    check_plans(usual.text, false);
    neighbours(NULL);
    check_plans(usual.text, true);
}
END_TEST

Suite *suite_tune_candidate(void);
Suite *suite_tune_candidate(void) {
    Suite *suite = suite_create("tune/candidate");
    TCase *tcase = tcase_create("texts");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, in_full);
    tcase_add_test(tcase, rows_of_a_machine);
    tcase_add_test(tcase, next_to_a_choice);
    tcase_add_test(tcase, what_is_not_as_usual);
    tcase_add_test(tcase, seeds);
    tcase_add_test(tcase, who_is_told_may_end_it);
    tcase_add_loop_test(tcase, of_operators, 0, CLD_COUNT(cases));
    suite_add_tcase(suite, tcase);
    return suite;
}
