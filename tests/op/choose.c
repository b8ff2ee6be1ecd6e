/* SPDX-License-Identifier: Apache-2.0 */
/* The chooser: choices within choices are made, named and forced alike, parameters too; what cannot be is not taken;
 * what there is not is refused in one line. Planning only.
 */
#include "op/rig.h"
#include "plan/plan.h"

static clade_error err;
static cld_graph *graph;
static cld_plan *plan;

static void begin(void) {
    graph = cld_graph_new(NULL, "choices");
    plan = NULL;
}
static void end(void) {
    cld_plan_free(plan);
    cld_graph_free(graph);
}

/* What is recorded, of any problem that begins so; choice NULL: nothing. */
typedef struct record {
    const char *problem, *choice;
} record;
static record recorded;
static bool is_nearby; /* it is another problem's */

static const char *find_record(void *user, const char *problem, cld_arena *arena, bool *nearby) {
    const record *r = user;
    *nearby = is_nearby;
    return r->choice && strncmp(problem, r->problem, strlen(r->problem)) == 0 ? cld_arena_text(arena, r->choice) : NULL;
}

/* One node; b may be NULL. */
static void make(const char *type, const cld_type *a, const cld_type *b, const cld_caps *caps, const char *prefer) {
    cld_build build = { .graph = graph, .node = "test" };
    const cld_measured measured = { find_record, &recorded };
    const cld_plan_options options = { .prefer_impl = prefer, .measured = &measured };
    const bool recurrent = strcmp(type, "GRU") == 0;
    cld_value_id in[3] = { cld_graph_input(graph, "a", a) }, out;
    if (b)
        in[1] = cld_graph_input(graph, "b", b);
    if (recurrent)
        in[2] = cld_graph_input(graph, "r", &(cld_type){ CLADE_FLOAT32, 3, { 1, 3 * 40, 40 } });
    ck_ok(cld_build_op(&build, type, in, recurrent ? 3 : b ? 2 : 1, NULL, 0, &out, &err), err);
    ck_assert(cld_graph_output(graph, out));
    ck_ok(cld_plan_new(&plan, graph, caps, &options, &err), err);
}

static const cld_type matrix = { CLADE_FLOAT32, 2, { 96, 96 } }, image = { CLADE_FLOAT32, 4, { 2, 8, 20, 20 } },
                      filters = { CLADE_FLOAT32, 4, { 16, 8, 3, 3 } }, sequence = { CLADE_FLOAT32, 3, { 30, 8, 64 } },
                      input_weights = { CLADE_FLOAT32, 3, { 1, 3 * 40, 64 } },
                      lines = { CLADE_FLOAT32, 2, { 40, 1000 } }, few_rows = { CLADE_FLOAT32, 2, { 4, 64 } },
                      few_columns = { CLADE_FLOAT32, 2, { 64, 3 } }, columns = { CLADE_FLOAT32, 2, { 64, 2000 } },
                      whole = { CLADE_INT32, 2, { 96, 96 } }, wide = { CLADE_FLOAT32, 2, { 1, 1 << 30 } },
                      tall = { CLADE_FLOAT32, 2, { 1 << 30, 1 } };

