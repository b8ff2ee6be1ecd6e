/* SPDX-License-Identifier: Apache-2.0 */
/* See rig.h. */
#include "op/rig.h"

#include <math.h>
#include <stdlib.h>

#include "exec/exec.h"
#include "op/reached.h"

void op_begin(op_rig *rig) {
    *rig = (op_rig){ .random = UINT64_C(0x9e3779b97f4a7c15) };
    rig->graph = cld_graph_new(NULL, "nodes");
    rig->host = cld_graph_new(NULL, "host");
    ck_assert(rig->graph && rig->host);
}

void op_end(op_rig *rig) {
    cld_graph_free(rig->graph);
    cld_graph_free(rig->host);
}

/* ---- random material --------------------------------------------------------------------------------------------- */

void op_seed(op_rig *rig, uint64_t seed) {
    rig->random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    for (int k = 0; k < 4; k++)
        op_below(rig, 2);
}

int64_t op_below(op_rig *rig, int64_t n) {
    rig->random ^= rig->random << 13;
    rig->random ^= rig->random >> 7;
    rig->random ^= rig->random << 17;
    return (int64_t)((rig->random >> 11) % (uint64_t)n);
}

int64_t op_between(op_rig *rig, int64_t a, int64_t b) { return a + op_below(rig, b - a + 1); }

clade_dtype op_dtype(op_rig *rig, cld_dtypes set) {
    for (;;) {
        int64_t dtype = op_below(rig, 32);
        if (cld_dtype_valid(dtype) && cld_dtype_in((clade_dtype)dtype, set))
            return (clade_dtype)dtype;
    }
}

cld_type op_type(op_rig *rig, clade_dtype dtype, int32_t rank, int64_t largest) {
    cld_type type = { .dtype = dtype, .rank = rank };
    for (int32_t d = 0; d < rank; d++)
        type.dims[d] = op_between(rig, 1, largest);
    return type;
}

static clade_tensor *empty(op_rig *rig, const cld_type *type) {
    clade_tensor *tensor = cld_tensor_new(rig->graph->arena, type);
    ck_assert_ptr_nonnull(tensor);
    return tensor;
}

/* Elements low ... high. */
static clade_tensor *whole(op_rig *rig, const cld_type *type, int64_t low, int64_t high) {
    clade_tensor *tensor = empty(rig, type);
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++)
        cld_tensor_set_int(tensor, i, op_between(rig, low, high));
    return tensor;
}

clade_tensor *op_tensor(op_rig *rig, const cld_type *type) {
    const bool can_be_negative = cld_dtype_in(type->dtype, CLD_FLOATS | CLD_SIGNED);
    return whole(rig, type, can_be_negative ? -50 : 0, can_be_negative ? 49 : 99);
}

clade_tensor *op_bytes(op_rig *rig, const cld_type *type) {
    const bool is_signed = cld_dtype_in(type->dtype, CLD_SIGNED);
    return whole(rig, type, is_signed ? -128 : 0, is_signed ? 127 : 255);
}

clade_tensor *op_indices(op_rig *rig, const cld_type *type, int64_t n) { return whole(rig, type, -n, n - 1); }

clade_tensor *op_reals(op_rig *rig, const cld_type *type, double scale) {
    const int64_t steps = 1 << 20;
    clade_tensor *tensor = empty(rig, type);
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++)
        cld_tensor_set(tensor, i, (double)op_between(rig, 1 - steps, steps - 1) / (double)steps * scale);
    return tensor;
}

clade_tensor *op_given(op_rig *rig, const cld_type *type, const double *values) {
    clade_tensor *tensor = empty(rig, type);
    for (int64_t i = 0; i < clade_tensor_count(tensor); i++)
        cld_tensor_set(tensor, i, values[i]);
    return tensor;
}

clade_tensor *op_ints(op_rig *rig, const int64_t *values, int32_t count) {
    clade_tensor *tensor = empty(rig, &(cld_type){ CLADE_INT64, 1, { count } });
    for (int32_t i = 0; i < count; i++)
        cld_tensor_set_int(tensor, i, values[i]);
    return tensor;
}

