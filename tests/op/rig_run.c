/* SPDX-License-Identifier: Apache-2.0 */
/* Nodes on the device: see rig.h. */
#include "exec/exec.h"
#include "op/rig.h"

#include <stdlib.h>

static void compare(op_rig *rig, const cld_prepared *prepared, cld_queue *queue, int32_t k) {
    const cld_value *value = cld_graph_at(rig->graph, rig->graph->outputs[k]);
    const clade_tensor *want = rig->want[k];
    clade_tensor got;
    clade_comparison result = CLADE_COMPARISON_INIT;
    ck_ok(clade_tensor_alloc(&got, value->type.dtype, value->type.rank, value->type.dims, &rig->err), rig->err);
    ck_ok(cld_mem_read(queue, cld_prepared_output(prepared, k), 0, got.data, got.size_bytes, &rig->err), rig->err);
    ck_ok(clade_tensor_compare(&result, &got, want, rig->rtol, rig->atol, &rig->err), rig->err);
    ck_assert_msg(result.equal, "output %d, %s, is %s: %lld elements differ, at %lld: %g, want %g", (int)k, value->name,
                  CLD_TYPE_TEXT(&value->type), (long long)result.mismatches, (long long)result.worst_index, result.got,
                  result.want);
    clade_tensor_free(&got);
}

static void run_planned(op_rig *rig, cld_exec *exec, const cld_caps *caps, cld_mem *const *inputs) {
    cld_plan *plan;
    cld_prepared *prepared;
    cld_plan_options options = { .prefer_impl = rig->prefer };
    ck_ok(cld_plan_new(&plan, rig->graph, caps, &options, &rig->err), rig->err);
    ck_ok(cld_prepared_new(&prepared, exec, plan, inputs, &rig->err), rig->err);
    ck_ok(cld_prepared_run(prepared, &rig->err), rig->err);
    ck_ok(cld_queue_finish(cld_exec_queue(exec), &rig->err), rig->err);
    for (int32_t k = 0; k < rig->graph->n_outputs; k++)
        compare(rig, prepared, cld_exec_queue(exec), k);
    cld_prepared_free(prepared);
    cld_plan_free(plan);
}

void op_run(op_rig *rig) {
    cld_ocl *ocl;
    cld_queue *queue;
    cld_exec *exec;
    cld_mem **inputs = calloc((size_t)rig->graph->n_inputs + 1, sizeof *inputs);
    ck_ok(cld_ocl_open(&ocl, "", NULL, &rig->err), rig->err);
    ck_ok(cld_queue_new(&queue, ocl, false, &rig->err), rig->err);
    ck_ok(cld_exec_new(&exec, ocl, queue, &(cld_exec_options){ 0 }, &rig->err), rig->err);
    for (int32_t k = 0; k < rig->graph->n_inputs; k++) {
        const clade_tensor *in = rig->inputs[k];
        ck_ok(cld_mem_new(&inputs[k], ocl, in->size_bytes, &rig->err), rig->err);
        ck_ok(cld_mem_write(queue, inputs[k], 0, in->data, in->size_bytes, true, &rig->err), rig->err);
    }
    cld_caps caps = *cld_ocl_caps(ocl);
    run_planned(rig, exec, &caps, inputs);
    caps.is_cpu = !caps.is_cpu; /* the rows of the other shape of machine run here as well */
    caps.is_gpu = !caps.is_gpu;
    run_planned(rig, exec, &caps, inputs);
    for (int32_t k = 0; k < rig->graph->n_inputs; k++)
        cld_mem_free(inputs[k]);
    free(inputs);
    cld_exec_free(exec);
    cld_ocl_release(ocl);
}
