/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a node's attributes by name. An attribute of another kind than the one asked for counts as not there; nodes
 * carry a handful of attributes, so a linear search is the fast way.
 */
#include "graph/graph.h"

const cld_attr *cld_attr_find(const cld_node *node, const char *name, cld_attr_kind kind) {
    for (int32_t i = 0; i < node->n_attr; i++)
        if (node->attr[i].kind == kind && strcmp(node->attr[i].name, name) == 0)
            return &node->attr[i];
    return NULL;
}

int64_t cld_attr_int(const cld_node *node, const char *name, int64_t otherwise) {
    const cld_attr *attr = cld_attr_find(node, name, CLD_ATTR_INT);
    return attr != NULL ? attr->u.i : otherwise;
}

float cld_attr_float(const cld_node *node, const char *name, float otherwise) {
    const cld_attr *attr = cld_attr_find(node, name, CLD_ATTR_FLOAT);
    return attr != NULL ? attr->u.f : otherwise;
}

const char *cld_attr_string(const cld_node *node, const char *name, const char *otherwise) {
    const cld_attr *attr = cld_attr_find(node, name, CLD_ATTR_STRING);
    return attr != NULL ? attr->u.s : otherwise;
}

const int64_t *cld_attr_ints(const cld_node *node, const char *name, int32_t *count) {
    const cld_attr *attr = cld_attr_find(node, name, CLD_ATTR_INTS);
    *count = attr != NULL ? attr->count : 0;
    return attr != NULL ? attr->u.ints : NULL;
}

const float *cld_attr_floats(const cld_node *node, const char *name, int32_t *count) {
    const cld_attr *attr = cld_attr_find(node, name, CLD_ATTR_FLOATS);
    *count = attr != NULL ? attr->count : 0;
    return attr != NULL ? attr->u.floats : NULL;
}
