/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of CLBlast: GEMM with its packing kernel (clblast) and in place (clblast_direct), and Convgemm (convgemm).
 *
 * Their parameters are CLBlast's own, always said: what its database has for a device may be wrong (GEMMK 1, whose
 * products are wrong where a tile is not square or, batched, where K is no multiple of KREG; up to 1.7.0), and what was
 * in force cannot be asked for. Names and constraints are those of its kernels (src/kernels/level3, 1.5.3); those
 * that no row here varies are GEMMK 0, KREG 1, KWI 2, STRM and STRN 0, PADA and PADB 1, and the shape of the groups
 * that load is that of the groups that compute.
 */
#include "op/matrix/conv.h"

/* CLBlast strides one batch dimension only, and knows neither bias nor epilogue: those are a second step. */
bool cld_blas_applicable(const cld_call *call, const cld_caps *caps) {
    const cld_gemm *gemm = call->problem;
    (void)caps;
    return !cld_product_empty(gemm) && gemm->k > 0 && gemm->batch_rank <= 1 &&
           cld_dtype_in(gemm->dtype, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT64));
}

static bool is_one_of(int32_t value, const int32_t *values) {
    while (*values && *values != value)
        values++;
    return *values != 0;
}

/* Each is one of the listed: CLBlast's macros expect powers of two. */
static bool are_listed(const cld_param *params, const int32_t *value) {
    for (int32_t k = 0; params[k].name; k++)
        if (!is_one_of(value[k], params[k].values))
            return false;
    return true;
}

/* The first of the sets that may be; false: none. */
static bool pick(const cld_call *call, const cld_caps *caps, const cld_space *space,
                 const int32_t sets[][CLD_MAX_PARAMS], size_t count, int32_t *value) {
    for (size_t k = 0; k < count; k++) {
        memcpy(value, sets[k], sizeof sets[k]);
        if (space->valid(call, caps, value))
            return true;
    }
    return false;
}

/* ---- Xgemm --------------------------------------------------------------------------------------------------------
 */

enum { MWG, NWG, KWG, MDIMC, NDIMC, VWM, VWN, LOCAL };
static const cld_param packed_params[] = {
    [MWG] = { "mwg", { 16, 32, 64, 128 } }, /* rows and columns of a group; k that it works through at a time */
    [NWG] = { "nwg", { 16, 32, 64, 128 } },
    [KWG] = { "kwg", { 16, 32 } },
    [MDIMC] = { "mdimc", { 1, 2, 4, 8, 16, 32 } }, /* work-items of a group */
    [NDIMC] = { "ndimc", { 1, 2, 4, 8, 16, 32 } },
    [VWM] = { "vwm", { 1, 2, 4, 8 } }, /* vectors */
    [VWN] = { "vwn", { 1, 2, 4, 8 } },
    [LOCAL] = { "local", { 1, 2, 3, 4 } }, /* 1 + SA + 2 SB: which operands go through local memory */
    { 0 }
};

static bool fits_group(const cld_caps *caps, int32_t a, int32_t b) {
    return (size_t)a * (size_t)b <= caps->max_group && (size_t)a <= caps->max_group_dim[0] &&
           (size_t)b <= caps->max_group_dim[1];
}

static bool packed_valid(const cld_call *call, const cld_caps *caps, const int32_t *v) {
    const cld_gemm *gemm = call->problem;
    const int32_t most_of_item = 64; /* sums that registers hold */
    if (!are_listed(packed_params, v) || !fits_group(caps, v[MDIMC], v[NDIMC]))
        return false;
    const bool sa = (v[LOCAL] - 1) & 1, sb = (v[LOCAL] - 1) >> 1;
    const size_t local = (size_t)v[KWG] * (size_t)(sa * v[MWG] + sb * v[NWG]) * clade_dtype_size(gemm->dtype);
    return v[MWG] % (v[MDIMC] * v[VWM]) == 0 && v[NWG] % (v[NDIMC] * v[VWN]) == 0 && v[KWG] % v[MDIMC] == 0 &&
           v[KWG] % v[NDIMC] == 0 && local <= caps->local_bytes &&
           v[MWG] / v[MDIMC] * (v[NWG] / v[NDIMC]) <= most_of_item;
}