clade_tensor *op_scalar(op_rig *rig, clade_dtype dtype, double value) {
    return op_given(rig, &(cld_type){ .dtype = dtype }, &value);
}

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

void op_attr(op_rig *rig, op_node *node, cld_attr attr) {
    cld_attr *attrs = cld_arena_calloc(rig->graph->arena, (size_t)node->n_attr + 1, sizeof *attrs);
    ck_assert_ptr_nonnull(attrs);
    for (int32_t k = 0; k < node->n_attr; k++)
        attrs[k] = node->attr[k];
    attrs[node->n_attr++] = attr;
    node->attr = attrs;
}

void op_in(op_node *node, const clade_tensor *tensor, bool known) {
    ck_assert_int_lt(node->n_in, OP_INPUTS);
    node->known |= (uint32_t)known << node->n_in;
    node->in[node->n_in++] = tensor;
}

static int32_t outputs_of(const op_node *node) { return CLD_MAX(node->n_out, 1); }

static clade_status build(op_rig *rig, cld_graph *graph, const op_node *node, const cld_value_id *in,
                          cld_value_id *out) {
    char reason[160];
    cld_value_id read[OP_INPUTS] = { { 0 } };
    const char *domain = node->domain ? node->domain : "";
    cld_node proto = {
        .domain = domain, .type = node->type, .n_in = node->n_in, .n_out = outputs_of(node), .out = read
    };
    for (int32_t k = 0; k < proto.n_out; k++)
        read[k] = node->unread >> k & 1 ? CLD_ABSENT : read[k];
    proto.name = cld_arena_printf(graph->arena, "%s_%d", node->type, (int)graph->n_nodes);
    proto.opset = node->opset ? node->opset : 17;
    proto.n_attr = node->n_attr;
    proto.attr = cld_arena_copy(graph->arena, node->attr, (size_t)node->n_attr * sizeof *node->attr);
    proto.op = cld_op_find(domain, node->type, proto.opset, reason, sizeof reason);
    ck_assert_msg(proto.op != NULL, "%s", reason);
    cld_build to = { .graph = graph, .node = proto.name, .opset = proto.opset };
    return cld_build_node(&to, &proto, in, node->n_in, out, proto.n_out, &rig->err);
}

clade_status op_on_host(op_rig *rig, const op_node *node, const clade_tensor **out) {
    cld_value_id in[OP_INPUTS], results[OP_INPUTS];
    for (int32_t k = 0; k < node->n_in; k++)
        in[k] = node->in[k] ? cld_graph_constant(rig->host, NULL, node->in[k]) : CLD_ABSENT;
    CLD_RETURN(build(rig, rig->host, node, in, results));
    for (int32_t k = 0; k < outputs_of(node); k++)
        out[k] = cld_graph_at(rig->host, results[k])->constant;
    return CLADE_OK;
}

static clade_status place(op_rig *rig, const op_node *node, cld_value_id *out) {
    cld_value_id in[OP_INPUTS];
    for (int32_t k = 0; k < node->n_in; k++) {
        in[k] = CLD_ABSENT;
        if (node->in[k] && (node->known >> k & 1)) {
            in[k] = cld_graph_constant(rig->graph, NULL, node->in[k]);
        } else if (node->in[k]) {
            cld_type type = cld_tensor_type(node->in[k]);
            ck_assert_int_lt(rig->graph->n_inputs, (int)CLD_COUNT(rig->inputs));
            rig->inputs[rig->graph->n_inputs] = node->in[k];
            in[k] = cld_graph_input(rig->graph, NULL, &type);
        }
    }
    return build(rig, rig->graph, node, in, out);
}