static const struct {
    const char *type;
    const cld_type *a, *b;
    bool cpu;
    const char *prefer, *label; /* of a step */
} choices[] = {
    { "MatMul", &matrix, &matrix, true, NULL, "panels(mr 12, nv 2, kb 96, mb 24, nb 64)" },
    { "MatMul", &few_rows, &few_columns, true, "MatMul=panels", "panels(mr 12, nv 2, kb 64, mb 12, nb 32)" },
    { "MatMul", &few_rows, &columns, true, "MatMul=panels", "panels(mr 4, nv 2, kb 64, mb 4, nb 512)" },
    { "MatMul", &matrix, &matrix, true, "MatMul=panels(kb 32, mb 48)", "panels(mr 12, nv 2, kb 32, mb 48, nb 64)" },
    { "MatMul", &matrix, &matrix, true, "MatMul = panels ( kb 32 , mb 48 ) ",
      "panels(mr 12, nv 2, kb 32, mb 48, nb 64)" },
    { "MatMul", &matrix, &matrix, true, "MatMul=panels(mb 25)", "panels(mr 12, nv 2, kb 96, mb 24, nb 64)" },
    { "MatMul", &matrix, &matrix, true, "MatMul=panels(mr 9999)", "panels(mr 12, nv 2, kb 96, mb 24, nb 64)" },
    { "MatMul", &matrix, &matrix, true, "MatMul=panels(kb 8000000)", "panels(mr 12, nv 2, kb 96, mb 24, nb 64)" },
    { "MatMul", &matrix, &matrix, true, "MatMul=panels(kb 32, zz 3)", "panels(mr 12, nv 2, kb 96, mb 24, nb 64)" },
    { "MatMul", &matrix, &matrix, true, "MatMul=panels(kb 32, mb 48x)", "panels(mr 12, nv 2, kb 96, mb 24, nb 64)" },
    { "MatMul", &matrix, &matrix, true, "Gemm=tiles", "panels(mr 12, nv 2, kb 96, mb 24, nb 64)" },
    { "MatMul", &matrix, &matrix, true, "MatMul=reference", "reference" },
    { "MatMul", &matrix, &matrix, false, "MatMul=panels,MatMul=clblast",
      "clblast(mwg 64, nwg 64, kwg 16, mdimc 8, ndimc 8, vwm 4, vwn 4, local 4)" }, /* the first that is applicable */
    { "MatMul", &matrix, &matrix, false, "MatMul=clblast(mwg 32)",
      "clblast(mwg 32, nwg 64, kwg 16, mdimc 8, ndimc 8, vwm 4, vwn 4, local 4)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=clblast(mwg 96)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=clblast(mdimc 32)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=clblast(vwn 5)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=clblast(local 5)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=clblast_direct",
      "clblast_direct(wgd 32, mdimcd 8, ndimcd 8, kwid 2, vwmd 2, vwnd 2)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=clblast_direct(wgd 64, mdimcd 4, ndimcd 4)",
      "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" }, /* 256 sums an item */
    { "Conv", &image, &filters, false, "Conv=convgemm(kwid 8)",
      "convgemm(wgd 32, mdimcd 8, ndimcd 8, kwid 8, vwmd 2, vwnd 2)" },
    { "Conv", &image, &filters, false, "Conv=convgemm(kwid 3)", "tiles(tm 32, tn 32, mi 4, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, NULL, "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(tm 64, ks 3)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 3)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(mi 3)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(kb 65)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(kb 12)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 12, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(ks 257)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(tm 128, tn 128)",
      "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(mi 16)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(ni 16)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(tm 36)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(tn 18)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(tm 48)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(tn 48)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(tm 512, tn 16)",
      "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(tm 32, tn 512, mi 8, ni 8)",
      "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(tm 16, tn 16)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(kb 128)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &whole, &whole, false, "MatMul=tiles", "reference" },
    { "MatMul", &wide, &tall, false, "MatMul=tiles",
      "clblast_direct(wgd 32, mdimcd 8, ndimcd 8, kwid 2, vwmd 2, vwnd 2)" },
    { "MatMul", &matrix, &matrix, false, "MatMul=tiles(tm -64)", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &few_rows, &few_columns, false, NULL, "skinny(columns 32, slices 8)" },
    { "MatMul", &few_rows, &few_columns, false, "MatMul=skinny(columns 3, slices 5)", "skinny(columns 3, slices 5)" },
    { "MatMul", &few_rows, &few_columns, false, "MatMul=skinny(columns 64, slices 5)", "skinny(columns 32, slices 8)" },
    { "MatMul", &few_rows, &few_columns, false, "MatMul=skinny(columns 2048, slices 1)",
      "skinny(columns 32, slices 8)" },
    { "MatMul", &few_rows, &few_columns, false, "MatMul=skinny(columns 1, slices 2048)",
      "skinny(columns 32, slices 8)" },
    { "MatMul", &few_rows, &few_columns, true, "MatMul=skinny", "reference" },
    { "MatMul", &matrix, &matrix, false, "MatMul=skinny", "tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 1)" },
    { "MatMul", &wide, &tall, false, "MatMul=skinny",
      "clblast_direct(wgd 32, mdimcd 8, ndimcd 8, kwid 2, vwmd 2, vwnd 2)" },
    { "Conv", &image, &filters, true, "Conv=im2col", "im2col > panels(mr 8, nv 2, kb 72, mb 16, nb 128)" },
    { "Conv", &image, &filters, true, "Conv=im2col > tiles", "im2col > tiles(tm 32, tn 32, mi 4, ni 4, kb 16, ks 1)" },
    { "Conv", &image, &filters, true, "Conv=im2col>panels(mr 4, mb 16)",
      "im2col > panels(mr 4, nv 2, kb 72, mb 16, nb 128)" },
    { "Conv", &image, &filters, true, "Conv=implicit(kb 24)", "implicit(mr 8, nv 2, kb 24, mb 16)" },
    { "Conv", &image, &filters, true, "Conv=rows(chunk 7)", "rows(chunk 7)" },
    { "Conv", &image, &filters, true, "Conv=rows(chunk 4096)", "implicit(mr 8, nv 2, kb 72, mb 16)" },
    { "Conv", &image, &filters, false, "Conv=im2col > reference", "im2col > reference" },
    { "GRU", &sequence, &input_weights, true, "GRU=panels(mr 2) > reference", "panels(mr 2) > reference" },
    { "GRU", &sequence, &input_weights, true, "GRU=panels(mr 2) > reference", "panels(mr 2)" },
    { "GRU", &sequence, &input_weights, true, "GRU=groups(mr 2, group 33)", "groups(mr 2, group 33)" },
    { "GRU", &sequence, &input_weights, false, "GRU=groups(group 4096)", "groups(mr 2, group 64)" },
    { "Softmax", &lines, NULL, false, NULL, "group(group 256)" },
    { "Softmax", &lines, NULL, false, "Softmax=group(group 64)", "group(group 64)" },
    { "Softmax", &lines, NULL, false, "Softmax=group(group 48)", "group(group 256)" }, /* no power of two */
    { "Softmax", &lines, NULL, false, "Softmax=group(group 512)", "group(group 256)" },
};

