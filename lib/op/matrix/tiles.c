/* SPDX-License-Identifier: Apache-2.0 */
/* The GPU rows of matrix products and convolution: cl/tiles.cl. Here are the tile, how work is cut so that every unit
 * has some, what that is thought to cost, and the steps.
 */
#include "op/matrix/conv.h"

enum { TM, TN, MI, NI, KB, KS };
static const cld_param params[] = { [TM] = { "tm", { 32, 64, 128 } }, /* rows and columns of a group */
                                    [TN] = { "tn", { 32, 64, 128 } },
                                    [MI] = { "mi", { 2, 4, 8 } }, /* and of an item */
                                    [NI] = { "ni", { 2, 4, 8 } },
                                    [KB] = { "kb", { 8, 16, 32 } },              /* k in local memory at a time */
                                    [KS] = { "ks", { 1, 2, 4, 8, 16, 32, 64 } }, /* parts that k is cut into */
                                    { 0 } };

/* What both kinds are to a tile. */
typedef struct shape {
    clade_dtype dtype;
    int64_t m, n, k, batches;
} shape;

static shape of_product(const cld_call *call) {
    const cld_gemm *gemm = call->problem;
    return (shape){ gemm->dtype, gemm->m, gemm->n, gemm->k, cld_product_batches(gemm) };
}

static shape of_conv(const cld_call *call) {
    const cld_conv *conv = call->problem;
    return (shape){ conv->dtype, conv->filters, conv->images * cld_span3(conv->window.out), cld_conv_terms(conv),
                    conv->groups };
}

static bool applicable(const shape *s) {
    const double most = INT32_MAX;
    return cld_dtype_in(s->dtype, CLD_FLOATS) && s->m > 0 && s->n > 0 && s->k > 0 && s->batches > 0 &&
           (double)s->n < most && (double)s->k < most / 2;
}

/* ---- the parameters -----------------------------------------------------------------------------------------------
 */

static int32_t items_of(const int32_t *value) { return value[TM] / value[MI] * (value[TN] / value[NI]); }

static int64_t chunk_of(const shape *s, const int32_t *value) {
    return cld_parts(cld_parts(s->k, value[KS]), value[KB]) * value[KB];
}

static size_t part_bytes(const shape *s) {
    const size_t each = s->dtype == CLADE_FLOAT64 ? sizeof(double) : sizeof(float);
    return (size_t)(s->batches * s->m * s->n) * each;
}

static bool is_one_of(int32_t value, int32_t a, int32_t b, int32_t c) { return value == a || value == b || value == c; }

static bool fits(const shape *s, const cld_caps *caps, const int32_t *value) {
    if (!is_one_of(value[MI], 2, 4, 8) || !is_one_of(value[NI], 2, 4, 8) || value[TM] < 1 || value[TN] < 1 ||
        value[TM] > 256 || value[TN] > 256 || value[TM] % value[MI] != 0 || value[TN] % value[NI] != 0 ||
        value[KB] < 1 || value[KB] > 64 || value[KS] < 1 || value[KS] > 256)
        return false;
    const int32_t items = items_of(value);
    const size_t each = s->dtype == CLADE_FLOAT64 ? sizeof(double) : sizeof(float);
    const size_t local = 2 * (size_t)value[KB] * ((size_t)(value[TM] + value[TN] + 8) * each + 4 * sizeof(int32_t));
    return (size_t)items <= caps->max_group && (size_t)items <= caps->max_group_dim[0] && items >= value[KB] &&
           value[TM] * value[KB] % items == 0 && value[TN] * value[KB] % items == 0 && local <= caps->local_bytes &&
           (value[KS] == 1 || (double)part_bytes(s) * value[KS] <= (double)caps->max_alloc_bytes);
}

/* A unit works on its groups side by side: for each slab they wait for operands once, unless their arithmetic together
 * takes longer. Seconds and shares are fitted to 521 measurements of 31 problems on an H200 (bench/results): the
 * cheapest of what is to choose from was 6 % slower than the fastest of what was measured, the estimate 21 % off.
 * Launches overlap.
 */
static double cost(const shape *s, const cld_caps *caps, const int32_t *value) {
    const double wait = 0.47e-6, flops_per_byte = 28, second_launch = 0.6;
    const double groups =
        (double)cld_parts(s->m, value[TM]) * (double)cld_parts(s->n, value[TN]) * (double)s->batches * value[KS];
    const double units = (double)CLD_MAX(caps->compute_units, 1),
                 turns = (double)cld_parts((int64_t)groups, (int64_t)units);
    const cld_share share = { .cpu = 0.03, .gpu = value[MI] * value[NI] >= 32 ? 0.8 : 0.5 };
    const double slab = cld_cost(caps, 0, 2.0 * value[TM] * value[TN] * value[KB] * units, share);
    const double slabs = (double)(chunk_of(s, value) / value[KB]);
    const double moved = value[KS] == 1 ? 0 : (double)part_bytes(s) * (value[KS] + 1) * flops_per_byte;
    return slabs * CLD_MAX(wait + slab, turns * slab) +
           cld_cost(caps, value[KS] == 1 ? 1 : 1 + second_launch, moved, (cld_share){ .cpu = 1, .gpu = 1 });
}

