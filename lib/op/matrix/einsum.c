/* SPDX-License-Identifier: Apache-2.0 */
/* Einsum: y[output labels] = sum over the other labels of the product of the operands, as an expansion.
 *
 * Operands are combined two at a time, left to right. Labels that nothing later reads are summed: within an operand by
 * ReduceSum, across two by one MatMul, whose batch are the labels both have and something later still reads. Without
 * such a sum the product is one broadcast Mul. A label twice in one operand is its diagonal. Dimensions of size 1
 * broadcast. Not here: the order of contractions with the least work, which matters from three operands on.
 */
#include "op/matrix/einsum.h"

static clade_status infer(cld_call *call, clade_error *err) {
    cld_equation eq;
    for (int32_t k = 0; k < call->n_in; k++) {
        CLD_RETURN(cld_call_dtype(call, k, CLD_NUMBERS, err));
        if (call->in[k].dtype != call->in[0].dtype)
            return cld_call_fail(call, err, CLADE_ERR_DTYPE, "operand %d is %s, the first %s", (int)k,
                                 clade_dtype_name(call->in[k].dtype), clade_dtype_name(call->in[0].dtype));
    }
    CLD_RETURN(cld_einsum_equation(call, &eq, err));
    call->out[0] = (cld_type){ .dtype = call->in[0].dtype, .rank = eq.out.rank };
    for (int32_t i = 0; i < eq.out.rank; i++)
        call->out[0].dims[i] = eq.size[(int)eq.out.at[i]];
    return CLADE_OK;
}

/* A value of the static graph with a label for each dimension. */
typedef struct operand {
    cld_value_id id;
    cld_labels labels;
} operand;

/* Which label sets a dimension is in: of a, of b, of what is read later. */
typedef struct membership {
    bool a, b, later;
} membership;

static const cld_type *type_of(const cld_build *build, const operand *x) {
    return &cld_graph_at(build->graph, x->id)->type;
}

static clade_status transpose(cld_build *build, operand *x, const int64_t *perm, clade_error *err) {
    const cld_labels before = x->labels;
    bool moves = false;
    for (int32_t i = 0; i < before.rank; i++) {
        x->labels.at[i] = before.at[perm[i]];
        moves |= perm[i] != i;
    }
    if (!moves)
        return CLADE_OK;
    const int64_t *kept = cld_arena_copy(build->graph->arena, perm, (size_t)before.rank * sizeof *perm);
    if (kept == NULL)
        return cld_no_memory(err, build->node);
    const cld_attr attr = { .name = "perm", .kind = CLD_ATTR_INTS, .count = before.rank, .u.ints = kept };
    return cld_build_op(build, "Transpose", &x->id, 1, &attr, 1, &x->id, err);
}

static clade_status reshape(cld_build *build, operand *x, const int64_t *dims, int32_t rank, clade_error *err) {
    return cld_build_reshape(build, x->id, dims, rank, &x->id, err);
}

/* Label at p stands at q > p too: both go to the end, become one dimension, of which every (n + 1)-th element stays. */
static clade_status take_diagonal(cld_build *build, operand *x, int32_t p, int32_t q, clade_error *err) {
    int64_t perm[CLADE_MAX_RANK], dims[CLADE_MAX_RANK];
    int32_t rank = 0;
    const int64_t n = type_of(build, x)->dims[p], zero = 0, square = n * n, step = n + 1;
    for (int32_t i = 0; i < x->labels.rank; i++) {
        if (i == p || i == q)
            continue;
        dims[rank] = type_of(build, x)->dims[i];
        perm[rank++] = i;
    }
    const int64_t last = rank;
    perm[rank] = p;
    perm[rank + 1] = q;
    dims[rank] = square;
    CLD_RETURN(transpose(build, x, perm, err));
    CLD_RETURN(reshape(build, x, dims, rank + 1, err));
    cld_value_id in[5] = { x->id };
    const int64_t *const lists[] = { &zero, &square, &last, &step };
    for (int32_t k = 0; k < 4; k++)
        CLD_RETURN(cld_build_ints(build, lists[k], 1, &in[k + 1], err));
    x->labels.rank = rank + 1;
    return cld_build_op(build, "Slice", in, 5, NULL, 0, &x->id, err);
}

static clade_status take_diagonals(cld_build *build, operand *x, clade_error *err) {
    for (int32_t q = 1; q < x->labels.rank; q++)
        for (int32_t p = 0; p < q; p++)
            if (x->labels.at[p] == x->labels.at[q]) {
                CLD_RETURN(take_diagonal(build, x, p, q, err));
                return take_diagonals(build, x, err); /* one label less: at most CLADE_MAX_RANK deep */
            }
    return CLADE_OK;
}

