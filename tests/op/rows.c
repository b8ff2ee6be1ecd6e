/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of every operator of the tables on a small ragged node: what it gives is what the host gives, or, where the
 * host does not evaluate the operator, its last row (which other tests measure against references). Rows within rows
 * likewise; and every value of every row's parameters that may be on such a node.
 */
#include <stdio.h>

#include "op/reached.h"
#include "op/samples.h"
#include "plan/plan.h"

enum { PATH = 64 };

static op_rig rig;

static void setup(void) {
    op_begin(&rig);
    rig.learn = true;
    rig.rtol = rig.atol = 1e-4;
    rig.graph->max_folded_bytes = 1; /* what could be folded runs, unless it is as small as shapes */
}
static void teardown(void) { op_end(&rig); }

/* The rig compares with the last row what the host does not evaluate: that row itself, others must. */
static bool is_last(const cld_impl *row) { return !row || !row[1].name; }
static bool is_checked(const cld_op *op, const sample_path *path) {
    return op->eval || !is_last(path->row) || !is_last(path->inner);
}

/* Path number `_i / OP_MACHINES` of every operator that has so many, on machine `_i % OP_MACHINES`, where no suite
 * before has run it: every program takes a second. */
START_TEST(rows_agree) {
    int32_t count, added = 0;
    const cld_op *const *ops = cld_op_all(&count);
    const cld_caps caps = op_device(_i % OP_MACHINES);
    cld_text prefer = { 0 };
    for (int32_t k = 0; k < count; k++) {
        sample_path path;
        if (!sample_path_at(ops[k], _i / OP_MACHINES, &path) || !is_checked(ops[k], &path) ||
            !cld_impl_fits(path.row, &caps) || (path.inner && !cld_impl_fits(path.inner, &caps)) ||
            reached_before(ops[k], path.text, caps.is_cpu))
            continue;
        sample_add_path(&rig, ops[k], &path, &prefer);
        added++;
    }
    rig.prefer = prefer.data;
    rig.skip = ~(1u << _i % OP_MACHINES);
    if (added)
        op_run(&rig);
    cld_text_free(&prefer);
}
END_TEST

/* ---- values of parameters ---------------------------------------------------------------------------------------- */

/* A row with parameters, and an operator that has it. */
typedef struct tunable {
    const cld_op *op;
    const cld_impl *row;
    int32_t n_params;
} tunable;

enum { MOST_TUNABLE = 32 };

/* All of them; a row that several operators share counts once. */
static int32_t all_tunable(tunable out[MOST_TUNABLE]) {
    int32_t count, n = 0, seen;
    const cld_op *const *ops = cld_op_all(&count);
    for (int32_t k = 0; k < count; k++)
        for (const cld_impl *row = ops[k]->impls; row && row->name; row++) {
            for (seen = 0; seen < n && out[seen].row != row; seen++)
                ;
            if (!row->space || seen < n)
                continue;
            ck_assert_int_lt(n, MOST_TUNABLE);
            out[n] = (tunable){ .op = ops[k], .row = row };
            while (row->space->params[out[n].n_params].name)
                out[n].n_params++;
            n++;
        }
    return n;
}

/* The row's values number `at`, one of each parameter; false: there are no more. */
static bool next_values(const tunable *t, int32_t *at) {
    for (int32_t k = t->n_params - 1; k >= 0; k--) {
        if (++at[k] < CLD_MAX_VALUES && t->row->space->params[k].values[at[k]])
            return true;
        at[k] = 0;
    }
    return false;
}

static void write_choice(char out[2 * PATH], const tunable *t, const int32_t *at) {
    int used = snprintf(out, 2 * PATH, "%s=%s", t->op->name, t->row->name);
    for (int32_t k = 0; k < t->n_params; k++) {
        const cld_param *param = &t->row->space->params[k];
        used += snprintf(out + used, (size_t)(2 * PATH - used), "%s%s %d", k ? ", " : "(", param->name,
                         (int)param->values[at[k]]);
    }
    snprintf(out + used, (size_t)(2 * PATH - used), ")");
}

/* The planner obeys. */
static bool may_be(const char *prefer, const cld_caps *caps) {
    cld_plan *plan;
    bool found = false;
    const char *label = strchr(prefer, '=') + 1;
    const cld_plan_options options = { .prefer_impl = prefer };
    ck_ok(cld_plan_new(&plan, rig.graph, caps, &options, &rig.err), rig.err);
    for (int32_t s = 0; s < plan->steps.n_steps; s++)
        found |= strncmp(plan->steps.steps[s].impl, label, strlen(label)) == 0;
    cld_plan_free(plan);
    return found;
}

/* Few choices that hold every value which may be: those with most new ones first. */
START_TEST(values_agree) {
    tunable rows[MOST_TUNABLE];
    bool done[CLD_MAX_PARAMS][CLD_MAX_VALUES] = { { false } };
    if (_i >= all_tunable(rows))
        return;
    const tunable *t = &rows[_i];
    const cld_caps caps = op_device(t->row->needs & CLD_NEEDS_CPU ? OP_CPU : OP_GPU);
    rig.skip = 1u << (caps.is_cpu ? OP_GPU : OP_CPU);
    sample_add(&rig, t->op, t->row->name);
    for (int32_t fresh = t->n_params; fresh > 0; fresh--) {
        int32_t at[CLD_MAX_PARAMS] = { 0 };
        do {
            char prefer[2 * PATH];
            int32_t news = 0;
            for (int32_t k = 0; k < t->n_params; k++)
                news += !done[k][at[k]];
            write_choice(prefer, t, at);
            if (news < fresh || !may_be(prefer, &caps))
                continue;
            for (int32_t k = 0; k < t->n_params; k++)
                done[k][at[k]] = true;
            rig.prefer = prefer;
            op_run(&rig);
            op_took(&rig, 1);
        } while (next_values(t, at));
    }
    for (int32_t k = 0; k < t->n_params; k++)
        for (int32_t v = 0; v < CLD_MAX_VALUES && t->row->space->params[k].values[v]; v++)
            ck_assert_msg(done[k][v], "%s=%s: no choice of listed values has %s %d", t->op->name, t->row->name,
                          t->row->space->params[k].name, (int)t->row->space->params[k].values[v]);
}
END_TEST

START_TEST(takes_minutes) {
    test_skip("CLADE_DEEP=1, or tests/device op_rows, runs every value of every row's parameters");
}
END_TEST

Suite *suite_op_rows(void);
Suite *suite_op_rows(void) {
    Suite *suite = suite_create("op/rows");
    TCase *rows = tcase_create("rows"), *values = tcase_create("values");
    tcase_set_timeout(rows, 300);
    tcase_set_timeout(values, 300);
    tcase_add_checked_fixture(rows, setup, teardown);
    tcase_add_checked_fixture(values, setup, teardown);
    tcase_add_loop_test(rows, rows_agree, 0, SAMPLE_PATHS * OP_MACHINES);
    if (test_recorded("long ones too"))
        tcase_add_loop_test(values, values_agree, 0, MOST_TUNABLE);
    else
        tcase_add_test(values, takes_minutes);
    suite_add_tcase(suite, rows);
    suite_add_tcase(suite, values);
    return suite;
}
