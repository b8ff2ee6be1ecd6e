/* SPDX-License-Identifier: Apache-2.0 */
/* Three steps of stochastic gradient descent, written out by hand, on the device: y = W x + b, loss = sum (y - t)^2 /
 * 2, so that dW = (y - t) x^T and db = y - t. One plan runs three times; its parameters are state. Against double
 * precision.
 */
#include "exec/exec.h"
#include "op/reached.h"
#include "pass/pass.h"
#include "test.h"

enum { IN = 5, OUT = 3, STEPS = 3 };
static const double rate = 0.05;

static clade_error err;
static cld_graph *graph;
static cld_build build;
static double w[OUT][IN], b[OUT], x[IN], t[OUT]; /* the reference's */

static cld_value_id add(const char *type, cld_value_id a, cld_value_id c) {
    cld_value_id in[2] = { a, c }, out;
    ck_ok(cld_build_op(&build, type, in, 2, NULL, 0, &out, &err), err);
    return out;
}

static clade_tensor *tensor(int64_t rows, int64_t columns, const double *values) {
    const cld_type type = { CLADE_FLOAT32, 2, { rows, columns } };
    clade_tensor *made = cld_tensor_new(graph->arena, &type);
    for (int64_t i = 0; i < rows * columns; i++)
        cld_tensor_set(made, i, values[i]);
    return made;
}

static cld_value_id update(cld_value_id parameter, cld_value_id gradient) {
    cld_value_id in[3] = { parameter, gradient }, out;
    ck_ok(cld_build_scalar(&build, CLADE_FLOAT32, rate, &in[2], &err), err);
    ck_ok(cld_build_with(&build, &cld_op_SgdStep, in, 3, NULL, 0, &out, &err), err);
    return out;
}

static void make_graph(void) {
    const cld_type column = { CLADE_FLOAT32, 2, { IN, 1 } }, target = { CLADE_FLOAT32, 2, { OUT, 1 } };
    static const int64_t exchanged[] = { 1, 0 };
    const cld_attr trans = { .name = "perm", .kind = CLD_ATTR_INTS, .count = 2, .u.ints = exchanged };
    cld_value_id parameter = cld_graph_state(graph, "w", 1, tensor(OUT, IN, &w[0][0]));
    cld_value_id bias = cld_graph_state(graph, "b", 2, tensor(OUT, 1, b));
    cld_value_id input = cld_graph_input(graph, "x", &column), wanted = cld_graph_input(graph, "t", &target), row;
    cld_value_id y = add("Add", add("MatMul", parameter, input), bias), gradient = add("Sub", y, wanted);
    ck_ok(cld_build_op(&build, "Transpose", &input, 1, &trans, 1, &row, &err), err);
    cld_value_id new_w = update(parameter, add("MatMul", gradient, row)), new_b = update(bias, gradient);
    ck_assert(cld_graph_output(graph, new_w) && cld_graph_output(graph, new_b) && cld_graph_output(graph, gradient));
    ck_ok(cld_passes_run(cld_static_passes, -1, graph, &err), err);
}

static void reference_step(void) {
    for (int m = 0; m < OUT; m++) {
        double g = b[m] - t[m];
        for (int k = 0; k < IN; k++)
            g += w[m][k] * x[k];
        for (int k = 0; k < IN; k++)
            w[m][k] -= rate * g * x[k];
        b[m] -= rate * g;
    }
}

static void compare(cld_exec *exec, const cld_prepared *prepared, int32_t k, int count, const double *want) {
    float got[OUT * IN];
    ck_ok(
        cld_mem_read(cld_exec_queue(exec), cld_prepared_output(prepared, k), 0, got, (size_t)count * sizeof *got, &err),
        err);
    for (int i = 0; i < count; i++)
        ck_assert_double_eq_tol(got[i], want[i], 1e-5);
}

