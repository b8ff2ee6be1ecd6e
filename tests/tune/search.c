/* SPDX-License-Identifier: Apache-2.0 */
/* The tuner on operators of its own, whose rows fill their output in various ways: what is right and fast wins; what is
 * wrong in any way is refused, and told so; what was found is recorded.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clade/version.h"
#include "ocl/fixture.h"
#include "tune/tune.h"

enum { COUNT = 64, BYTES = COUNT * sizeof(float) };

/* ---- the operators -------------------------------------------------------------------------------------------------
 */

static void fill(const cld_emit *emit, float value, size_t bytes, int times) {
    for (int k = 0; k < times; k++)
        cld_step_fill(emit->steps, emit->out[0], &value, sizeof value, bytes);
}

#define FILLS(name, value, bytes, times)                                                                               \
    static clade_status emit_##name(const cld_emit *emit, clade_error *err) {                                          \
        (void)err;                                                                                                     \
        fill(emit, value, bytes, times);                                                                               \
        return CLADE_OK;                                                                                               \
    }
FILLS(slow, 1, BYTES, 200)
FILLS(right, 1, BYTES, 1)
FILLS(wrong, 2, BYTES, 1)
FILLS(nearly, 1.001f, BYTES, 1)
FILLS(nan, NAN, BYTES, 1)
FILLS(beyond, 1, BYTES + 64, 1)
FILLS(lazy, 1, BYTES / 2, 1)
FILLS(reference, 1, BYTES, 100)

static clade_status emit_refuses(const cld_emit *emit, clade_error *err) {
    return cld_call_fail(emit->call, err, CLADE_ERR_UNSUPPORTED, "not today");
}

static clade_status emit_times(const cld_emit *emit, clade_error *err) {
    (void)err;
    fill(emit, 1, BYTES, emit->value[0]);
    return CLADE_OK;
}

static const cld_param times[] = { { "times", { 1, 40, 80, 160 } }, { 0 } };
static void usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    (void)call, (void)caps;
    value[0] = 160;
}
static bool valid(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    (void)call, (void)caps;
    return value[0] <= 160 && value[0] != 80;
}
static const cld_space space = { times, usual, valid };
static bool never(const cld_call *call, const cld_caps *caps) {
    (void)call, (void)caps;
    return false;
}

/* Without costs: the first one that is applicable is chosen. */
static const cld_impl rows[] = { { .name = "slow", .emit = emit_slow },
                                 { .name = "wrong", .emit = emit_wrong },
                                 { .name = "nearly", .emit = emit_nearly },
                                 { .name = "nan", .emit = emit_nan },
                                 { .name = "beyond", .emit = emit_beyond },
                                 { .name = "lazy", .emit = emit_lazy },
                                 { .name = "refuses", .emit = emit_refuses },
                                 { .name = "right", .emit = emit_right },
                                 { .name = "never", .applicable = never, .emit = emit_wrong },
                                 { .name = "reference", .emit = emit_reference },
                                 { 0 } };
static const int32_t times_seeds[][CLD_MAX_PARAMS] = { { 120 }, { 1 } };
static const cld_impl seeded_rows[] = {
    { .name = "times", .emit = emit_times, .space = &space, .seeds = times_seeds, .n_seeds = 2 },
    { .name = "reference", .emit = emit_slow },
    { 0 }
};
static const cld_impl spaced_rows[] = { { .name = "times", .emit = emit_times, .space = &space },
                                        { .name = "reference", .emit = emit_slow },
                                        { 0 } };

static void describe(const cld_call *call, cld_problem *out) {
    *out = (cld_problem){ .kind = "fill", .dtype = CLADE_FLOAT32, .n = 1, .size = { call->out[0].dims[0] } };
}

#define FILLING(op_name, op_rows)                                                                                      \
    {                                                                                                                  \
        .domain = CLD_INTERNAL, .name = op_name, .since = 1, .min_in = 1, .max_in = 1, .min_out = 1, .max_out = 1,     \
        .infer = cld_infer_same, .describe = describe, .impls = op_rows                                                \
    }
static const cld_op op = FILLING("Fill", rows), seeded = FILLING("Seeded", seeded_rows),
                    spaced = FILLING("Times", spaced_rows);

/* ---- the rig -------------------------------------------------------------------------------------------------------
 */

#define DEVICE "a platform: a device"
#define PROBLEM "fill float32 0 64"

static ocl_rig rig;
static cld_records *records;
static cld_graph *graph;
static cld_tuned found;
static char after[100], before[100], told[4000];
static int asked, most;

static clade_status take(void *user, const cld_tuned *tuned, clade_error *err) {
    (void)user, (void)err;
    found = *tuned;
    snprintf(before, sizeof before, "%s", tuned->before);
    snprintf(after, sizeof after, "%s", tuned->after);
    return CLADE_OK;
}

static void tried(void *user, const cld_tried *t) {
    (void)user;
    const size_t used = strlen(told);
    ck_assert_str_eq(t->problem, PROBLEM);
    ck_assert(t->why || t->seconds > 0);
    snprintf(told + used, sizeof told - used, "%s: %s\n", t->choice, t->why ? t->why : "right");
}