static bool has_label(const char *label) {
    for (int32_t s = 0; s < plan->steps.n_steps; s++)
        if (strcmp(plan->steps.steps[s].impl, label) == 0)
            return true;
    return false;
}

START_TEST(choices_are_named) {
    const cld_caps caps = op_machine(choices[_i].cpu);
    make(choices[_i].type, choices[_i].a, choices[_i].b, &caps, choices[_i].prefer);
    ck_assert_msg(has_label(choices[_i].label), "'%s' gives '%s', not '%s'", choices[_i].prefer,
                  plan->steps.steps[plan->steps.n_steps - 1].impl, choices[_i].label);
}
END_TEST

/* What a device has not: each bound by itself, of tiles that fit but for it. */
START_TEST(tiles_within_bounds) {
    cld_caps caps = op_machine(false);
    static const char *const prefer =
        "MatMul=tiles(tm 64, tn 64, mi 8, ni 4, kb 16, ks 2)"; /* 128 items, 17,920 bytes */
    caps.max_group = _i == 1 ? 64 : caps.max_group;
    caps.max_group_dim[0] = _i == 2 ? 64 : caps.max_group_dim[0];
    caps.local_bytes = _i == 3 ? 17919 : 17920;
    caps.max_alloc_bytes = 2 * sizeof(float) * 96 * 96 - (_i == 4);
    make("MatMul", &matrix, &matrix, &caps, prefer);
    ck_assert_int_eq(has_label(strchr(prefer, '=') + 1), _i == 0);
}
END_TEST