void op_add_near(op_rig *rig, const op_node *node, const clade_tensor *const *want, const double *const *size) {
    cld_value_id results[OP_INPUTS];
    ck_ok(place(rig, node, results), rig->err);
    for (int32_t k = 0; k < outputs_of(node); k++) {
        if (node->unread >> k & 1)
            continue;
        ck_assert_msg(want[k] != NULL || rig->learn, "%s is not evaluated on the host", node->type);
        ck_assert_int_lt(rig->graph->n_outputs, (int)CLD_COUNT(rig->want));
        rig->size[rig->graph->n_outputs] = size ? size[k] : NULL;
        rig->want[rig->graph->n_outputs] = want[k];
        ck_assert(cld_graph_output(rig->graph, results[k]));
    }
}

void op_add_want(op_rig *rig, const op_node *node, const clade_tensor *const *want) {
    op_add_near(rig, node, want, NULL);
}

void op_add(op_rig *rig, const op_node *node) {
    const clade_tensor *want[OP_INPUTS];
    ck_ok(op_on_host(rig, node, want), rig->err);
    op_add_want(rig, node, want);
}

void op_refused(op_rig *rig, const op_node *node, clade_status status, const char *part) {
    cld_value_id results[OP_INPUTS];
    ck_refused(place(rig, node, results), status, part, rig->err);
}

/* ---- on the device ----------------------------------------------------------------------------------------------- */

/* Where `want` is of another type, or rtol is of something else than its elements. */
static bool is_near(const op_rig *rig, int32_t k, const clade_tensor *got, clade_comparison *result) {
    const clade_tensor *want = rig->want[k];
    if (got->rank != want->rank || memcmp(got->dims, want->dims, (size_t)got->rank * sizeof *got->dims))
        return false;
    for (int64_t i = 0; i < clade_tensor_count(want); i++) {
        const double a = cld_tensor_get(got, i), b = cld_tensor_get(want, i);
        const double most = rig->atol + rig->rtol * (rig->size[k] ? rig->size[k][i] : fabs(b));
        if (a == b || (isnan(a) && isnan(b)) || fabs(a - b) <= most)
            continue;
        *result = (clade_comparison){ .mismatches = result->mismatches + 1, .worst_index = i, .got = a, .want = b };
    }
    return result->mismatches == 0;
}

static void compare(op_rig *rig, const cld_prepared *prepared, cld_queue *queue, int32_t k) {
    const cld_value *value = cld_graph_at(rig->graph, rig->graph->outputs[k]);
    const clade_tensor *want = rig->want[k];
    clade_tensor got;
    clade_comparison result = CLADE_COMPARISON_INIT;
    ck_ok(clade_tensor_alloc(&got, value->type.dtype, value->type.rank, value->type.dims, &rig->err), rig->err);
    ck_ok(cld_mem_read(queue, cld_prepared_output(prepared, k), 0, got.data, got.size_bytes, &rig->err), rig->err);
    if (!want) {
        clade_tensor *learnt = empty(rig, &value->type);
        memcpy(learnt->data, got.data, got.size_bytes);
        rig->want[k] = want = learnt;
    }
    if (rig->size[k] || want->dtype != got.dtype)
        result.equal = is_near(rig, k, &got, &result);
    else
        ck_ok(clade_tensor_compare(&result, &got, want, rig->rtol, rig->atol, &rig->err), rig->err);
    ck_assert_msg(result.equal, "output %d, %s, with %s, is %s: %lld elements differ, at %lld: %.9g, want %.9g", (int)k,
                  value->name, rig->prefer, CLD_TYPE_TEXT(&value->type), (long long)result.mismatches,
                  (long long)result.worst_index, result.got, result.want);
    clade_tensor_free(&got);
}

static bool lacks_results(const op_rig *rig) {
    for (int32_t k = 0; k < rig->graph->n_outputs; k++)
        if (!rig->want[k])
            return true;
    return false;
}