/* The cheapest of what there is to choose from. */
static void usual(const shape *s, const cld_caps *caps, int32_t *value) {
    static const int32_t tiles[][5] = { { 64, 64, 4, 4, 16 }, { 128, 64, 8, 4, 16 }, { 64, 128, 4, 8, 16 },
                                        { 64, 64, 8, 4, 16 }, { 64, 32, 4, 4, 16 },  { 32, 64, 4, 4, 16 },
                                        { 32, 32, 4, 4, 16 } };
    double least = 0;
    memcpy(value, (int32_t[CLD_MAX_PARAMS]){ 32, 32, 4, 4, 8, 1 }, CLD_MAX_PARAMS * sizeof *value);
    for (size_t t = 0; t < CLD_COUNT(tiles); t++)
        for (int32_t ks = 1; ks == 1 || (ks <= 64 && ks * 2 * tiles[t][KB] <= s->k); ks *= 2) {
            int32_t candidate[CLD_MAX_PARAMS] = { [KS] = ks };
            memcpy(candidate, tiles[t], sizeof tiles[t]);
            const double costs = cost(s, caps, candidate);
            if (fits(s, caps, candidate) && (least == 0 || costs < least)) {
                memcpy(value, candidate, sizeof candidate);
                least = costs;
            }
        }
}

/* ---- the steps ----------------------------------------------------------------------------------------------------
 */

/* A product, whose gemm has two batch dimensions, or a convolution. */
typedef struct tiles {
    shape shape;
    const cld_gemm *gemm;
    const cld_conv *conv; /* NULL: a product */
    cld_buf bias, c;
    int64_t bias_offset, c_offset;
    float alpha, beta;
    bool epilogue;
} tiles;

static void define_kind(const cld_emit *emit, cld_step *step, const tiles *t) {
    cld_step_define_dtype(emit->steps, step, "T", t->shape.dtype);
    if (t->conv)
        cld_step_define(emit->steps, step, "CONV", "1");
}

static void define_tile(const cld_emit *emit, cld_step *step, const tiles *t) {
    static const struct {
        const char *name;
        int32_t param;
    } rows[] = { { "TM", TM }, { "TN", TN }, { "MI", MI }, { "NI", NI }, { "KB", KB } };
    for (size_t k = 0; k < CLD_COUNT(rows); k++)
        cld_step_define(emit->steps, step, rows[k].name, "%d", emit->value[rows[k].param]);
    cld_step_define(emit->steps, step, "A_TRANS", "%d", t->conv ? 0 : t->gemm->trans_a);
    cld_step_define(emit->steps, step, "B_TRANS", "%d", t->conv ? 0 : t->gemm->trans_b);
    if (emit->value[KS] > 1)
        cld_step_define(emit->steps, step, "SPLIT", "1");
}

/* OPERANDS, alpha, beta, and what END needs. */
static void operands(const cld_emit *emit, cld_step *step, const tiles *t, bool last) {
    cld_steps *steps = emit->steps;
    const cld_gemm *g = t->gemm;
    if (t->conv) {
        cld_step_int(steps, step, (int32_t)t->conv->channels);
        cld_window_args(steps, step, &t->conv->window);
    } else {
        cld_step_ints(steps, step, 13,
                      (int64_t[]){ g->trans_a ? 1 : g->k, g->trans_a ? g->m : 1, g->trans_b ? 1 : g->n,
                                   g->trans_b ? g->k : 1, g->bias_row, g->bias_col, g->batch[1], g->a_batch[0],
                                   g->a_batch[1], g->b_batch[0], g->b_batch[1], g->bias_batch[0], g->bias_batch[1] });
    }
    cld_step_float(steps, step, t->alpha);
    cld_step_float(steps, step, t->beta);
    if (last && t->epilogue)
        cld_epilogue_write(emit, step, t->c_offset);
}