/* What was measured is taken where it can be, unless the caller prefers something; else cost decides. */
#define BY_COST "panels(mr 12, nv 2, kb 96, mb 24, nb 64)"
static const struct {
    record record;
    const char *type, *prefer, *label;
    bool taken;
} records[] = {
    { { "product", "reference" }, "MatMul", NULL, "reference", true },
    { { "product", "panels(mr 12, nv 2, kb 32, mb 48, nb 64)" },
      "MatMul",
      NULL,
      "panels(mr 12, nv 2, kb 32, mb 48, nb 64)",
      true },
    { { "product", "tiles" }, "MatMul", "MatMul=reference", "reference", false },
    { { "product", "tiles" }, "MatMul", "MatMul=panels(mb 25)", "tiles(tm 32, tn 32, mi 4, ni 4, kb 16, ks 2)", true },
    { { "conv", "reference" }, "MatMul", NULL, BY_COST, false }, /* of another problem */
    { { "product", "zzz" }, "MatMul", NULL, BY_COST, false },
    { { "product", "" }, "MatMul", NULL, BY_COST, false },
    { { "product", "((((" }, "MatMul", NULL, BY_COST, false },
    { { "product", "panels(mr 9999)" }, "MatMul", NULL, BY_COST, false },
    { { "product", "panels(mb 25)" }, "MatMul", NULL, BY_COST, false },
    { { "product", "panels(zz 32)" }, "MatMul", NULL, BY_COST, false },
    { { "product", "panels(kb 32, mb)" }, "MatMul", NULL, BY_COST, false },
    { { "product", "panels(kb 32, mb 48x)" }, "MatMul", NULL, BY_COST, false },
    { { "product", "panels(kb 32" }, "MatMul", NULL, BY_COST, false },
    { { "product", "panels > tiles" }, "MatMul", NULL, BY_COST, false },
    { { "conv", "rows(chunk 7)" }, "Conv", NULL, "rows(chunk 7)", true },
    { { "conv", "im2col > reference" }, "Conv", NULL, "im2col > reference", true },
    { { "conv", "im2col > zzz" }, "Conv", NULL, "implicit(mr 8, nv 2, kb 72, mb 16)", false },
    { { "conv", "rows(chunk 4096)" }, "Conv", NULL, "implicit(mr 8, nv 2, kb 72, mb 16)", false },
    { { "conv", "convgemm" }, "Conv", NULL, "implicit(mr 8, nv 2, kb 72, mb 16)", false }, /* which is not there */
    { { "product", "reference" }, "Conv", "Conv=im2col", "im2col > reference", true },     /* the problem within */
    { { "product", "tiles" }, "Conv", "Conv=im2col > reference", "im2col > reference", false },
};

START_TEST(what_was_recorded_is_taken) {
    cld_caps caps = op_machine(true);
    const bool conv = strcmp(records[_i].type, "Conv") == 0;
    caps.blas = false;
    recorded = records[_i].record;
    make(records[_i].type, conv ? &image : &matrix, conv ? &filters : &matrix, &caps, records[_i].prefer);
    const cld_step *step = &plan->steps.steps[plan->steps.n_steps - 1];
    ck_assert_msg(strcmp(step->impl, records[_i].label) == 0, "the record '%s' gives '%s', not '%s'",
                  records[_i].record.choice, step->impl, records[_i].label);
    ck_assert_int_eq(step->measured != NULL, records[_i].taken);
}
END_TEST

/* What was measured for a problem nearby is said to be so; CLBlast, whose first call takes seconds, is not taken for
 * it.
 */
START_TEST(what_was_recorded_nearby) {
    const cld_caps caps = op_machine(false);
    static const char *const rows[] = { "reference", "clblast_direct" };
    recorded = (record){ "product", rows[_i / 2] };
    is_nearby = _i % 2;
    make("MatMul", &matrix, &matrix, &caps, NULL);
    const cld_step *step = &plan->steps.steps[0];
    const bool taken = _i != 3;
    ck_assert_int_eq(strncmp(step->impl, rows[_i / 2], strlen(rows[_i / 2])) == 0, taken);
    ck_assert_str_eq(step->measured ? step->measured : "", !taken ? "" : _i % 2 ? "measured nearby" : "measured");
}
END_TEST

/* What is solved has a name of its own, the same for the same problem wherever it arises. */
START_TEST(problems_are_named) {
    const cld_caps caps = op_machine(true);
    make("Conv", &image, &filters, &caps, "Conv=im2col > reference");
    const cld_steps *steps = &plan->steps;
    ck_assert_int_eq(steps->n_steps, 2);
    ck_assert_str_eq(steps->steps[0].problem, "conv float32 1 2x1x8x16x1x20x20x1x18x18x1x3x3x1x1x1x1x1x1x0x0x0");
    ck_assert_str_eq(steps->steps[1].problem, "product float32 0 16x324x72x0x2x0x23328x0");
}
END_TEST