static void run_planned(op_rig *rig, cld_exec *exec, const cld_caps *caps, const char *prefer, cld_mem *const *inputs) {
    cld_plan *plan;
    cld_prepared *prepared;
    cld_plan_options options = { .prefer_impl = prefer };
    ck_ok(cld_plan_new(&plan, rig->graph, caps, &options, &rig->err), rig->err);
    ck_ok(cld_prepared_new(&prepared, exec, plan, inputs, &rig->err), rig->err);
    for (int times = 0; times < 2; times++) /* the second run must not see what the first left */
        ck_ok(cld_prepared_run(prepared, &rig->err), rig->err);
    ck_ok(cld_queue_finish(cld_exec_queue(exec), &rig->err), rig->err);
    const bool is_compared = !lacks_results(rig);
    for (int32_t k = 0; k < rig->graph->n_outputs; k++)
        compare(rig, prepared, cld_exec_queue(exec), k);
    if (is_compared)
        rig->took[caps->is_cpu] = reached_note(plan, caps->is_cpu, prefer);
    cld_prepared_free(prepared);
    cld_plan_free(plan);
}

static cld_caps caps_as(const cld_ocl *ocl, int machine) {
    cld_caps caps = *cld_ocl_caps(ocl);
    caps.is_cpu = machine == OP_CPU;
    caps.is_gpu = machine == OP_GPU;
    caps.float_lanes = caps.is_cpu ? CLD_MAX(caps.float_lanes, 4u) : 1;
    return caps;
}

cld_caps op_device(int machine) {
    clade_error err;
    cld_ocl *ocl;
    ck_ok(cld_ocl_open(&ocl, "", NULL, &err), err);
    const cld_caps caps = caps_as(ocl, machine);
    cld_ocl_release(ocl);
    return caps;
}

static const cld_impl *last_of(const cld_impl *rows) {
    while (rows && rows[0].name && rows[1].name)
        rows++;
    return rows;
}

/* "Op=reference,...": the last row of each node's operator, and the last one within. */
static void learn(op_rig *rig, cld_exec *exec, const cld_caps *caps, cld_mem *const *inputs) {
    cld_text prefer = { 0 };
    for (int32_t n = 0; n < rig->graph->n_nodes; n++) {
        const cld_impl *row = last_of(rig->graph->nodes[n].op->impls);
        if (!row)
            continue;
        cld_text_printf(&prefer, "%s%s=%s", prefer.size ? "," : "", rig->graph->nodes[n].type, row->name);
        if (row->inner)
            cld_text_printf(&prefer, " > %s", last_of(row->inner)->name);
    }
    run_planned(rig, exec, caps, prefer.data, inputs);
    cld_text_free(&prefer);
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
    if (lacks_results(rig))
        learn(rig, exec, cld_ocl_caps(ocl), inputs);
    for (int machine = OP_MACHINES - 1; machine >= 0; machine--) { /* the rows for the other machine run here as well */
        cld_caps caps = caps_as(ocl, machine);
        caps.float_lanes = caps.is_cpu && rig->lanes ? rig->lanes : caps.float_lanes;
        rig->took[machine] = -1;
        if (!(rig->skip >> machine & 1) && reached_admits(rig->graph, caps.is_cpu, rig->prefer))
            run_planned(rig, exec, &caps, rig->prefer, inputs);
    }
    for (int32_t k = 0; k < rig->graph->n_inputs; k++)
        cld_mem_free(inputs[k]);
    free(inputs);
    cld_exec_free(exec);
    cld_ocl_release(ocl);
}

void op_took(const op_rig *rig, int32_t at_least) {
    for (int machine = 0; machine < OP_MACHINES; machine++)
        ck_assert_msg(rig->took[machine] < 0 || rig->took[machine] >= at_least, "%s ran in %d nodes on a %s, not in %d",
                      rig->prefer, (int)rig->took[machine], machine == OP_CPU ? "CPU" : "GPU", (int)at_least);
    ck_assert_int_gt(CLD_MAX(rig->took[OP_CPU], rig->took[OP_GPU]), 0);
}

cld_caps op_machine(bool cpu) {
    return (cld_caps){ .is_cpu = cpu,
                       .is_gpu = !cpu,
                       .fp64 = true,
                       .blas = true,
                       .float_lanes = cpu ? 16 : 1,
                       .compute_units = 2,
                       .max_group = 256,
                       .max_group_dim = { 256, 256, 256 },
                       .max_alloc_bytes = 1 << 30,
                       .local_bytes = 1 << 18,
                       .align_bytes = 128 };
}
