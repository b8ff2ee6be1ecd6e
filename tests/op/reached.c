/* SPDX-License-Identifier: Apache-2.0 */
/* See reached.h. The facts, in the record that the tests of one run share (test.h):
 *
 *     Conv@11=im2col > panels on a CPU      a row, and the row within, ran and agreed
 *     0x7f... mr 8                          a parameter of a row had this value
 */
#include "op/reached.h"

#include <stdio.h>

#include "op/rig.h"

enum { FACT = 160 };

static const char *machine(bool cpu) { return cpu ? "CPU" : "GPU"; }

static const cld_impl *row_named(const cld_impl *rows, cld_wish name) {
    for (; rows && rows->name; rows++)
        if (cld_wish_is(name, rows->name))
            return rows;
    return NULL;
}

/* ---- noting ------------------------------------------------------------------------------------------------------ */

static void note_params(const cld_impl *row, cld_wish params) {
    char fact[FACT];
    cld_wish name;
    int32_t value;
    while (cld_wish_param(&params, &name, &value)) {
        snprintf(fact, sizeof fact, "%p %.*s %d", (const void *)row, name.size, name.text, (int)value);
        test_record(fact);
    }
}

static void note_choice(const cld_op *op, const char *label, bool cpu) {
    char fact[FACT];
    cld_text path = { 0 };
    cld_wish choice = { label, (int)strlen(label) };
    const cld_impl *rows = op->impls, *row;
    cld_text_printf(&path, "%s@%d=", op->name, (int)op->since);
    while (choice.size > 0) {
        const cld_wish_parts parts = cld_wish_split(choice);
        row = row_named(rows, parts.row);
        ck_assert_msg(row != NULL, "%s has no row '%s'", op->name, label);
        cld_text_printf(&path, "%s%s", rows == op->impls ? "" : " > ", row->name);
        snprintf(fact, sizeof fact, "%s on a %s", path.data, machine(cpu));
        test_record(fact);
        note_params(row, parts.params);
        rows = row->inner;
        choice = parts.inner;
    }
    cld_text_free(&path);
}

bool reached_before(const cld_op *op, const char *path, bool cpu) {
    char fact[FACT];
    snprintf(fact, sizeof fact, "%s@%d=%s on a %s", op->name, (int)op->since, path, machine(cpu));
    return test_recorded(fact);
}

static const cld_node *node_named(const cld_graph *graph, const char *name) {
    for (int32_t n = 0; n < graph->n_nodes; n++)
        if (strcmp(graph->nodes[n].name, name) == 0)
            return &graph->nodes[n];
    return NULL;
}

/* The label begins with the choice. */
static bool obeys(const char *label, const char *prefer, const char *type) {
    cld_wish wish;
    return cld_wish_next(&prefer, type, &wish) && strncmp(label, wish.text, (size_t)wish.size) == 0 &&
           (label[wish.size] == '\0' || strchr("(> ", label[wish.size]));
}

int32_t reached_note(const cld_plan *plan, bool cpu, const char *prefer) {
    int32_t took = 0;
    const cld_node *counted = NULL;
    for (int32_t s = 0; s < plan->steps.n_steps; s++) {
        const cld_step *step = &plan->steps.steps[s];
        const cld_node *node = node_named(plan->graph, step->node);
        if (!node) /* an output that is copied */
            continue;
        note_choice(node->op, step->impl, cpu);
        if (node == counted || !obeys(step->impl, prefer, node->type))
            continue;
        counted = node;
        took++;
    }
    return took;
}

/* Every row of the choice is for such a machine. */
static bool choice_fits(const cld_impl *rows, cld_wish choice, const cld_caps *caps) {
    while (choice.size > 0) {
        const cld_wish_parts parts = cld_wish_split(choice);
        const cld_impl *row = row_named(rows, parts.row);
        if (!row || !cld_impl_fits(row, caps))
            return false;
        rows = row->inner;
        choice = parts.inner;
    }
    return true;
}

bool reached_admits(const cld_graph *graph, bool cpu, const char *prefer) {
    const cld_caps caps = { .is_cpu = cpu, .is_gpu = !cpu, .blas = true };
    bool named = false;
    for (int32_t n = 0; n < graph->n_nodes; n++) {
        const char *at = prefer;
        cld_wish wish;
        while (cld_wish_next(&at, graph->nodes[n].type, &wish)) {
            named = true;
            if (choice_fits(graph->nodes[n].op->impls, wish, &caps))
                return true;
        }
    }
    return !named;
}

/* ---- what is missing --------------------------------------------------------------------------------------------- */

