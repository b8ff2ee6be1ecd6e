/* SPDX-License-Identifier: Apache-2.0 */
/* Output shapes in terms of the model's free dimensions: "float32[N,2*T+1]".
 *
 * In: a model graph. Out: one text per output. No operator knows of symbols: the specialiser infers the shapes for
 * chosen sizes, and each dimension is fitted by a linear form in the free dimensions, or a product of two, that every
 * probe confirms.
 * "?" where neither fits, where data decides, or where the chosen sizes do not suit the model.
 * Not a proof: a dimension that behaves linearly at the sizes tried is reported so.
 */
#include "pass/pass.h"

enum { MAX_SYMBOLS = 6, MAX_PROBES = 2 * MAX_SYMBOLS + 2, BASE = 64, STEP = 32, MOST_BYTES = 1 << 28 };

typedef struct symbol_table {
    const char *name[MAX_SYMBOLS];
    int32_t count;
    int32_t *of; /* [inputs x CLADE_MAX_RANK] symbol of each free dimension; -1: fixed */
} symbol_table;

/* Sizes tried, and the output's type there. */
typedef struct shape_probe {
    int64_t size[MAX_SYMBOLS];
    cld_type type;
} shape_probe;

/* False: more free dimensions than are tried, an input without a rank, or no memory. Dimensions of one name are one
 * symbol. */
static bool find_symbols(const cld_graph *graph, cld_arena *arena, symbol_table *out) {
    out->of = cld_arena_calloc(arena, ((size_t)graph->n_inputs + 1) * CLADE_MAX_RANK, sizeof *out->of);
    for (int32_t k = 0; out->of && k < graph->n_inputs; k++) {
        const cld_value *value = cld_graph_at(graph, graph->inputs[k]);
        if (value->is_default) /* stays what it is */
            continue;
        if (value->type.rank < 0)
            return false;
        for (int32_t d = 0; d < value->type.rank; d++) {
            const char *name = value->dim_names[d];
            int32_t s = value->type.dims[d] < 0 ? 0 : -1;
            while (s >= 0 && s < out->count && (!name || strcmp(out->name[s], name) != 0))
                s++;
            out->of[k * CLADE_MAX_RANK + d] = s;
            if (s < out->count)
                continue;
            if (s == MAX_SYMBOLS)
                return false;
            out->name[out->count++] = name ? name : cld_arena_printf(arena, "%s.%d", value->name, (int)d);
            if (!out->name[s])
                return false;
        }
    }
    return out->of != NULL;
}

/* *known: the model takes these sizes, and no data decide. A failure says why it does not. */
static clade_status run_probe(const cld_graph *graph, cld_arena *arena, const symbol_table *symbols, int32_t output,
                              shape_probe *probe, bool *known) {
    cld_walk *walk = NULL;
    cld_segment segment;
    const cld_walk_limits limits = { .host_bytes = MOST_BYTES };
    *known = false;
    cld_type *types = cld_arena_calloc(arena, (size_t)graph->n_inputs + 1, sizeof *types);
    for (int32_t k = 0; types && k < graph->n_inputs; k++) {
        const cld_value *value = cld_graph_at(graph, graph->inputs[k]);
        if (value->is_default)
            continue;
        types[k] = value->type;
        for (int32_t d = 0; d < types[k].rank; d++)
            if (symbols->of[k * CLADE_MAX_RANK + d] >= 0)
                types[k].dims[d] = probe->size[symbols->of[k * CLADE_MAX_RANK + d]];
    }
    clade_status status = types ? cld_walk_new(&walk, graph, types, &limits, NULL) : CLADE_ERR_MEMORY;
    if (status == CLADE_OK)
        status = cld_walk_next(walk, &segment, NULL);
    if (status == CLADE_OK) {
        *known = segment.results != NULL;
        if (*known)
            probe->type = segment.results[output]->type;
        cld_graph_free(segment.graph);
    }
    cld_walk_free(walk);
    return status;
}

/* Probe 0 is the base, 1 moves everything, then two per symbol. */
static void choose_sizes(const symbol_table *symbols, shape_probe *probes) {
    for (int32_t p = 0; p < 2 + 2 * symbols->count; p++)
        for (int32_t s = 0; s < symbols->count; s++) {
            bool mine = p >= 2 && (p - 2) / 2 == s;
            probes[p].size[s] = BASE + (int64_t)STEP * (s + (p == 1) + (mine ? 1 + (p - 2) % 2 : 0));
        }
}