/* Sums the dimensions marked. */
static clade_status sum_out(cld_build *build, operand *x, const bool *marked, clade_error *err) {
    const cld_attr keep = { .name = "keepdims", .kind = CLD_ATTR_INT, .u.i = 0 };
    int64_t axes[CLADE_MAX_RANK];
    int32_t count = 0, rank = 0;
    for (int32_t i = 0; i < x->labels.rank; i++) {
        if (marked[i])
            axes[count++] = i;
        else
            x->labels.at[rank++] = x->labels.at[i];
    }
    x->labels.rank = rank;
    if (count == 0)
        return CLADE_OK;
    cld_value_id in[2] = { x->id };
    CLD_RETURN(cld_build_ints(build, axes, count, &in[1], err));
    return cld_build_op(build, "ReduceSum", in, 2, &keep, 1, &x->id, err);
}

/* Dimensions nothing reads later and that the other operand lacks, or has in another size (one of them is 1). */
static void mark_alone(const cld_build *build, const operand *x, const operand *other, const bool *later,
                       bool *marked) {
    for (int32_t i = 0; i < x->labels.rank; i++) {
        const int label = x->labels.at[i];
        marked[i] = !later[label];
        for (int32_t j = 0; j < other->labels.rank; j++)
            if (other->labels.at[j] == label && type_of(build, other)->dims[j] == type_of(build, x)->dims[i])
                marked[i] = false;
    }
}

/* Brings a's dimensions into the order of `groups`; each group is a predicate over memberships. */
typedef bool (*group_fn)(membership m);
static bool is_batch(membership m) { return m.a && m.b && m.later; }
static bool is_summed(membership m) { return m.a && m.b && !m.later; }
static bool is_a_only(membership m) { return m.a && !m.b; }
static bool is_b_only(membership m) { return m.b && !m.a; }

/* The labels of a group in ascending order of label, so that both operands agree. */
static int32_t list_group(const membership *of, group_fn in_group, int8_t *out) {
    int32_t count = 0;
    for (int8_t l = 0; l < CLD_EINSUM_LABELS; l++)
        if (in_group(of[l]) && count < CLADE_MAX_RANK)
            out[count++] = l;
    return count;
}

static clade_status arrange(cld_build *build, operand *x, const membership *of, group_fn const *groups,
                            int32_t n_groups, clade_error *err) {
    int64_t perm[CLADE_MAX_RANK];
    int32_t rank = 0;
    for (int32_t g = 0; g < n_groups; g++) {
        int8_t list[CLADE_MAX_RANK];
        const int32_t count = list_group(of, groups[g], list);
        for (int32_t k = 0; k < count; k++)
            for (int32_t i = 0; i < x->labels.rank; i++)
                if (x->labels.at[i] == list[k])
                    perm[rank++] = i;
    }
    return transpose(build, x, perm, err);
}

/* Appends the labels of a group to *into. false: more than CLADE_MAX_RANK. */
static bool append_group(const membership *of, group_fn in_group, cld_labels *into) {
    int8_t list[CLADE_MAX_RANK];
    const int32_t count = list_group(of, in_group, list);
    if (into->rank + count > CLADE_MAX_RANK)
        return false;
    for (int32_t k = 0; k < count; k++)
        into->at[into->rank++] = list[k];
    return true;
}

/* The size of a label in x; 1 when it is not there. */
static int64_t size_in(const cld_build *build, const operand *x, int label) {
    for (int32_t i = 0; i < x->labels.rank; i++)
        if (x->labels.at[i] == label)
            return type_of(build, x)->dims[i];
    return 1;
}

/* x with the dimensions of `shape`, where it has 1 for a label it lacks. x is in the order of shape already. */
static clade_status spread(cld_build *build, operand *x, const cld_labels *shape, clade_error *err) {
    int64_t dims[CLADE_MAX_RANK];
    for (int32_t i = 0; i < shape->rank; i++)
        dims[i] = size_in(build, x, shape->at[i]);
    return reshape(build, x, dims, shape->rank, err);
}

/* x as a stack of matrices: its first n_batch dimensions, then the product of the next `rows`, then of the rest. */
static clade_status stack(cld_build *build, operand *x, int32_t n_batch, int32_t rows, clade_error *err) {
    int64_t dims[CLADE_MAX_RANK];
    const cld_type *type = type_of(build, x);
    memcpy(dims, type->dims, sizeof dims);
    const int64_t height = cld_type_span(type, n_batch, n_batch + rows);
    const int64_t width = cld_type_span(type, n_batch + rows, type->rank);
    dims[n_batch] = height;
    dims[n_batch + 1] = width;
    return reshape(build, x, dims, n_batch + 2, err);
}

static clade_status multiply(cld_build *build, operand *a, operand *b, const membership *of, const cld_labels *result,
                             clade_error *err) {
    CLD_RETURN(arrange(build, a, of, (group_fn[]){ is_batch, is_a_only }, 2, err));
    CLD_RETURN(arrange(build, b, of, (group_fn[]){ is_batch, is_b_only }, 2, err));
    CLD_RETURN(spread(build, a, result, err));
    CLD_RETURN(spread(build, b, result, err));
    return cld_build_op(build, "Mul", (cld_value_id[]){ a->id, b->id }, 2, NULL, 0, &a->id, err);
}