/* Last rows that the host does not evaluate and no suite compares: ONNX's own cases do (onnx/cases.sh), on what the
 * chooser makes of them. To become shorter, never longer. */
static const char *const not_compared[] = {
    "ArgMax@1=reference on a CPU",
    "ArgMin@1=reference on a CPU",
    "ConvInteger@10=reference on a CPU",
    "ConvInteger@10=reference on a GPU",
    "GridSample@16=pixels on a CPU",
    "GridSample@16=pixels on a GPU",
    "LRN@1=each on a CPU",
    "LRN@1=each on a GPU",
    "MatMulInteger@10=reference on a CPU",
    "MatMulInteger@10=reference on a GPU",
    "GlobalLpPool@2=reference on a CPU",
    "GlobalLpPool@2=reference on a GPU",
    "RNN@7=reference > reference on a CPU",
    "RNN@7=reference > reference on a GPU",
    "LSTM@7=reference > reference on a CPU",
    "LSTM@7=reference > reference on a GPU",
    "GRU@7=reference > reference on a CPU",
    "GRU@7=reference > reference on a GPU",
    "RoiAlign@10=elements on a CPU",
    "RoiAlign@10=elements on a GPU",
};

static bool is_exempt(const char *fact) {
    for (size_t k = 0; k < CLD_COUNT(not_compared); k++)
        if (strcmp(not_compared[k], fact) == 0)
            return true;
    return false;
}

static void find_rows(const char *path, const cld_impl *rows, const cld_caps *caps, cld_text *missing) {
    for (const cld_impl *row = rows; row && row->name; row++) {
        char fact[FACT], inner[FACT];
        if (!cld_impl_fits(row, caps))
            continue;
        snprintf(fact, sizeof fact, "%s%s on a %s", path, row->name, machine(caps->is_cpu));
        if (test_recorded(fact) == is_exempt(fact))
            cld_text_printf(missing, "%s%s\n", fact, is_exempt(fact) ? ", and it is in the list of those" : "");
        snprintf(inner, sizeof inner, "%s%s > ", path, row->name);
        find_rows(inner, row->inner, caps, missing);
    }
}

static void find_values(const char *owner, const cld_impl *rows, cld_text *missing) {
    for (const cld_impl *row = rows; row && row->name; row++) {
        for (int32_t k = 0; row->space && row->space->params[k].name; k++)
            for (int32_t v = 0; v < CLD_MAX_VALUES && row->space->params[k].values[v]; v++) {
                char fact[FACT];
                const cld_param *param = &row->space->params[k];
                snprintf(fact, sizeof fact, "%p %s %d", (const void *)row, param->name, (int)param->values[v]);
                if (!test_recorded(fact))
                    cld_text_printf(missing, "%s=%s(%s %d)\n", owner, row->name, param->name, (int)param->values[v]);
            }
    }
}

/* Operators of both tables; NULL: that was all. */
static const cld_op *operator_at(int32_t k) {
    int32_t count, more;
    const cld_op *const *all = cld_op_all(&count), *const *internal = cld_op_internal(&more);
    return k < count ? all[k] : k < count + more ? internal[k - count] : NULL;
}

START_TEST(every_row_ran) {
    const cld_caps caps = op_device(_i); /* what the device lacks, no row can use */
    const cld_op *op;
    cld_text missing = { 0 };
    if (!test_recorded("all suites")) {
        test_skip("rows are missed only where all suites ran");
        return;
    }
    for (int32_t k = 0; (op = operator_at(k)); k++) {
        char path[FACT];
        snprintf(path, sizeof path, "%s@%d=", op->name, (int)op->since);
        find_rows(path, op->impls, &caps, &missing);
    }
    ck_assert_msg(missing.size == 0, "no case runs and compares:\n%s", missing.data);
}
END_TEST

START_TEST(every_value_ran) {
    const cld_op *op;
    cld_text missing = { 0 };
    if (!test_recorded("all suites") || !test_recorded("long ones too")) {
        test_skip("values are missed only where all suites ran, long ones too");
        return;
    }
    for (int32_t k = 0; (op = operator_at(k)); k++)
        find_values(op->name, op->impls, &missing);
    ck_assert_msg(missing.size == 0, "no case runs and compares:\n%s", missing.data);
}
END_TEST

Suite *suite_op_reached(void);
Suite *suite_op_reached(void) {
    Suite *suite = suite_create("op/reached");
    TCase *tcase = tcase_create("reached");
    tcase_add_loop_test(tcase, every_row_ran, 0, OP_MACHINES);
    tcase_add_test(tcase, every_value_ran);
    suite_add_tcase(suite, tcase);
    return suite;
}
