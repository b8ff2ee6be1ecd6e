/* SPDX-License-Identifier: Apache-2.0 */
/* Constants that passes make of a model's constants: once for all its static graphs, kept as long as the model.
 *
 * A key says what was made of what. It may hold the address of a constant of the model, or of one made here, which
 * stay; not that of a constant of a static graph, whose place another one may take.
 */
#include "graph/graph.h"

#include <stdlib.h>

typedef struct item {
    struct item *next, *near; /* in the lists by key and by tensor */
    const void *key;
    size_t key_bytes;
    clade_tensor *tensor;
} item;

enum { LISTS = 256 };

struct cld_derived {
    cld_lock *lock; /* guards what follows */
    cld_arena *arena;
    item *lists[LISTS], *tensors[LISTS];
    const clade_tensor **owned; /* the model's constants, by address */
    int32_t n_owned, cap_owned;
};

static bool collect(cld_derived *derived, const cld_graph *graph) {
    for (int32_t v = 0; v < graph->n_values; v++) {
        if (!graph->values[v].constant)
            continue;
        if (!cld_arena_grow(derived->arena, (void **)&derived->owned, &derived->cap_owned, derived->n_owned + 1,
                            sizeof *derived->owned))
            return false;
        derived->owned[derived->n_owned++] = graph->values[v].constant;
    }
    for (int32_t n = 0; n < graph->n_nodes; n++)
        for (int32_t a = 0; a < graph->nodes[n].n_attr; a++)
            if (graph->nodes[n].attr[a].kind == CLD_ATTR_GRAPH && !collect(derived, graph->nodes[n].attr[a].u.graph))
                return false;
    return true;
}

static int by_address(const void *a, const void *b) {
    const uintptr_t x = (uintptr_t) * (const clade_tensor *const *)a, y = (uintptr_t) * (const clade_tensor *const *)b;
    return (x > y) - (x < y);
}

cld_derived *cld_derived_new(const cld_graph *model) {
    cld_derived *derived = cld_calloc(1, sizeof *derived);
    if (!derived)
        return NULL;
    derived->lock = cld_lock_new();
    derived->arena = cld_arena_new();
    if (!derived->lock || !derived->arena || !collect(derived, model)) {
        cld_derived_free(derived);
        return NULL;
    }
    if (derived->n_owned > 0)
        qsort(derived->owned, (size_t)derived->n_owned, sizeof *derived->owned, by_address);
    return derived;
}

void cld_derived_free(cld_derived *derived) {
    if (!derived)
        return;
    cld_lock_free(derived->lock);
    cld_arena_free(derived->arena);
    cld_free(derived);
}

static size_t place_of(const clade_tensor *tensor) { return cld_hash(CLD_HASH_START, &tensor, sizeof tensor) % LISTS; }

static bool is_made(cld_derived *derived, const clade_tensor *tensor) {
    cld_lock_take(derived->lock);
    const item *found = derived->tensors[place_of(tensor)];
    while (found && found->tensor != tensor)
        found = found->near;
    cld_lock_drop(derived->lock);
    return found != NULL;
}

bool cld_derived_stays(cld_derived *derived, const clade_tensor *tensor) {
    const bool is_owned =
        derived && derived->n_owned > 0 &&
        bsearch(&tensor, derived->owned, (size_t)derived->n_owned, sizeof *derived->owned, by_address) != NULL;
    return is_owned || (derived && is_made(derived, tensor));
}

static clade_tensor *make(cld_derived *derived, item **list, const void *key, size_t key_bytes, const cld_type *type,
                          cld_derive_fn fill, const void *user) {
    item *made = cld_arena_alloc(derived->arena, sizeof *made);
    const void *kept = cld_arena_copy(derived->arena, key, key_bytes);
    clade_tensor *tensor = cld_tensor_new(derived->arena, type);
    if (!made || !kept || !tensor)
        return NULL;
    fill(tensor, user);
    item **near = &derived->tensors[place_of(tensor)];
    *made = (item){ .next = *list, .near = *near, .key = kept, .key_bytes = key_bytes, .tensor = tensor };
    *list = *near = made;
    return tensor;
}

const clade_tensor *cld_derived_get(cld_derived *derived, const void *key, size_t key_bytes, const cld_type *type,
                                    cld_derive_fn fill, const void *user) {
    item **list = &derived->lists[cld_hash(CLD_HASH_START, key, key_bytes) % LISTS];
    cld_lock_take(derived->lock);
    const item *found = *list;
    while (found && (found->key_bytes != key_bytes || memcmp(found->key, key, key_bytes) != 0))
        found = found->next;
    const clade_tensor *tensor = found ? found->tensor : make(derived, list, key, key_bytes, type, fill, user);
    cld_lock_drop(derived->lock);
    return tensor;
}