/* `other`: with the capabilities of the other shape of machine. */
static void train(cld_ocl *ocl, bool other, const char *prefer) {
    cld_queue *queue;
    cld_exec *exec;
    cld_plan *plan;
    cld_prepared *prepared, *second;
    cld_mem *inputs[2];
    cld_caps caps = *cld_ocl_caps(ocl);
    const cld_plan_options options = { .prefer_impl = prefer };
    caps.is_cpu ^= other;
    caps.is_gpu ^= other;
    for (int i = 0; i < OUT * IN; i++)
        w[i / IN][i % IN] = (i * 7 % 11) / 11.0 - 0.4;
    for (int i = 0; i < IN; i++)
        x[i] = (i * 3 % 5) / 5.0 - 0.3;
    for (int i = 0; i < OUT; i++)
        t[i] = b[i] = i - 0.5;
    graph = cld_graph_new(NULL, "sgd");
    build = (cld_build){ .graph = graph, .node = "sgd" };
    make_graph();
    ck_ok(cld_queue_new(&queue, ocl, false, &err), err);
    ck_ok(cld_exec_new(&exec, ocl, queue, &(cld_exec_options){ 0 }, &err), err);
    for (int k = 0; k < 2; k++) {
        const clade_tensor *given = tensor(k ? OUT : IN, 1, k ? t : x);
        ck_ok(cld_mem_new(&inputs[k], ocl, given->size_bytes, &err), err);
        ck_ok(cld_mem_write(queue, inputs[k], 0, given->data, given->size_bytes, true, &err), err);
    }
    ck_ok(cld_plan_new(&plan, graph, &caps, &options, &err), err);
    const size_t one_w = cld_caps_round(&caps, sizeof(float) * OUT * IN),
                 one_b = cld_caps_round(&caps, sizeof(float) * OUT);
    ck_assert_uint_eq(plan->state_bytes, one_w + one_b); /* each once */
    ck_assert_uint_eq(plan->constant_bytes + plan->packed_bytes, 0);
    for (int32_t s = 0; s < plan->steps.n_steps; s++) /* Transpose of x, a vector, is a copy */
        for (int32_t a = 0; plan->steps.steps[s].kind == CLD_STEP_COPY && a < 2; a++)
            ck_assert_int_ne(plan->bufs[plan->steps.steps[s].args[a].u.buf.buf.i].place, CLD_PLACE_STATE);
    ck_ok(cld_prepared_new(&prepared, exec, plan, inputs, &err), err);
    for (int step = 0; step < STEPS; step++) {
        ck_ok(cld_prepared_run(prepared, &err), err);
        reference_step();
        compare(exec, prepared, 0, OUT * IN, &w[0][0]);
        compare(exec, prepared, 1, OUT, b);
    }
    ck_ok(cld_prepared_new(&second, exec, plan, inputs, &err), err); /* another plan goes on with the same parameters */
    ck_ok(cld_prepared_run(second, &err), err);
    reference_step();
    compare(exec, second, 0, OUT * IN, &w[0][0]);
    reached_note(plan, caps.is_cpu, NULL);
    cld_prepared_free(second);
    cld_prepared_free(prepared);
    cld_plan_free(plan);
    for (int k = 0; k < 2; k++)
        cld_mem_free(inputs[k]);
    cld_exec_free(exec);
    cld_graph_free(graph);
}

START_TEST(three_steps) {
    cld_ocl *ocl;
    ck_ok(cld_ocl_open(&ocl, "", NULL, &err), err);
    train(ocl, _i == 1, _i == 2 ? "SgdStep=elements" : NULL);
    cld_ocl_release(ocl);
}
END_TEST

Suite *suite_op_sgd(void);
Suite *suite_op_sgd(void) {
    Suite *suite = suite_create("op/sgd");
    TCase *tcase = tcase_create("sgd");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, three_steps, 0, 3);
    suite_add_tcase(suite, tcase);
    return suite;
}
