/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of every pointwise and Fused operator: a map made into a kernel of cl/map.cl.
 *
 * "rows" is for CPUs: long stretches in float16 vectors, where every variable is float32, float16 or bool. "elements"
 * is for everything else: scalar, any strides, one element a work-item on GPUs. Sizes, strides and scalars are
 * arguments, so an instance serves every shape of its kind.
 */
#include "op/core/launch.h"
#include "op/map/pointwise.h"

enum { LANES = 16, ITEM_ELEMENTS = 4096, SEGMENT = 16384 };

typedef struct writer {
    const cld_map *map;
    const cld_emit *emit;
    cld_step *step;
    bool wide;
    cld_text buffers, sizes, place, loads, body, saves;
} writer;

/* ---- text, and the arguments that belong to it ------------------------------------------------------------------- */

static const char *variable_type(const writer *w, clade_dtype dtype) {
    return !w->wide ? cld_kern_type(dtype) : dtype == CLADE_BOOL ? "int16" : "float16";
}

/* Names the macros of cl/map.cl that move 16 values. */
static const char *storage(clade_dtype dtype) {
    return dtype == CLADE_BOOL ? "BOOL" : dtype == CLADE_FLOAT16 ? "HALF" : "FLOAT";
}

static void define_dtype(const writer *w, char kind, int32_t k, clade_dtype dtype) {
    char name[16] = { kind, k < 10 ? (char)('0' + k) : (char)('0' + k / 10), k < 10 ? 0 : (char)('0' + k % 10) };
    cld_step_define_dtype(w->emit->steps, w->step, name, dtype);
}

static void write_buffers(writer *w) {
    const cld_map *map = w->map;
    cld_steps *steps = w->emit->steps;
    for (int32_t k = 0; k < map->n_out; k++) {
        clade_dtype dtype = map->dtype[map->out[k]];
        define_dtype(w, 'O', k, dtype);
        cld_text_printf(&w->buffers, "%s__global O%d_STORE *o%d, const ulong o%d_off", k ? ", " : "", k, k, k);
        if (w->wide)
            cld_text_printf(&w->saves, "PUT_%s(o%d, o%d_off + o + c, v%d); ", storage(dtype), k, k, map->out[k]);
        else
            cld_text_printf(&w->saves, "O%d_SAVE(o%d, o%d_off + e, v%d); ", k, k, k, map->out[k]);
        cld_step_out(steps, w->step, w->emit->out[k], dtype);
    }
    for (int32_t k = 0; k < map->n_in; k++) {
        if (map->in[k].scalar)
            continue;
        define_dtype(w, 'I', k, map->dtype[k]);
        cld_text_printf(&w->buffers, ", __global const I%d_STORE *i%d, const ulong i%d_off", k, k, k);
        cld_step_in(steps, w->step, w->emit->in[map->in[k].index], map->dtype[k]);
    }
}

static void write_scalar(writer *w, int32_t k) {
    const cld_map_input *in = &w->map->in[k];
    clade_dtype dtype = in->type.dtype;
    cld_steps *steps = w->emit->steps;
    bool is_float = cld_dtype_in(dtype, CLD_FLOATS), small = !is_float && clade_dtype_size(dtype) < 4;
    cld_text_printf(&w->sizes, ", const %s s%d", small ? "int" : cld_kern_type(dtype), k);
    cld_text_printf(&w->loads, "const %s v%d = %ss%d; ", variable_type(w, dtype), k,
                    w->wide && dtype == CLADE_BOOL ? "-" : "", k);
    if (is_float)
        cld_step_real(steps, w->step, dtype, cld_tensor_get(in->scalar, 0));
    else if (clade_dtype_size(dtype) == 8)
        cld_step_long(steps, w->step, cld_tensor_get_int(in->scalar, 0));
    else
        cld_step_int(steps, w->step, (int32_t)cld_tensor_get_int(in->scalar, 0));
}