static clade_status contract(cld_build *build, operand *a, operand *b, const membership *of, const cld_labels *result,
                             int32_t n_batch, int32_t n_summed, clade_error *err) {
    int64_t dims[CLADE_MAX_RANK];
    for (int32_t i = 0; i < result->rank; i++)
        dims[i] = CLD_MAX(size_in(build, a, result->at[i]), size_in(build, b, result->at[i]));
    for (int32_t i = 0; i < result->rank; i++) /* 0 is below 1, and wins */
        if (size_in(build, a, result->at[i]) == 0 || size_in(build, b, result->at[i]) == 0)
            dims[i] = 0;
    CLD_RETURN(arrange(build, a, of, (group_fn[]){ is_batch, is_a_only, is_summed }, 3, err));
    CLD_RETURN(arrange(build, b, of, (group_fn[]){ is_batch, is_summed, is_b_only }, 3, err));
    CLD_RETURN(stack(build, a, n_batch, a->labels.rank - n_batch - n_summed, err));
    CLD_RETURN(stack(build, b, n_batch, n_summed, err));
    CLD_RETURN(cld_build_op(build, "MatMul", (cld_value_id[]){ a->id, b->id }, 2, NULL, 0, &a->id, err));
    return reshape(build, a, dims, result->rank, err);
}

/* a becomes the product of a and b, summed over what only they have. */
static clade_status combine(const cld_call *call, cld_build *build, operand *a, operand b, const bool *later,
                            clade_error *err) {
    bool alone_a[CLADE_MAX_RANK], alone_b[CLADE_MAX_RANK];
    int8_t list[CLADE_MAX_RANK];
    mark_alone(build, a, &b, later, alone_a);
    mark_alone(build, &b, a, later, alone_b);
    CLD_RETURN(sum_out(build, a, alone_a, err));
    CLD_RETURN(sum_out(build, &b, alone_b, err));
    membership of[CLD_EINSUM_LABELS];
    for (int l = 0; l < CLD_EINSUM_LABELS; l++)
        of[l] = (membership){ cld_labels_count(&a->labels, l) > 0, cld_labels_count(&b.labels, l) > 0, later[l] };
    cld_labels result = { 0 };
    const int32_t n_batch = list_group(of, is_batch, list), n_summed = list_group(of, is_summed, list);
    const bool fits = append_group(of, is_batch, &result) && append_group(of, is_a_only, &result) &&
                      append_group(of, is_b_only, &result);
    if (!fits || (n_summed > 0 && n_batch + 2 > CLADE_MAX_RANK))
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "a product of two operands has more than %d dimensions",
                             CLADE_MAX_RANK);
    if (n_summed > 0)
        CLD_RETURN(contract(build, a, &b, of, &result, n_batch, n_summed, err));
    else
        CLD_RETURN(multiply(build, a, &b, of, &result, err));
    a->labels = result;
    return CLADE_OK;
}

static clade_status finish(cld_build *build, operand *x, const cld_labels *out, clade_error *err) {
    int64_t perm[CLADE_MAX_RANK];
    bool marked[CLADE_MAX_RANK];
    for (int32_t i = 0; i < x->labels.rank; i++)
        marked[i] = cld_labels_count(out, x->labels.at[i]) == 0;
    CLD_RETURN(sum_out(build, x, marked, err));
    for (int32_t k = 0; k < out->rank; k++)
        for (int32_t i = 0; i < x->labels.rank; i++)
            if (x->labels.at[i] == out->at[k])
                perm[k] = i;
    CLD_RETURN(transpose(build, x, perm, err));
    return cld_build_op(build, "Identity", &x->id, 1, NULL, 0, &build->out[0], err);
}

static clade_status expand(const cld_call *call, cld_build *build, clade_error *err) {
    cld_equation eq;
    operand product = { .id = build->in[0] };
    CLD_RETURN(cld_einsum_equation(call, &eq, err));
    product.labels = eq.in[0];
    CLD_RETURN(take_diagonals(build, &product, err));
    for (int32_t k = 1; k < eq.n_in; k++) {
        bool later[CLD_EINSUM_LABELS] = { false };
        for (int l = 0; l < CLD_EINSUM_LABELS; l++) {
            later[l] = cld_labels_count(&eq.out, l) > 0;
            for (int32_t j = k + 1; j < eq.n_in; j++)
                later[l] |= cld_labels_count(&eq.in[j], l) > 0;
        }
        operand next = { .id = build->in[k], .labels = eq.in[k] };
        CLD_RETURN(take_diagonals(build, &next, err));
        CLD_RETURN(combine(call, build, &product, next, later, err));
    }
    return finish(build, &product, &eq.out, err);
}

const cld_op cld_op_Einsum = {
    .domain = "",
    .name = "Einsum",
    .doc = "y[output labels] = sum over the other labels of the product of the operands",
    .since = 12,
    .attrs = "equation:string",
    .min_in = 1,
    .max_in = -1,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .expand = expand,
};