static void packed_usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    static const int32_t sets[][CLD_MAX_PARAMS] = { { 64, 64, 16, 8, 8, 4, 4, 4 },
                                                    { 32, 32, 16, 8, 8, 2, 2, 4 },
                                                    { 16, 16, 16, 4, 4, 1, 1, 1 },
                                                    { 16, 16, 16, 2, 2, 1, 1, 1 } };
    (void)pick(call, caps, &cld_blas_packed_space, sets, CLD_COUNT(sets), value);
}

/* Those that CLBlast's database has most often (src/database/kernels/xgemm, up to 1.7.0), its default, and its
 * default for CPUs. */
const int32_t cld_blas_packed_seeds[CLD_BLAS_PACKED_SEEDS][CLD_MAX_PARAMS] = {
    { 64, 64, 32, 16, 8, 4, 4, 1 },  { 16, 32, 32, 8, 8, 2, 4, 4 },   { 64, 64, 32, 16, 8, 4, 4, 4 },
    { 32, 32, 32, 8, 8, 4, 4, 4 },   { 64, 128, 32, 16, 8, 2, 4, 1 }, { 128, 128, 32, 8, 16, 4, 4, 4 },
    { 64, 64, 32, 16, 16, 4, 4, 4 },
};

const cld_space cld_blas_packed_space = { packed_params, packed_usual, packed_valid };

/* ---- XgemmDirect and Xconvgemm ------------------------------------------------------------------------------------
 */

enum { WGD, MDIMCD, NDIMCD, KWID, VWMD, VWND };
static const cld_param direct_params[] = { [WGD] = { "wgd", { 8, 16, 32, 64 } }, /* rows, columns, and k */
                                           [MDIMCD] = { "mdimcd", { 1, 2, 4, 8, 16, 32 } },
                                           [NDIMCD] = { "ndimcd", { 1, 2, 4, 8, 16, 32 } },
                                           [KWID] = { "kwid", { 1, 2, 8, 16 } }, /* of k, unrolled */
                                           [VWMD] = { "vwmd", { 1, 2, 4, 8 } },
                                           [VWND] = { "vwnd", { 1, 2, 4, 8 } },
                                           { 0 } };

static bool direct_fits(const cld_caps *caps, clade_dtype dtype, const int32_t *v) {
    const int32_t most_of_item = 64;
    if (!are_listed(direct_params, v) || !fits_group(caps, v[MDIMCD], v[NDIMCD]))
        return false;
    const size_t local = 2 * (size_t)v[WGD] * (size_t)(v[WGD] + 1) * clade_dtype_size(dtype);
    return v[WGD] % v[KWID] == 0 && v[WGD] % (v[MDIMCD] * v[VWMD]) == 0 && v[WGD] % (v[NDIMCD] * v[VWND]) == 0 &&
           local <= caps->local_bytes && v[WGD] / v[MDIMCD] * (v[WGD] / v[NDIMCD]) <= most_of_item;
}

static bool direct_valid(const cld_call *call, const cld_caps *caps, const int32_t *v) {
    return direct_fits(caps, ((const cld_gemm *)call->problem)->dtype, v);
}

static bool conv_valid(const cld_call *call, const cld_caps *caps, const int32_t *v) {
    return direct_fits(caps, ((const cld_conv *)call->problem)->dtype, v);
}

static const int32_t direct_sets[][CLD_MAX_PARAMS] = {
    { 32, 8, 8, 2, 2, 2 }, { 16, 8, 8, 2, 1, 1 }, { 8, 4, 4, 2, 1, 1 }, { 8, 2, 2, 2, 1, 1 }, { 8, 1, 1, 2, 1, 1 }
};

static void direct_usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    (void)pick(call, caps, &cld_blas_direct_space, direct_sets, CLD_COUNT(direct_sets), value);
}

static void conv_usual(const cld_call *call, const cld_caps *caps, int32_t *value) {
    (void)pick(call, caps, &cld_blas_conv_space, direct_sets, CLD_COUNT(direct_sets), value);
}