static int watch(void *user, const char *what, size_t done, size_t total) {
    (void)user, (void)what, (void)done, (void)total;
    return ++asked > most;
}

static void make(const cld_op *of, int32_t nodes) {
    cld_build build = { .graph = graph, .node = "test" };
    const cld_type type = { CLADE_FLOAT32, 1, { COUNT } };
    for (int32_t k = 0; k < nodes; k++) {
        cld_value_id in = cld_graph_input(graph, NULL, &type), out;
        ck_ok(cld_build_with(&build, of, &in, 1, NULL, 0, &out, &rig.err), rig.err);
        ck_assert(cld_graph_output(graph, out));
    }
}

static cld_tune_order order(void) {
    return (cld_tune_order){ .ocl = rig.ocl,
                             .records = records,
                             .device = DEVICE,
                             .driver = "1.0",
                             .seconds = 20,
                             .found = take,
                             .tried = tried };
}

static void setup(void) {
    ocl_open(&rig, "", false);
    ck_ok(cld_records_open(&records, ocl_fresh_directory("tune-records"), true, &rig.err), rig.err);
    graph = cld_graph_new(NULL, "tuned");
    told[0] = after[0] = '\0';
    asked = 0;
    most = 1 << 20;
}

static void teardown(void) {
    cld_graph_free(graph);
    cld_records_close(records);
    ocl_close(&rig);
}

static void run(const cld_tune_order *with) {
    const cld_graph *graphs[] = { graph };
    ck_ok(cld_tune(with, graphs, 1, &rig.err), rig.err);
}

static void was_told(const char *line) { ck_assert_msg(strstr(told, line), "'%s' is not in:\n%s", line, told); }

/* ---- the tests -----------------------------------------------------------------------------------------------------
 */

START_TEST(what_is_wrong_is_refused) {
    const cld_tune_order with = order();
    make(&op, 3);
    run(&with);
    was_told("slow: right\n");
    was_told("wrong: an output is off by 1 of its root mean square\n");
    was_told("nearly: an output is off by 0.001 of its root mean square\n");
    was_told("nan: an output is off by inf of its root mean square\n");
    was_told("beyond: writes byte 256 of an output of 256\n");
    was_told("lazy: an output is off by inf of its root mean square\n");
    was_told("right: right\n");
    ck_assert_ptr_null(strstr(told, "never"));   /* not applicable */
    ck_assert_ptr_null(strstr(told, "refuses")); /* cannot be planned */
    ck_assert_str_eq(before, "slow");
    ck_assert_str_eq(after, "right");
    ck_assert_int_eq(found.nodes, 3);
    ck_assert_int_eq(found.tried, 8);
    ck_assert_int_eq(found.refused, 5);
    ck_assert(found.error == 0);
}
END_TEST

START_TEST(what_was_found_is_recorded) {
    const cld_tune_order with = order();
    cld_record *record;
    make(&op, 1);
    run(&with);
    ck_ok(cld_records_get(records, DEVICE, PROBLEM, &record, &rig.err), rig.err);
    ck_assert_ptr_nonnull(record);
    ck_assert_str_eq(record->choice, "right");
    ck_assert_str_eq(record->driver, "1.0");
    ck_assert_str_eq(record->library, clade_version());
    ck_assert_int_eq(record->tried, 8);
    ck_assert(record->seconds > 0 && record->date > 1700000000);
    cld_free(record);
}
END_TEST

/* From 160 by 40 (80 may not be) to 1. It is measured, so where other programs take the machine from it, once more. */
START_TEST(parameters_are_searched) {
    const cld_tune_order with = order();
    make(&spaced, 1);
    for (int tries = 0; tries < 5 && strcmp(after, "times(times 1)") != 0; tries++)
        run(&with);
    ck_assert_str_eq(before, "times(times 160)");
    ck_assert_str_eq(after, "times(times 1)");
    ck_assert_ptr_null(strstr(told, "times 80"));
}
END_TEST

/* Before what stands next to the usual; which is not listed may be tried too. */
START_TEST(seeds_come_first) {
    const cld_tune_order with = order();
    make(&seeded, 1);
    run(&with);
    const char *usual_at = strstr(told, "times(times 160): right"), *first = strstr(told, "times(times 120): right"),
               *second = strstr(told, "times(times 1): right"), *next = strstr(told, "times(times 40): right");
    ck_assert(usual_at && first && second);
    ck_assert(usual_at < first && first < second && (!next || second < next));
}
END_TEST

START_TEST(what_ended_a_process_is_not_run) {
    const cld_tune_order with = order();
    int64_t entry;
    make(&op, 1);
    ck_ok(cld_records_begin(records, DEVICE, PROBLEM, "right", &entry, &rig.err), rig.err);
    run(&with);
    was_told("right: it was begun once and never ended\n");
    ck_assert_str_ne(after, "right");
    told[0] = '\0';
    ck_ok(cld_records_end(records, entry, &rig.err), rig.err); /* it does end: those of this run have */
    run(&with);
    was_told("right: right\n");
    ck_assert_str_eq(after, "right");
}
END_TEST

