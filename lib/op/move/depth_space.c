/* SPDX-License-Identifier: Apache-2.0 */
/* DepthToSpace, SpaceToDepth: channels <-> blocks of blocksize x blocksize pixels; a permutation of six dimensions, one
 * move. */
#include "op/move/move.h"

/* The block size, checked against [n, c, h, w]. */
static clade_status read_block(const cld_call *call, bool to_space, int64_t *block, clade_error *err) {
    const cld_type *in = &call->in[0];
    int64_t b = cld_attr_int(call->node, "blocksize", 0);
    if (in->rank != 4)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input must have rank 4, is %s", CLD_TYPE_TEXT(in));
    if (b < 1 || b > INT16_MAX)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "blocksize %lld is not in 1 ... %d", (long long)b, INT16_MAX);
    for (int32_t d = 0; d < 4; d++) /* so that no product below overflows, whatever a dimension of 0 hides */
        if (in->dims[d] > INT32_MAX)
            return cld_call_fail(call, err, CLADE_ERR_LIMIT, "dimension %d of %s is too large", d, CLD_TYPE_TEXT(in));
    if (to_space ? in->dims[1] % (b * b) != 0 : in->dims[2] % b != 0 || in->dims[3] % b != 0)
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "blocksize %lld does not divide %s", (long long)b,
                             CLD_TYPE_TEXT(in));
    *block = b;
    return CLADE_OK;
}

/* DCR: the channels split as block row, block column, c; CRD: as c, block row, block column. */
enum { DCR, CRD, MODES };
static const char *const modes[MODES] = { "DCR", "CRD" };

static clade_status depth_to_space_infer(cld_call *call, clade_error *err) {
    const cld_type *in = &call->in[0];
    int64_t b;
    int32_t mode;
    CLD_RETURN(read_block(call, true, &b, err));
    CLD_RETURN(cld_call_choice(call, "mode", modes, MODES, DCR, &mode, err));
    call->out[0] = (cld_type){ .dtype = in->dtype,
                               .rank = 4,
                               .dims = { in->dims[0], in->dims[1] / (b * b), in->dims[2] * b, in->dims[3] * b } };
    return CLADE_OK;
}

static clade_status depth_to_space_describe(const cld_call *call, cld_moves *out, clade_error *err) {
    const int64_t *in = call->in[0].dims;
    int64_t b;
    int32_t mode;
    CLD_RETURN(read_block(call, true, &b, err));
    CLD_RETURN(cld_call_choice(call, "mode", modes, MODES, DCR, &mode, err));
    const int64_t c = in[1] / (b * b);
    const int64_t dims[MODES][6] = { { in[0], b, b, c, in[2], in[3] }, { in[0], c, b, b, in[2], in[3] } };
    static const int32_t perm[MODES][6] = { { 0, 3, 4, 1, 5, 2 }, { 0, 1, 4, 2, 5, 3 } };
    return cld_moves_permute(call, dims[mode], perm[mode], 6, out, err);
}

CLD_MOVES_ROWS(depth_to_space);

const cld_op cld_op_DepthToSpace = {
    .domain = "",
    .name = "DepthToSpace",
    .doc = "channels become blocks of pixels; mode says how the channels split: DCR or CRD",
    .since = 1,
    .attrs = "blocksize:int mode:string@11",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = depth_to_space_infer,
    .eval = depth_to_space_eval,
    .impls = depth_to_space_rows,
};

static clade_status space_to_depth_infer(cld_call *call, clade_error *err) {
    const cld_type *in = &call->in[0];
    int64_t b;
    int32_t mode;
    CLD_RETURN(read_block(call, false, &b, err));
    CLD_RETURN(cld_call_choice(call, "mode", modes, MODES, DCR, &mode, err));
    call->out[0] = (cld_type){ .dtype = in->dtype,
                               .rank = 4,
                               .dims = { in->dims[0], in->dims[1] * b * b, in->dims[2] / b, in->dims[3] / b } };
    return cld_call_check(call, &call->out[0], err);
}

static clade_status space_to_depth_describe(const cld_call *call, cld_moves *out, clade_error *err) {
    static const int32_t perm[MODES][6] = { { 0, 3, 5, 1, 2, 4 }, { 0, 1, 3, 5, 2, 4 } };
    const int64_t *in = call->in[0].dims;
    int64_t b;
    int32_t mode;
    CLD_RETURN(read_block(call, false, &b, err));
    CLD_RETURN(cld_call_choice(call, "mode", modes, MODES, DCR, &mode, err));
    return cld_moves_permute(call, (int64_t[]){ in[0], in[1], in[2] / b, b, in[3] / b, b }, perm[mode], 6, out, err);
}

CLD_MOVES_ROWS(space_to_depth);

const cld_op cld_op_SpaceToDepth = {
    .domain = "",
    .name = "SpaceToDepth",
    .doc = "blocks of pixels become channels; mode says in which order: DCR or CRD",
    .since = 1,
    .attrs = "blocksize:int mode:string@28",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .infer = space_to_depth_infer,
    .eval = space_to_depth_eval,
    .impls = space_to_depth_rows,
};