/* As for Xgemm. */
const int32_t cld_blas_direct_seeds[CLD_BLAS_DIRECT_SEEDS][CLD_MAX_PARAMS] = {
    { 32, 8, 8, 2, 1, 1 }, { 16, 8, 8, 2, 1, 1 }, { 32, 8, 8, 2, 4, 4 }, { 64, 8, 16, 2, 2, 1 }, { 32, 16, 8, 2, 2, 4 }
};
const int32_t cld_blas_conv_seeds[CLD_BLAS_CONV_SEEDS][CLD_MAX_PARAMS] = { { 32, 32, 8, 1, 1, 1 },
                                                                           { 32, 8, 8, 1, 4, 1 },
                                                                           { 32, 8, 8, 1, 2, 4 } };

const cld_space cld_blas_direct_space = { direct_params, direct_usual, direct_valid };
const cld_space cld_blas_conv_space = { direct_params, conv_usual, conv_valid };

/* ---- the parameters as CLBlast takes them -------------------------------------------------------------------------
 */

static void add(cld_blas_set *set, const char *name, int32_t value) {
    set->name[set->n] = name;
    set->value[set->n++] = (size_t)value;
}

static const cld_blas_set *packed_set(const cld_emit *emit) {
    const int32_t *v = emit->value;
    const struct {
        const char *name;
        int32_t value;
    } all[] = { { "GEMMK", 0 },
                { "KREG", 1 },
                { "KWG", v[KWG] },
                { "KWI", 2 },
                { "MDIMA", v[MDIMC] },
                { "MDIMC", v[MDIMC] },
                { "MWG", v[MWG] },
                { "NDIMB", v[NDIMC] },
                { "NDIMC", v[NDIMC] },
                { "NWG", v[NWG] },
                { "SA", (v[LOCAL] - 1) & 1 },
                { "SB", (v[LOCAL] - 1) >> 1 },
                { "STRM", 0 },
                { "STRN", 0 },
                { "VWM", v[VWM] },
                { "VWN", v[VWN] } };
    cld_blas_set *set = cld_step_blas_set(emit->steps, "Xgemm", CLD_BLAS_PACKED);
    for (size_t k = 0; k < CLD_COUNT(all); k++)
        add(set, all[k].name, all[k].value);
    return set;
}

static const cld_blas_set *direct_set(const cld_emit *emit, const char *kernel, cld_blas_way way) {
    const int32_t *v = emit->value;
    const struct {
        const char *name;
        int32_t value;
    } all[] = { { "KWID", v[KWID] },     { "MDIMAD", v[MDIMCD] }, { "MDIMCD", v[MDIMCD] }, { "NDIMBD", v[NDIMCD] },
                { "NDIMCD", v[NDIMCD] }, { "PADA", 1 },           { "PADB", 1 },           { "VWMD", v[VWMD] },
                { "VWND", v[VWND] },     { "WGD", v[WGD] } };
    cld_blas_set *set = cld_step_blas_set(emit->steps, kernel, way);
    for (size_t k = 0; k < CLD_COUNT(all); k++)
        add(set, all[k].name, all[k].value);
    return set;
}

/* ---- products -----------------------------------------------------------------------------------------------------
 */

static void write(const cld_emit *emit, const cld_gemm *gemm, const cld_blas_set *set) {
    cld_steps *steps = emit->steps;
    cld_step_gemm(steps,
                  &(cld_gemm_args){ .dtype = gemm->dtype,
                                    .trans_a = gemm->trans_a,
                                    .trans_b = gemm->trans_b,
                                    .m = gemm->m,
                                    .n = gemm->n,
                                    .k = gemm->k,
                                    .lda = gemm->trans_a ? gemm->m : gemm->k,
                                    .ldb = gemm->trans_b ? gemm->k : gemm->n,
                                    .ldc = gemm->n,
                                    .batch = gemm->batch[1],
                                    .stride_a = gemm->a_batch[1],
                                    .stride_b = gemm->b_batch[1],
                                    .stride_c = gemm->m * gemm->n,
                                    .alpha = (double)gemm->alpha,
                                    .set = set },
                  gemm->a, gemm->a_offset, gemm->b, gemm->b_offset, gemm->c, gemm->c_offset);
    cld_gemm_finish(emit, gemm);
}

static void write_packed(const cld_emit *emit, const cld_gemm *gemm) { write(emit, gemm, packed_set(emit)); }

