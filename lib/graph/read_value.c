/* SPDX-License-Identifier: Apache-2.0 */
/* A graph's text: values, where they are made and where they are read. In a graph every name with its number is made
 * once, before it is read.
 */
#include "graph/words.h"

clade_status cld_scope_no_memory(const cld_scope *s) { return cld_no_memory(s->scan->err, "a graph from its text"); }

static clade_status there_already(const cld_scope *s, const char *name) {
    return cld_fail(s->scan->err, CLADE_ERR_GRAPH, "line %d: '%s' is there already", (int)s->scan->line, name);
}

static bool take_absent(cld_scan *scan) {
    cld_scan_take(scan, "");
    if (scan->at[0] != '-' || strchr(" ,)", scan->at[1]) == NULL)
        return false;
    scan->at++;
    return true;
}

/* A value's name and type as they stand; *key is the name with its number. */
static clade_status scan_value(const cld_scope *s, cld_value *out, const char **key) {
    int64_t nth = 1;
    *out = (cld_value){ .type = { .dtype = CLADE_NONE, .rank = -1 } };
    CLD_RETURN(cld_scan_word(s->scan, &out->name));
    if (cld_scan_take(s->scan, "@")) {
        CLD_RETURN(cld_scan_int(s->scan, false, &nth));
        if (nth < 2)
            return cld_scan_fail(s->scan, "a number from 2 on before this");
    }
    *key = cld_arena_printf(s->scan->arena, "%s\x01%lld", out->name, (long long)nth);
    if (*key == NULL)
        return cld_scope_no_memory(s);
    return cld_scan_take(s->scan, ":") ? cld_scan_type(s->scan, out) : CLADE_OK;
}

clade_status cld_scope_define(cld_scope *s, cld_add_fn add, cld_value_id *out) {
    cld_value value;
    const char *key;
    CLD_RETURN(scan_value(s, &value, &key));
    if (cld_names_get(&s->names, key) >= 0)
        return there_already(s, value.name);
    *out = add(s->graph, value.name, &value.type);
    if (!cld_present(*out) || !cld_names_put(&s->names, key, out->i))
        return cld_scope_no_memory(s);
    memcpy(cld_graph_at(s->graph, *out)->dim_names, value.dim_names, sizeof value.dim_names);
    cld_graph_at(s->graph, *out)->declared = value.declared;
    return CLADE_OK;
}

static bool same_text(const char *a, const char *b) { return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0); }

/* Whether what is said of a value where it is read, if anything, is what was said where it was defined. */
static bool agree(const cld_value *here, const cld_value *there) {
    if (here->type.dtype == CLADE_NONE && here->declared == NULL)
        return true;
    bool same = cld_type_equal(&here->type, &there->type) && same_text(here->declared, there->declared);
    for (int32_t d = 0; d < here->type.rank; d++)
        same = same && same_text(here->dim_names[d], there->dim_names[d]);
    return same;
}

clade_status cld_scope_refer(const cld_scope *s, cld_value_id *out) {
    cld_value value;
    const char *key;
    CLD_RETURN(scan_value(s, &value, &key));
    *out = (cld_value_id){ cld_names_get(&s->names, key) };
    if (!cld_present(*out))
        return cld_fail(s->scan->err, CLADE_ERR_GRAPH, "line %d: nothing has given '%s' yet", (int)s->scan->line,
                        value.name);
    if (agree(&value, cld_graph_at(s->graph, *out)))
        return CLADE_OK;
    return cld_fail(s->scan->err, CLADE_ERR_GRAPH, "line %d: '%s' is of another type here than where it is defined",
                    (int)s->scan->line, value.name);
}

static clade_status push(const cld_scope *s, cld_ids *to, cld_value_id id) {
    if (to->count == INT32_MAX ||
        !cld_arena_grow(s->scan->arena, (void **)&to->list, &to->capacity, to->count + 1, sizeof *to->list))
        return cld_scope_no_memory(s);
    to->list[to->count++] = id;
    return CLADE_OK;
}

