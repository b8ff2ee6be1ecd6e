/* SPDX-License-Identifier: Apache-2.0 */
/* Constants for expansions, and shapes made of them. */
#include "op/core/op.h"

clade_status cld_build_scalar(cld_build *build, clade_dtype dtype, double value, cld_value_id *out, clade_error *err) {
    cld_type type = { .dtype = dtype, .rank = 0 };
    clade_tensor *tensor = cld_tensor_new(build->graph->arena, &type);
    if (!tensor)
        return cld_no_memory(err, build->node);
    cld_tensor_set(tensor, 0, value);
    *out = cld_graph_constant(build->graph, NULL, tensor);
    return cld_present(*out) ? CLADE_OK : cld_no_memory(err, build->node);
}

clade_status cld_build_ints(cld_build *build, const int64_t *values, int32_t count, cld_value_id *out,
                            clade_error *err) {
    cld_type type = { .dtype = CLADE_INT64, .rank = 1, .dims = { count } };
    clade_tensor *tensor = cld_tensor_new(build->graph->arena, &type);
    if (!tensor)
        return cld_no_memory(err, build->node);
    for (int32_t k = 0; k < count; k++)
        cld_tensor_set_int(tensor, k, values[k]);
    *out = cld_graph_constant(build->graph, NULL, tensor);
    return cld_present(*out) ? CLADE_OK : cld_no_memory(err, build->node);
}

clade_status cld_build_reshape(cld_build *build, cld_value_id in, const int64_t *dims, int32_t rank, cld_value_id *out,
                               clade_error *err) {
    const cld_attr zeros = { .name = "allowzero", .kind = CLD_ATTR_INT, .u.i = 1 };
    cld_value_id pair[2] = { in };
    CLD_RETURN(cld_build_ints(build, dims, rank, &pair[1], err));
    return cld_build_op(build, "Reshape", pair, 2, &zeros, 1, out, err);
}