static const char *find(void *user, const char *problem, cld_arena *arena, bool *nearby) {
    *nearby = false;
    return strcmp(problem, PROBLEM) == 0 ? cld_arena_text(arena, user) : NULL;
}

START_TEST(before_is_what_was_measured) {
    const cld_measured measured = { find, (void *)"reference" };
    cld_tune_order with = order();
    with.measured = &measured;
    make(&op, 1);
    run(&with);
    ck_assert_str_eq(before, "reference");
    ck_assert_str_eq(after, "right");
}
END_TEST

START_TEST(only_what_is_preferred) {
    cld_tune_order with = order();
    with.prefer = "Fill=right";
    make(&op, 1);
    run(&with);
    ck_assert_str_eq(told, "slow: right\nright: right\n");
    ck_assert_str_eq(after, "right");
}
END_TEST

START_TEST(nothing_to_tune) {
    const cld_tune_order with = order();
    char *text;
    cld_text all = { 0 };
    found.nodes = -1;
    run(&with);
    ck_assert_int_eq(found.nodes, -1);
    ck_ok(cld_records_export(records, &all, &rig.err), rig.err);
    text = all.data;
    ck_assert_str_eq(text, "clade-records 1\n");
    cld_text_free(&all);
}
END_TEST

/* Inputs that mean something, and an output without elements. */
START_TEST(what_cannot_run_alone) {
    static const cld_type types[] = { { CLADE_INT32, 1, { COUNT } }, { CLADE_FLOAT32, 1, { 0 } } };
    static float values[COUNT];
    const clade_tensor zeros = { CLADE_FLOAT32, 1, { COUNT }, values, sizeof values };
    const cld_tune_order with = order();
    cld_build build = { .graph = graph, .node = "test" };
    for (size_t k = 0; k < 3; k++) {
        cld_value_id in = k < 2 ? cld_graph_input(graph, NULL, &types[k]) : cld_graph_state(graph, "s", 1, &zeros), out;
        ck_ok(cld_build_with(&build, &op, &in, 1, NULL, 0, &out, &rig.err), rig.err);
        ck_assert(cld_graph_output(graph, out));
    }
    run(&with);
    ck_assert_str_eq(told, "");
}
END_TEST

/* At any time; what was found before stays. */
START_TEST(cancelled) {
    cld_tune_order with = order();
    const cld_graph *graphs[] = { graph };
    cld_record *record;
    with.watch.progress = watch;
    make(&op, 1);
    run(&with);
    const int all = asked;
    ck_assert_int_gt(all, 8);
    for (most = 0; most < all; most++) {
        asked = 0;
        ck_refused(cld_tune(&with, graphs, 1, &rig.err), CLADE_ERR_CANCELLED, "cancelled while", rig.err);
        ck_ok(cld_records_get(records, DEVICE, PROBLEM, &record, &rig.err), rig.err);
        ck_assert_str_eq(record->choice, "right");
        cld_free(record);
    }
}
END_TEST

static clade_status refuse(void *user, const cld_tuned *tuned, clade_error *err) {
    (void)user, (void)tuned;
    return cld_fail(err, CLADE_ERR_IO, "there is no more room");
}

START_TEST(an_error_of_who_is_told_ends_all) {
    cld_tune_order with = order();
    const cld_graph *graphs[] = { graph };
    cld_record *record;
    with.found = refuse;
    make(&op, 1);
    ck_refused(cld_tune(&with, graphs, 1, &rig.err), CLADE_ERR_IO, "there is no more room", rig.err);
    ck_ok(cld_records_get(records, DEVICE, PROBLEM, &record, &rig.err), rig.err);
    ck_assert_ptr_null(record);
}
END_TEST

/* No time: nothing is tried, and nothing recorded. */
START_TEST(no_time) {
    cld_tune_order with = order();
    with.seconds = 0;
    make(&op, 1);
    run(&with);
    ck_assert_str_eq(told, "");
}
END_TEST

Suite *suite_tune_search(void);
Suite *suite_tune_search(void) {
    Suite *suite = suite_create("tune/search");
    TCase *tcase = tcase_create("fills");
    tcase_set_timeout(tcase, 120);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, what_is_wrong_is_refused);
    tcase_add_test(tcase, what_was_found_is_recorded);
    tcase_add_test(tcase, parameters_are_searched);
    tcase_add_test(tcase, seeds_come_first);
    tcase_add_test(tcase, what_ended_a_process_is_not_run);
    tcase_add_test(tcase, before_is_what_was_measured);
    tcase_add_test(tcase, only_what_is_preferred);
    tcase_add_test(tcase, nothing_to_tune);
    tcase_add_test(tcase, what_cannot_run_alone);
    tcase_add_test(tcase, cancelled);
    tcase_add_test(tcase, an_error_of_who_is_told_ends_all);
    tcase_add_test(tcase, no_time);
    suite_add_tcase(suite, tcase);
    return suite;
}