/* What the fits below compute with: products of a dimension and two sizes do not overflow. */
static bool in_range(const symbol_table *symbols, const shape_probe *probes, int32_t d) {
    bool good = true;
    for (int32_t p = 0; p < 2 + 2 * symbols->count; p++)
        good &= probes[p].type.dims[d] < INT64_C(1) << 40;
    return good;
}

/* dim = constant + sum of slope * size / STEP */
static bool fit_linear(const symbol_table *symbols, const shape_probe *probes, int32_t d, cld_text *out) {
    int64_t base = probes[0].type.dims[d], rest = base, moved = base, slope[MAX_SYMBOLS];
    for (int32_t s = 0; s < symbols->count; s++) {
        slope[s] = probes[2 + 2 * s].type.dims[d] - base;
        if (probes[3 + 2 * s].type.dims[d] != base + 2 * slope[s] || slope[s] % STEP != 0)
            return false;
        rest -= slope[s] / STEP * probes[0].size[s];
        moved += slope[s];
    }
    if (probes[1].type.dims[d] != moved)
        return false;
    bool first = true;
    for (int32_t s = 0; s < symbols->count; s++) {
        int64_t factor = slope[s] / STEP;
        if (factor == 0)
            continue;
        cld_text_add(out, first ? "" : "+");
        if (factor != 1)
            cld_text_printf(out, "%lld*", (long long)factor);
        cld_text_add(out, symbols->name[s]);
        first = false;
    }
    if (first)
        cld_text_printf(out, "%lld", (long long)rest);
    else if (rest != 0)
        cld_text_printf(out, "%+lld", (long long)rest);
    return true;
}

/* dim = factor * size a * size b, or size a / divisor (a == b) */
static bool fit_ratio(const symbol_table *symbols, const shape_probe *probes, int32_t d, cld_text *out) {
    for (int32_t a = 0; a < symbols->count; a++)
        for (int32_t b = a; b < symbols->count; b++) {
            int64_t base = probes[0].type.dims[d],
                    over = a == b ? probes[0].size[a] : probes[0].size[a] * probes[0].size[b];
            bool holds = base > 0;
            for (int32_t p = 1; holds && p < 2 + 2 * symbols->count; p++) {
                int64_t here = a == b ? probes[p].size[a] : probes[p].size[a] * probes[p].size[b];
                holds = probes[p].type.dims[d] * over == base * here;
            }
            if (!holds || (base % over != 0 && over % base != 0))
                continue;
            if (base > over)
                cld_text_printf(out, "%lld*", (long long)(base / over));
            cld_text_add(out, symbols->name[a]);
            if (a != b)
                cld_text_printf(out, "*%s", symbols->name[b]);
            if (over > base)
                cld_text_printf(out, "/%lld", (long long)(over / base));
            return true;
        }
    return false;
}

clade_status cld_pass_symbolic(const cld_graph *graph, int32_t output, cld_text *out, clade_error *err) {
    cld_arena *arena = cld_arena_new();
    symbol_table symbols = { .count = 0 };
    shape_probe probes[MAX_PROBES] = { 0 };
    if (!arena)
        return cld_no_memory(err, "symbolic shapes");
    bool known = find_symbols(graph, arena, &symbols);
    clade_status status = CLADE_OK;
    choose_sizes(&symbols, probes);
    for (int32_t p = 0; known && p < 2 + 2 * symbols.count; p++) {
        status = run_probe(graph, arena, &symbols, output, &probes[p], &known);
        known = known && probes[p].type.rank == probes[0].type.rank;
    }
    cld_text_add(out, known ? clade_dtype_name(probes[0].type.dtype) : "?");
    cld_text_add(out, known ? "[" : "");
    for (int32_t d = 0; known && d < probes[0].type.rank; d++) {
        cld_text_add(out, d ? "," : "");
        if (!in_range(&symbols, probes, d) ||
            (!fit_linear(&symbols, probes, d, out) && !fit_ratio(&symbols, probes, d, out)))
            cld_text_add(out, "?");
    }
    cld_text_add(out, known ? "]" : "");
    bool failed = status == CLADE_ERR_MEMORY || out->failed || cld_arena_failed(arena);
    cld_arena_free(arena);
    return failed ? cld_no_memory(err, "symbolic shapes") : CLADE_OK;
}