clade_status cld_scope_values(cld_scope *s, const char *end, cld_add_fn add, cld_ids *out) {
    if (cld_scan_take(s->scan, end))
        return CLADE_OK;
    do {
        cld_value_id id = CLD_ABSENT;
        if (!take_absent(s->scan))
            CLD_RETURN(add != NULL ? cld_scope_define(s, add, &id) : cld_scope_refer(s, &id));
        CLD_RETURN(push(s, out, id));
    } while (cld_scan_take(s->scan, ","));
    return cld_scan_want(s->scan, end);
}

/* A constant is of the type that its input declares, as far as that is known. */
static bool fits(const cld_type *declared, const cld_type *type) {
    bool good = (declared->dtype == CLADE_NONE || declared->dtype == type->dtype) &&
                (declared->rank < 0 || declared->rank == type->rank);
    for (int32_t d = 0; good && d < declared->rank; d++)
        good = declared->dims[d] < 0 || declared->dims[d] == type->dims[d];
    return good;
}

/* The default of an input, which is there; the inputs are a graph's first values. */
static clade_status set_default(const cld_scope *s, cld_value_id id, const cld_value *known,
                                const clade_tensor *tensor) {
    cld_value *input = cld_graph_at(s->graph, id);
    if (id.i >= s->graph->n_inputs || input->constant != NULL)
        return there_already(s, known->name);
    if (!fits(&input->type, &known->type))
        return cld_fail(s->scan->err, CLADE_ERR_GRAPH, "line %d: the default of '%s' is %s, the input is %s",
                        (int)s->scan->line, known->name, CLD_TYPE_TEXT(&known->type), CLD_TYPE_TEXT(&input->type));
    input->constant = tensor;
    input->is_default = true;
    return CLADE_OK;
}

/* A state's number, 0: it is none. All states of a number are one. */
static clade_status scan_state(cld_scope *s, const clade_tensor *tensor, int32_t *out) {
    int64_t number = 0;
    *out = 0;
    if (!cld_scan_take(s->scan, "state="))
        return CLADE_OK;
    CLD_RETURN(cld_scan_int(s->scan, false, &number));
    if (number < 1 || number > INT32_MAX)
        return cld_scan_fail(s->scan, "a state's number before this");
    const char *key = cld_arena_printf(s->scan->arena, "\x02%lld", (long long)number);
    const cld_value_id first = { key != NULL ? cld_names_get(&s->names, key) : -1 };
    const cld_type type = cld_tensor_type(tensor);
    if (cld_present(first) && !cld_type_equal(&cld_graph_at(s->graph, first)->type, &type))
        return cld_fail(s->scan->err, CLADE_ERR_GRAPH, "line %d: state %d is of another type before",
                        (int)s->scan->line, (int)number);
    *out = (int32_t)number;
    return key != NULL && cld_names_put(&s->names, key, s->graph->n_values) ? CLADE_OK : cld_scope_no_memory(s);
}

static clade_status add_known(cld_scope *s, const cld_value *known, const char *key) {
    const clade_tensor *tensor;
    int32_t state;
    CLD_RETURN(cld_scan_data(s->scan, &known->type, &tensor));
    CLD_RETURN(scan_state(s, tensor, &state));
    cld_value_id id = { cld_names_get(&s->names, key) };
    if (cld_present(id))
        return state == 0 ? set_default(s, id, known, tensor) : there_already(s, known->name);
    id = state != 0 ? cld_graph_state(s->graph, known->name, state, tensor)
                    : cld_graph_constant(s->graph, known->name, tensor);
    return cld_present(id) && cld_names_put(&s->names, key, id.i) ? CLADE_OK : cld_scope_no_memory(s);
}

clade_status cld_scope_known(cld_scope *s, bool *met) {
    cld_value value;
    const char *key;
    cld_scan_take(s->scan, "");
    const char *start = s->scan->at;
    *met = false;
    if (*start == '=' || take_absent(s->scan)) { /* a node's line */
        s->scan->at = start;
        return CLADE_OK;
    }
    CLD_RETURN(scan_value(s, &value, &key));
    if (cld_scan_take(s->scan, "=") && cld_scan_take(s->scan, "{")) {
        s->scan->at--;
        *met = true;
        return add_known(s, &value, key);
    }
    s->scan->at = start;
    return CLADE_OK;
}
