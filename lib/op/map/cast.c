/* SPDX-License-Identifier: Apache-2.0 */
/* Cast and CastLike: another element type.
 *
 * Floating point to integer truncates and saturates (ONNX leaves out-of-range values open); integers wrap; anything
 * that is not zero is true.
 */
#include "op/map/pointwise.h"

static clade_status cast_infer(cld_call *call, clade_error *err) {
    int64_t to = cld_attr_int(call->node, "to", 0);
    CLD_RETURN(cld_call_dtype(call, 0, CLD_ALL_DTYPES, err));
    if (!cld_dtype_valid(to))
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "a cast to TensorProto type %lld is not supported",
                             (long long)to);
    call->out[0] = call->in[0];
    call->out[0].dtype = (clade_dtype)to;
    return CLADE_OK;
}

static const char *cast_text(const cld_call *call, const char *const *operands) {
    clade_dtype from = call->in[0].dtype, to = call->out[0].dtype;
    const char *x = operands[0], *type = cld_kern_type(to);
    bool from_float = cld_dtype_in(from, CLD_FLOATS), to_float = cld_dtype_in(to, CLD_FLOATS);
    if (strcmp(cld_kern_type(from), type) == 0 && to != CLADE_BOOL)
        return x;
    if (to == CLADE_BOOL)
        return cld_arena_printf(call->arena, from_float ? "(%s != 0.0f)" : "(%s != 0)", x);
    if (from == CLADE_BOOL && to_float && to != CLADE_FLOAT64)
        return cld_arena_printf(call->arena, "FROM_BOOL(%s)", x);
    if (from_float && !to_float)
        return cld_arena_printf(call->arena, "convert_%s_sat(%s)", type, x);
    return cld_arena_printf(call->arena, "((%s)(%s))", type, x);
}

static clade_status cast_expand(const cld_call *call, cld_build *build, clade_error *err) {
    if (call->in[0].dtype != call->out[0].dtype)
        return CLADE_ERR_UNSUPPORTED; /* a real cast has rows */
    return cld_build_op(build, "Identity", build->in, 1, NULL, 0, build->out, err);
}

static clade_status cast_eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    (void)err;
    const clade_tensor *in = call->value[0];
    bool from_float = cld_dtype_in(in->dtype, CLD_FLOATS), to_float = cld_dtype_in(out[0]->dtype, CLD_FLOATS);
    int64_t count = clade_tensor_count(in);
    for (int64_t i = 0; i < count; i++) {
        if (out[0]->dtype == CLADE_BOOL)
            cld_tensor_set_int(out[0], i, from_float ? cld_tensor_get(in, i) != 0 : cld_tensor_get_int(in, i) != 0);
        else if (from_float || (to_float && in->dtype == CLADE_UINT64))
            cld_tensor_set(out[0], i, cld_tensor_get(in, i));
        else /* not by way of double, which would round twice */
            cld_tensor_set_int(out[0], i, cld_tensor_get_int(in, i));
    }
    return CLADE_OK;
}

const cld_op cld_op_Cast = {
    .domain = "",
    .name = "Cast",
    .doc = "y = x as another element type",
    .since = 6,
    .attrs = "round_mode:string@24 saturate:int@19 to:int",
    .min_in = 1,
    .max_in = 1,
    .min_out = 1,
    .max_out = 1,
    .pointwise = cast_text,
    .infer = cast_infer,
    .expand = cast_expand,
    .eval = cast_eval,
    .impls = cld_map_impls,
};

static clade_status like_infer(cld_call *call, clade_error *err) {
    CLD_RETURN(cld_call_dtype(call, 0, CLD_ALL_DTYPES, err));
    CLD_RETURN(cld_call_dtype(call, 1, CLD_ALL_DTYPES, err));
    call->out[0] = call->in[0];
    call->out[0].dtype = call->in[1].dtype;
    return CLADE_OK;
}

static clade_status like_expand(const cld_call *call, cld_build *build, clade_error *err) {
    cld_attr to = { .name = "to", .kind = CLD_ATTR_INT, .u.i = call->in[1].dtype };
    return cld_build_op(build, "Cast", build->in, 1, &to, 1, build->out, err);
}

const cld_op cld_op_CastLike = {
    .domain = "",
    .name = "CastLike",
    .doc = "y = x as the element type of the second input",
    .since = 15,
    .attrs = "round_mode:string@24 saturate:int@19",
    .min_in = 2,
    .max_in = 2,
    .min_out = 1,
    .max_out = 1,
    .infer = like_infer,
    .expand = like_expand,
};