static void write_multiply(const cld_emit *emit, const tiles *t, cld_buf c, int64_t c_offset) {
    cld_steps *steps = emit->steps;
    const shape *s = &t->shape;
    const int32_t *value = emit->value, items = items_of(value);
    const bool whole = value[KS] == 1;
    const clade_dtype out = whole || s->dtype == CLADE_FLOAT64 ? s->dtype : CLADE_FLOAT32;
    cld_step *step = cld_step_kernel(steps, "tiles", "multiply");
    step->flops = 2.0 * (double)s->m * (double)s->n * (double)s->k * (double)s->batches;
    define_kind(emit, step, t);
    define_tile(emit, step, t);
    cld_step_buf(steps, step, c, out, CLD_WRITE, c_offset);
    cld_step_buf(steps, step, t->conv ? emit->in[1] : t->gemm->a, s->dtype, CLD_READ, t->conv ? 0 : t->gemm->a_offset);
    cld_step_buf(steps, step, t->conv ? emit->in[0] : t->gemm->b, s->dtype, CLD_READ, t->conv ? 0 : t->gemm->b_offset);
    cld_step_buf(steps, step, t->bias, s->dtype, CLD_READ, t->bias_offset);
    cld_step_ints(steps, step, 5, (int64_t[]){ s->m, s->n, s->k, value[KS], chunk_of(s, value) });
    operands(emit, step, t, whole);
    cld_step_size(step, (size_t)(cld_parts(s->n, value[TN]) * items), (size_t)cld_parts(s->m, value[TM]),
                  (size_t)(s->batches * value[KS]), (size_t)items, 1, 1);
}

static void write_sum(const cld_emit *emit, const tiles *t, cld_buf parts) {
    cld_steps *steps = emit->steps;
    const shape *s = &t->shape;
    cld_step *step = cld_step_kernel(steps, "tiles", "sum");
    step->bytes = (double)part_bytes(s) * (emit->value[KS] + 1);
    define_kind(emit, step, t);
    cld_step_define(steps, step, "SUM", "1");
    cld_step_buf(steps, step, t->c, s->dtype, CLD_WRITE, t->c_offset);
    cld_step_in(steps, step, parts, s->dtype == CLADE_FLOAT64 ? CLADE_FLOAT64 : CLADE_FLOAT32);
    cld_step_buf(steps, step, t->bias, s->dtype, CLD_READ, t->bias_offset);
    cld_step_ints(steps, step, 3, (int64_t[]){ s->m, s->n, emit->value[KS] });
    operands(emit, step, t, true);
    cld_step_size(step, (size_t)s->n, (size_t)s->m, (size_t)s->batches, cld_group(emit->caps, 64), 1, 1);
}

static void write(const cld_emit *emit, const tiles *t) {
    if (emit->value[KS] == 1) {
        write_multiply(emit, t, t->c, t->c_offset);
        return;
    }
    cld_buf parts = cld_step_scratch(emit->steps, part_bytes(&t->shape) * (size_t)emit->value[KS]);
    write_multiply(emit, t, parts, 0);
    write_sum(emit, t, parts);
}

/* ---- the rows -----------------------------------------------------------------------------------------------------
 */

#define OF_KIND(name, of)                                                                                              \
    bool cld_##name##_tiles_applicable(const cld_call *call, const cld_caps *caps) {                                   \
        int32_t value[CLD_MAX_PARAMS];                                                                                 \
        const shape s = of(call);                                                                                      \
        if (!applicable(&s))                                                                                           \
            return false;                                                                                              \
        usual(&s, caps, value);                                                                                        \
        return fits(&s, caps, value);                                                                                  \
    }                                                                                                                  \
    static void name##_usual(const cld_call *call, const cld_caps *caps, int32_t *value) {                             \
        const shape s = of(call);                                                                                      \
        usual(&s, caps, value);                                                                                        \
    }                                                                                                                  \
    static bool name##_valid(const cld_call *call, const cld_caps *caps, const int32_t *value) {                       \
        const shape s = of(call);                                                                                      \
        return fits(&s, caps, value);                                                                                  \
    }                                                                                                                  \
    double cld_##name##_tiles_cost(const cld_call *call, const cld_caps *caps, const int32_t *value) {                 \
        const shape s = of(call);                                                                                      \
        return cost(&s, caps, value);                                                                                  \
    }                                                                                                                  \
    const cld_space cld_##name##_tiles_space = { params, name##_usual, name##_valid }
OF_KIND(product, of_product);
OF_KIND(conv, of_conv);

static void write_product(const cld_emit *emit, const cld_gemm *part) {
    write(emit, &(tiles){ .shape = { part->dtype, part->m, part->n, part->k, part->batch[0] * part->batch[1] },
                          .gemm = part,
                          .bias = part->bias,
                          .c = part->c,
                          .bias_offset = part->bias_offset,
                          .c_offset = part->c_offset,
                          .alpha = part->alpha,
                          .beta = part->beta,
                          .epilogue = part->epilogue });
}

clade_status cld_product_tiles_emit(const cld_emit *emit, clade_error *err) {
    (void)err;
    return cld_product_parts(emit, write_product);
}

clade_status cld_conv_tiles_emit(const cld_emit *emit, clade_error *err) {
    (void)err;
    write(emit, &(tiles){ .shape = of_conv(emit->call),
                          .conv = emit->call->problem,
                          .bias = cld_emit_in(emit, 2),
                          .c = emit->out[0],
                          .alpha = 1,
                          .beta = cld_call_has(emit->call, 2) ? 1 : 0,
                          .epilogue = cld_epilogue_has(emit->call) });
    return CLADE_OK;
}
