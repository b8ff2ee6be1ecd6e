/* SPDX-License-Identifier: Apache-2.0 */
/* Chains of pointwise nodes, fused, give the bits that the same nodes give one by one (the host's): integers wrap in
 * every width and at every position, and what has a narrow element type is rounded to it. Lengths cover whole vectors,
 * their tails, and what is shorter than any.
 */
#include <math.h>

#include "op/rig.h"
#include "pass/pass.h"

static op_rig rig;

static void setup(void) { op_begin(&rig); }
static void teardown(void) { op_end(&rig); }

/* One value, on the device and on the host. */
typedef struct pair {
    cld_value_id device, host;
} pair;

static pair constant(const clade_tensor *tensor) {
    return (pair){ cld_graph_constant(rig.graph, NULL, tensor), cld_graph_constant(rig.host, NULL, tensor) };
}

static pair input(const clade_tensor *tensor) {
    cld_type type = cld_tensor_type(tensor);
    rig.inputs[rig.graph->n_inputs] = tensor;
    return (pair){ cld_graph_input(rig.graph, NULL, &type), cld_graph_constant(rig.host, NULL, tensor) };
}

static pair apply(const char *type, const cld_attr *attr, const pair *in, int32_t n) {
    cld_build device = { .graph = rig.graph, .node = "n" }, host = { .graph = rig.host, .node = "n" };
    cld_value_id a[2], b[2];
    pair out;
    for (int32_t k = 0; k < n; k++) {
        a[k] = in[k].device;
        b[k] = in[k].host;
    }
    ck_ok(cld_build_op(&device, type, a, n, attr, attr != NULL, &out.device, &rig.err), rig.err);
    ck_ok(cld_build_op(&host, type, b, n, attr, attr != NULL, &out.host, &rig.err), rig.err);
    return out;
}

static pair cast(pair x, clade_dtype to) { return apply("Cast", &OP_INT("to", to), &x, 1); }

static void give(pair x) {
    const clade_tensor *want = cld_graph_at(rig.host, x.host)->constant;
    ck_assert_ptr_nonnull(want);
    rig.want[rig.graph->n_outputs] = want;
    ck_assert(cld_graph_output(rig.graph, x.device));
}

/* Everything is fused into at most `nodes` nodes; bits must agree. */
static void run(int32_t nodes) {
    ck_ok(cld_pass_dead(rig.graph, &rig.err), rig.err);
    ck_ok(cld_pass_fuse(rig.graph, &rig.err), rig.err);
    ck_ok(cld_graph_verify(rig.graph, &rig.err), rig.err);
    ck_assert_int_le(rig.graph->n_nodes, nodes);
    rig.rtol = rig.atol = 0;
    op_run(&rig);
}

static const int64_t lengths[] = { 1, 3, 5, 16, 17, 100, 1001 };

/* ---- integers ---------------------------------------------------------------------------------------------------- */

/* The ends of the type's range, and small numbers, in turn; a different one at every position of a vector. */
static clade_tensor *ends(clade_dtype dtype, int64_t n) {
    int bits = (int)clade_dtype_size(dtype) * 8;
    uint64_t top = UINT64_C(1) << (bits - 1);
    const uint64_t odd[] = { top - 1, top, top + 1, 0, 1, 2, UINT64_MAX, top / 3 * 2, 7, 46341, top - 2 };
    cld_type type = { dtype, 1, { n } };
    clade_tensor *tensor = op_tensor(&rig, &type);
    for (int64_t i = 0; i < n; i++)
        cld_tensor_set_int(tensor, i, (int64_t)odd[(i + n) % (int64_t)CLD_COUNT(odd)]);
    return tensor;
}

/* Every operator that can overflow, each followed by what would see an overflow not wrapped. */
static void add_overflows(clade_dtype dtype, int64_t n) {
    static const char *const unary[] = { "Abs", "Neg" }, *const binary[] = { "Add", "Sub", "Mul", "Div", "Mod", "Pow" };
    pair x = input(ends(dtype, n)), y = input(ends(dtype, n / 2 * 2 == n ? n : 1)), results[8];
    int32_t count = 0;
    for (size_t k = 0; k < CLD_COUNT(unary) && cld_dtype_in(dtype, CLD_SIGNED); k++)
        results[count++] = apply(unary[k], NULL, &x, 1);
    for (size_t k = 0; k < CLD_COUNT(binary); k++)
        results[count++] = apply(binary[k], NULL, (const pair[]){ x, y }, 2);
    for (int32_t k = 0; k < count; k++) {
        give(cast(results[k], dtype == CLADE_INT64 ? CLADE_FLOAT32 : CLADE_INT64));
        give(apply("Less", NULL, (const pair[]){ results[k], x }, 2));
    }
}

static const clade_dtype integers[] = { CLADE_INT8,  CLADE_INT16,  CLADE_INT32,  CLADE_INT64,
                                        CLADE_UINT8, CLADE_UINT16, CLADE_UINT32, CLADE_UINT64 };

START_TEST(integers_wrap) {
    for (size_t k = 0; k < CLD_COUNT(lengths); k++)
        add_overflows(integers[_i], lengths[k]);
    run(INT32_MAX);
}
END_TEST

START_TEST(successor_is_smaller_at_the_top) {
    for (size_t k = 0; k < CLD_COUNT(lengths); k++) {
        pair x = input(ends(integers[_i], lengths[k])), one = constant(op_scalar(&rig, integers[_i], 1));
        pair next = apply("Add", NULL, (const pair[]){ x, one }, 2);
        give(apply("Less", NULL, (const pair[]){ next, x }, 2));
        give(cast(next, CLADE_FLOAT64));
    }
    run(CLD_COUNT(lengths));
}
END_TEST