static void write_load(writer *w, int32_t k) {
    const cld_map_input *in = &w->map->in[k];
    const char *type = variable_type(w, in->type.dtype), *kind = storage(in->type.dtype);
    if (!w->wide)
        cld_text_printf(&w->loads, "const %s v%d = I%d_LOAD(i%d, i%d_off + a%d); ", type, k, k, k, k, k);
    else if (in->strides[w->map->rank - 1])
        cld_text_printf(&w->loads, "const %s v%d = GET_%s(i%d, i%d_off + a%d + c); ", type, k, kind, k, k, k);
    else
        cld_text_printf(&w->loads, "const %s v%d = SPLAT_%s(I%d_LOAD(i%d, i%d_off + a%d)); ", type, k, kind, k, k, k,
                        k);
}

/* a0, a1, ...: where index e (of a row, or of an element) lies in each input. */
static void write_place(writer *w) {
    const cld_map *map = w->map;
    cld_steps *steps = w->emit->steps;
    int32_t rank = w->wide ? map->rank - 1 : map->rank;
    bool flat = map->rank == 1; /* nothing to divide: e itself, or 0 */
    for (int32_t k = 0; k < map->n_in; k++)
        if (!map->in[k].scalar)
            cld_text_printf(&w->place, "idx a%d = %s; ", k, flat && !w->wide && map->in[k].strides[0] ? "e" : "0");
    if (flat)
        return;
    cld_text_add(&w->place, "idx r = e; ");
    for (int32_t d = rank - 1; d >= 0; d--) {
        if (d > 0) {
            cld_text_printf(&w->place, "const idx q%d = r %% d%d; r /= d%d; ", d, d, d);
            cld_text_printf(&w->sizes, ", const int d%d", d);
            cld_step_int(steps, w->step, (int32_t)map->dims[d]);
        } else {
            cld_text_add(&w->place, "const idx q0 = r; ");
        }
        for (int32_t k = 0; k < map->n_in; k++) {
            if (map->in[k].scalar || !map->in[k].strides[d])
                continue;
            cld_text_printf(&w->place, "a%d += q%d * t%d_%d; ", k, d, k, d);
            cld_text_printf(&w->sizes, ", const int t%d_%d", k, d);
            cld_step_int(steps, w->step, (int32_t)map->in[k].strides[d]);
        }
    }
}

static void define_text(const writer *w, const char *name, cld_text *text) {
    w->emit->steps->failed |= text->failed;
    cld_step_define(w->emit->steps, w->step, name, "%s", text->data ? text->data : "");
    cld_text_free(text);
}

/* OpenCL's select wants a condition as wide as its values, which holds for vectors here but not for scalars. */
static const char *scalar_text(const writer *w, const char *text) {
    char *copy = cld_arena_text(w->emit->steps->arena, text);
    for (char *at = copy; at && (at = strstr(at, "select("));)
        memcpy(at, "choose", strlen("choose"));
    w->emit->steps->failed |= !copy;
    return copy ? copy : "";
}

/* What follows the entry's own sizes: the rest of the arguments, and the text of everything. */
static void write_body(writer *w) {
    const cld_map *map = w->map;
    write_place(w);
    for (int32_t k = 0; k < map->n_in; k++)
        (map->in[k].scalar ? write_scalar : write_load)(w, k);
    for (int32_t k = map->n_in; k < map->n_vars; k++)
        cld_text_printf(&w->body, "const %s v%d = %s(%s); ", variable_type(w, map->dtype[k]), k,
                        cld_kern_round(map->dtype[k]), w->wide ? map->text[k] : scalar_text(w, map->text[k]));
    define_text(w, "BUFFERS", &w->buffers);
    define_text(w, "SIZES", &w->sizes);
    define_text(w, "PLACE", &w->place);
    define_text(w, "LOADS", &w->loads);
    define_text(w, "BODY", &w->body);
    define_text(w, "SAVES", &w->saves);
}

