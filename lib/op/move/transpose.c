/* SPDX-License-Identifier: Apache-2.0 */
/* Transpose: permuted dimensions, one move. */
#include "op/move/move.h"

static clade_status read_perm(const cld_call *call, int32_t perm[CLADE_MAX_RANK], clade_error *err) {
    int32_t count, rank = call->in[0].rank;
    const int64_t *given = cld_attr_ints(call->node, "perm", &count);
    bool seen[CLADE_MAX_RANK] = { false };
    if (given && count != rank)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "perm has %d entries, input has rank %d", count, rank);
    for (int32_t d = 0; d < rank; d++) {
        perm[d] = rank - 1 - d;
        if (given)
            CLD_RETURN(cld_call_axis(call, given[d], rank, &perm[d], err));
        if (seen[perm[d]])
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "perm names dimension %d twice", perm[d]);
        seen[perm[d]] = true;
    }
    return CLADE_OK;
}

static clade_status transpose_infer(cld_call *call, clade_error *err) {
    int32_t perm[CLADE_MAX_RANK];
    CLD_RETURN(read_perm(call, perm, err));
    call->out[0] = call->in[0];
    for (int32_t d = 0; d < call->in[0].rank; d++)
        call->out[0].dims[d] = call->in[0].dims[perm[d]];
    return CLADE_OK;
}

static clade_status transpose_describe(const cld_call *call, cld_moves *out, clade_error *err) {
    int32_t perm[CLADE_MAX_RANK];
    CLD_RETURN(read_perm(call, perm, err));
    return cld_moves_permute(call, call->in[0].dims, perm, call->in[0].rank, out, err);
}

CLD_MOVES_ROWS(transpose);

const cld_op cld_op_Transpose = {
    .domain = "",
    .name = "Transpose",
    .doc = "the input with its dimensions permuted: output dimension d is input dimension perm[d]",
    .since = 1,
    .attrs = "perm:ints",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = transpose_infer,
    .eval = transpose_eval,
    .impls = transpose_rows,
};