/* The kernels that add up or multiply integers otherwise. */
START_TEST(sums_wrap) {
    static const char *const reductions[] = { "ReduceSum", "ReduceProd", "ReduceL1", "ReduceSumSquare" };
    cld_attr keep = OP_INT("keepdims", 1), axis = OP_INT("axis", 0);
    for (size_t k = 0; k < CLD_COUNT(lengths); k++) {
        const clade_tensor *x = ends(integers[_i], lengths[k]), *zero = op_scalar(&rig, CLADE_INT64, 0);
        cld_type places = { CLADE_INT64, 1, { lengths[k] } };
        const clade_tensor *index = cld_tensor_new(rig.graph->arena, &places); /* all into the first */
        for (size_t r = 0; r < CLD_COUNT(reductions); r++)
            op_add(&rig, &(op_node){ .type = reductions[r], .in = { x }, .n_in = 1, .attr = &keep, .n_attr = 1 });
        op_add(&rig, &(op_node){ .type = "CumSum", .in = { x, zero }, .n_in = 2, .known = 2 });
        for (int mul = 0; mul < 2; mul++) {
            cld_attr attrs[] = { axis, OP_TEXT("reduction", mul ? "mul" : "add") };
            op_add(&rig, &(op_node){
                             .type = "ScatterElements", .in = { x, index, x }, .n_in = 3, .attr = attrs, .n_attr = 2 });
        }
    }
    op_run(&rig);
}
END_TEST

/* ---- narrow floats, narrow integers -------------------------------------------------------------------------------
 */

/* What float holds and half does not: too many digits, too large, too small; ties of the rounding; specials. */
static clade_tensor *between_halves(clade_dtype dtype, int64_t n) {
    static const double odd[] = { 0.1,      70000,     65504, 65519.99,      65520,     -65520.5, 2049,      2051,
                                  -2049.5,  1e-8,      -3e-8, 2.98023224e-8, 8.9407e-8, 6.1e-5,   0,         -0.0,
                                  INFINITY, -INFINITY, NAN,   1.0 / 3,       1e-30,     1e38,     0x1.ffep15 };
    cld_type type = { dtype, 1, { n } };
    clade_tensor *tensor = op_tensor(&rig, &type);
    for (int64_t i = 0; i < n; i++)
        cld_tensor_set(tensor, i, i < (int64_t)CLD_COUNT(odd) ? odd[i] : (double)op_between(&rig, -99999, 99999) / 777);
    return tensor;
}

START_TEST(narrowing_casts_round) {
    for (size_t k = 0; k < CLD_COUNT(lengths); k++) {
        pair x = input(between_halves(CLADE_FLOAT32, lengths[k])), half = cast(x, CLADE_FLOAT16);
        pair back = cast(half, CLADE_FLOAT32), reciprocal = apply("Reciprocal", NULL, &back, 1);
        give(back);
        give(apply("Equal", NULL, (const pair[]){ back, x }, 2));
        give(apply("Less", NULL, (const pair[]){ reciprocal, x }, 2)); /* sees the sign of zero */
    }
    run(CLD_COUNT(lengths));
}
END_TEST

/* Arithmetic that is exact before the one rounding, so that no other rounding can hide a missing one. */
START_TEST(half_arithmetic_rounds_each_step) {
    for (size_t k = 0; k < CLD_COUNT(lengths); k++) {
        pair x = cast(input(between_halves(CLADE_FLOAT32, lengths[k])), CLADE_FLOAT16), y = x;
        for (int step = 0; step < 8; step++) {
            static const char *const types[] = { "Add", "Mul", "Sub" };
            pair c = constant(op_scalar(&rig, CLADE_FLOAT16, (double)op_between(&rig, 1, 4000) / 1024));
            y = apply(types[op_below(&rig, 3)], NULL, (const pair[]){ y, op_below(&rig, 2) ? x : c }, 2);
        }
        give(cast(y, CLADE_FLOAT32));
        give(y);
    }
    run(CLD_COUNT(lengths));
}
END_TEST

START_TEST(narrow_integers_wrap) {
    static const clade_dtype narrow[] = { CLADE_INT8, CLADE_UINT8, CLADE_INT16, CLADE_UINT16, CLADE_FLOAT16 };
    for (size_t k = 0; k < CLD_COUNT(lengths); k++)
        for (size_t d = 0; d < CLD_COUNT(narrow); d++) {
            pair x = input(ends(CLADE_INT32, lengths[k])), less = cast(x, narrow[d]);
            give(cast(less, CLADE_INT64));
            give(cast(apply("Add", NULL, (const pair[]){ less, less }, 2), CLADE_INT32));
        }
    run(INT32_MAX);
}
END_TEST

Suite *suite_op_chains(void);
Suite *suite_op_chains(void) {
    Suite *suite = suite_create("op_chains");
    TCase *tcase = tcase_create("device");
    tcase_set_timeout(tcase, 240);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, integers_wrap, 0, CLD_COUNT(integers));
    tcase_add_loop_test(tcase, successor_is_smaller_at_the_top, 0, CLD_COUNT(integers));
    tcase_add_loop_test(tcase, sums_wrap, 0, CLD_COUNT(integers));
    tcase_add_test(tcase, narrowing_casts_round);
    tcase_add_test(tcase, half_arithmetic_rounds_each_step);
    tcase_add_test(tcase, narrow_integers_wrap);
    suite_add_tcase(suite, tcase);
    return suite;
}