static void write_direct(const cld_emit *emit, const cld_gemm *gemm) {
    write(emit, gemm, direct_set(emit, "XgemmDirect", CLD_BLAS_DIRECT));
}

clade_status cld_blas_packed_emit(const cld_emit *emit, clade_error *err) {
    (void)err;
    return cld_product_parts(emit, write_packed);
}

clade_status cld_blas_direct_emit(const cld_emit *emit, clade_error *err) {
    (void)err;
    return cld_product_parts(emit, write_direct);
}

static const cld_share share = { .cpu = 0.06, .gpu = 0.5 };

static double product_cost(const cld_call *call, const cld_caps *caps, int32_t rows, int32_t columns) {
    const cld_gemm *gemm = call->problem;
    const double m = (double)(cld_parts(gemm->m, rows) * rows), n = (double)(cld_parts(gemm->n, columns) * columns);
    return cld_cost(caps, gemm->beta != 0 || gemm->epilogue ? 2 : 1,
                    2 * m * n * (double)gemm->k * (double)cld_product_batches(gemm), share);
}

double cld_blas_packed_cost(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    return product_cost(call, caps, value[MWG], value[NWG]);
}

double cld_blas_direct_cost(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    return product_cost(call, caps, value[WGD], value[WGD]);
}

/* ---- convolution --------------------------------------------------------------------------------------------------
 */

/* Convgemm pads both sides alike; what counts is that it arrives at the same output. */
bool cld_blas_conv_applicable(const cld_call *call, const cld_caps *caps) {
    const cld_conv *conv = call->problem;
    const cld_window *w = &conv->window;
    (void)caps;
    bool same = cld_span3(w->kernel) * conv->channels > 0 && w->in[0] == 1 && w->out[0] == 1;
    for (int32_t d = 1; d < 3; d++)
        same &= (w->in[d] + 2 * w->before[d] - (w->kernel[d] - 1) * w->dilation[d] - 1) / w->stride[d] + 1 == w->out[d];
    return same && conv->groups == 1 && cld_type_count(&call->out[0]) > 0 &&
           cld_dtype_in(conv->dtype, CLD_BIT(FLOAT32) | CLD_BIT(FLOAT64));
}

clade_status cld_blas_conv_emit(const cld_emit *emit, clade_error *err) {
    (void)err;
    const cld_conv *conv = emit->call->problem;
    const cld_window *w = &conv->window;
    cld_step_convgemm(emit->steps,
                      &(cld_convgemm_args){ .dtype = conv->dtype,
                                            .channels = conv->channels,
                                            .height = w->in[1],
                                            .width = w->in[2],
                                            .kernel_h = w->kernel[1],
                                            .kernel_w = w->kernel[2],
                                            .pad_h = w->before[1],
                                            .pad_w = w->before[2],
                                            .stride_h = w->stride[1],
                                            .stride_w = w->stride[2],
                                            .dilation_h = w->dilation[1],
                                            .dilation_w = w->dilation[2],
                                            .filters = conv->filters,
                                            .batch = conv->images,
                                            .set = direct_set(emit, "Xconvgemm", CLD_BLAS_ONLY) },
                      emit->in[0], emit->in[1], emit->out[0]);
    cld_gemm_finish(emit, &(cld_gemm){ .dtype = conv->dtype,
                                       .m = conv->filters,
                                       .n = cld_span3(w->out),
                                       .batch = { 1, conv->images },
                                       .bias = cld_emit_in(emit, 2),
                                       .c = emit->out[0],
                                       .bias_row = 1,
                                       .beta = cld_call_has(emit->call, 2),
                                       .epilogue = cld_epilogue_has(emit->call) });
    return CLADE_OK;
}

double cld_blas_conv_cost(const cld_call *call, const cld_caps *caps, const int32_t *value) {
    const cld_conv *conv = call->problem;
    const int64_t filters = CLD_MAX(conv->filters, 1), to = value[WGD];
    return cld_cost(caps, cld_call_has(call, 2) || cld_epilogue_has(call) ? 2 : 1,
                    cld_conv_flops(conv) * (double)(cld_parts(filters, to) * to) / (double)filters, share);
}