START_TEST(no_problem_no_name) {
    const cld_caps caps = op_machine(true);
    make("Add", &matrix, &matrix, &caps, NULL);
    ck_assert_ptr_null(plan->steps.steps[0].problem);
}
END_TEST

static const struct {
    const char *prefer, *part;
    clade_status want;
} wishes[] = {
    { "Conv=im2col > panels(kb 64, mr 8), GRU=panels(mr 2) > tiles", NULL, CLADE_OK },
    { "Conv=im2col > zzz", "im2col has no such row; it has: panels, clblast, clblast_direct, tiles, skinny, reference",
      CLADE_ERR_NOT_FOUND },
    { "Conv=im2col > panels > tiles", "panels has no such row; it has: none", CLADE_ERR_NOT_FOUND },
    { "Conv=rows > tiles", "rows has no such row; it has: none", CLADE_ERR_NOT_FOUND },
    { "Conv=im2col >", "im2col has no such row", CLADE_ERR_NOT_FOUND },
    { "MatMul=panels(zz 64)", "panels has no such parameter; it has: mr, nv, kb, mb, nb", CLADE_ERR_NOT_FOUND },
    { "MatMul=tiles(zz 64)", "tiles has no such parameter; it has: tm, tn, mi, ni, kb, ks", CLADE_ERR_NOT_FOUND },
    { "Conv=im2col > panels(zz 64)", "panels has no such parameter", CLADE_ERR_NOT_FOUND },
    { "Conv=winograd(zz 2)", "winograd has no such parameter; it has: m, images", CLADE_ERR_NOT_FOUND },
    { "Conv=winograd > zzz",
      "winograd has no such row; it has: panels, clblast, clblast_direct, tiles, skinny, reference",
      CLADE_ERR_NOT_FOUND },
    { "MatMul=panels(kb)", "'kb' is not of the form name value", CLADE_ERR_ARGUMENT },
    { "MatMul=panels(kb 0)", "'kb' is not of the form name value", CLADE_ERR_ARGUMENT },
    { "MatMul=panels(kb -4)", "'kb' is not of the form name value", CLADE_ERR_ARGUMENT },
    { "MatMul=panels(kb 4x)", "'kb' is not of the form name value", CLADE_ERR_ARGUMENT },
    { "MatMul=panels(kb 99999999999)", "'kb' is not of the form name value", CLADE_ERR_ARGUMENT },
    { "MatMul=panels(kb 64,)", NULL, CLADE_OK },
    { "MatMul=panels(,kb 64)", "'' is not of the form name value", CLADE_ERR_ARGUMENT },
    { "MatMul=panels(kb 64", "'(kb 64' is not of the form name value", CLADE_ERR_ARGUMENT },
    { "MatMul=panels)", "MatMul has no such row", CLADE_ERR_NOT_FOUND },
    { "MatMul", "prefer_impl 'MatMul' is not of the form Op=row", CLADE_ERR_ARGUMENT },
    { "MatMul=", "MatMul has no such row", CLADE_ERR_NOT_FOUND },
    { "=", "there is no operator ''", CLADE_ERR_NOT_FOUND },
};

START_TEST(what_there_is_not) {
    clade_status status = cld_wish_check(wishes[_i].prefer, &err);
    if (wishes[_i].want == CLADE_OK)
        ck_ok(status, err);
    else
        ck_refused(status, wishes[_i].want, wishes[_i].part, err);
}
END_TEST

Suite *suite_op_choose(void);
Suite *suite_op_choose(void) {
    Suite *suite = suite_create("op/choose");
    TCase *tcase = tcase_create("op/choose");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_loop_test(tcase, choices_are_named, 0, (int)CLD_COUNT(choices));
    tcase_add_loop_test(tcase, tiles_within_bounds, 0, 5);
    tcase_add_loop_test(tcase, what_was_recorded_is_taken, 0, (int)CLD_COUNT(records));
    tcase_add_loop_test(tcase, what_was_recorded_nearby, 0, 4);
    tcase_add_test(tcase, problems_are_named);
    tcase_add_test(tcase, no_problem_no_name);
    tcase_add_loop_test(tcase, what_there_is_not, 0, (int)CLD_COUNT(wishes));
    suite_add_tcase(suite, tcase);
    return suite;
}