static void estimate(const writer *w, double count) {
    const cld_map *map = w->map;
    for (int32_t k = 0; k < map->n_out; k++)
        w->step->bytes += count * (double)clade_dtype_size(map->dtype[map->out[k]]);
    for (int32_t k = 0; k < map->n_in; k++)
        w->step->bytes += (double)cld_type_bytes(&map->in[k].type);
    w->step->flops = count * (double)(map->n_vars - map->n_in);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* Makes the map and says whether the device can run it at all. */
static bool usable(cld_map *map, const cld_call *call, const cld_caps *caps) {
    if (cld_type_count(&call->out[0]) > INT32_MAX || !cld_map_make(map, call))
        return false;
    for (int32_t k = 0; k < map->n_vars; k++)
        if (map->dtype[k] == CLADE_FLOAT64 && !caps->fp64)
            return false;
    return true;
}

static bool elements_applicable(const cld_call *call, const cld_caps *caps) {
    cld_map map;
    return usable(&map, call, caps);
}

static bool rows_applicable(const cld_call *call, const cld_caps *caps) {
    cld_map map;
    if (!usable(&map, call, caps) || (map.rank > 1 && map.dims[map.rank - 1] < LANES))
        return false;
    for (int32_t k = 0; k < map.n_vars; k++)
        if (!cld_dtype_in(map.dtype[k], CLD_MAP_WIDE))
            return false;
    return true;
}

static clade_status start(writer *w, cld_map *map, const char *entry, int64_t *count, clade_error *err) {
    const cld_call *call = w->emit->call;
    *count = cld_type_count(&call->out[0]);
    if (!cld_map_make(map, call))
        return cld_call_fail(call, err, CLADE_ERR_UNSUPPORTED, "too many inputs or steps for one kernel");
    if (*count == 0)
        return CLADE_OK;
    w->map = map;
    w->step = cld_step_kernel(w->emit->steps, "map", entry);
    write_buffers(w);
    return CLADE_OK;
}

static clade_status emit_rows(const cld_emit *emit, clade_error *err) {
    cld_map map;
    writer w = { .emit = emit, .wide = true };
    int64_t count;
    CLD_RETURN(start(&w, &map, "rows", &count, err));
    if (count == 0)
        return CLADE_OK;
    int64_t cols = map.dims[map.rank - 1], segments = (cols + SEGMENT - 1) / SEGMENT, tiles = count / cols * segments;
    int64_t items = CLD_MAX(CLD_MIN(count / ITEM_ELEMENTS, 4 * (int64_t)emit->caps->compute_units), 1);
    int64_t per_item = (tiles + items - 1) / items;
    cld_step_define(emit->steps, w.step, "WIDE", "1");
    cld_step_int(emit->steps, w.step, (int32_t)cols);
    cld_step_int(emit->steps, w.step, SEGMENT);
    cld_step_int(emit->steps, w.step, (int32_t)tiles);
    cld_step_int(emit->steps, w.step, (int32_t)per_item);
    write_body(&w);
    cld_step_size(w.step, (size_t)((tiles + per_item - 1) / per_item), 1, 1, 1, 1, 1);
    estimate(&w, (double)count);
    return CLADE_OK;
}

static clade_status emit_elements(const cld_emit *emit, clade_error *err) {
    cld_map map;
    writer w = { .emit = emit };
    int64_t count;
    CLD_RETURN(start(&w, &map, "elements", &count, err));
    if (count == 0)
        return CLADE_OK;
    int64_t items = CLD_MAX(CLD_MIN(count / (ITEM_ELEMENTS / LANES), 4 * (int64_t)emit->caps->compute_units), 1);
    int64_t per_item = cld_on_cpu(emit->call, emit->caps) ? cld_parts(count, items) : 1;
    cld_step_int(emit->steps, w.step, (int32_t)count);
    cld_step_int(emit->steps, w.step, (int32_t)per_item);
    write_body(&w);
    cld_step_size(w.step, (size_t)((count + per_item - 1) / per_item), 1, 1, cld_group(emit->caps, 128), 1, 1);
    estimate(&w, (double)count);
    return CLADE_OK;
}

const cld_impl cld_map_impls[] = {
    { .name = "rows", .needs = CLD_NEEDS_CPU, .applicable = rows_applicable, .emit = emit_rows },
    { .name = "elements", .applicable = elements_applicable, .emit = emit_elements },
    { 0 },
};
