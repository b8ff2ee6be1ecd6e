/* SPDX-License-Identifier: Apache-2.0 */
/* Which attributes an operator takes: the rules in cld_op.attrs, and a node's attributes against them.
 *
 * In: a node as the file has it. Out: whether its operator knows every attribute, at this opset, of this kind; so that
 * a misspelt attribute, or one of a later standard, is refused and not taken for its absence. Attributes that passes
 * give to nodes (CLD_RESERVED) never come here.
 */
#include "op/core/op.h"

#include <stdio.h>

static const char *const kind_names[] = {
    [CLD_ATTR_INT] = "int",     [CLD_ATTR_FLOAT] = "float", [CLD_ATTR_STRING] = "string", [CLD_ATTR_TENSOR] = "tensor",
    [CLD_ATTR_GRAPH] = "graph", [CLD_ATTR_INTS] = "ints",   [CLD_ATTR_FLOATS] = "floats", [CLD_ATTR_STRINGS] = "strings"
};

static bool kind_named(const char *name, cld_attr_kind *out) {
    for (size_t k = 0; k < CLD_COUNT(kind_names); k++)
        if (strcmp(kind_names[k], name) == 0) {
            *out = (cld_attr_kind)k;
            return true;
        }
    return false;
}

bool cld_attr_rule_next(cld_attr_rule *rule, const char **text) {
    char kind[10];
    int used = 0;
    const char *at = *text ? *text : "";
    *rule = (cld_attr_rule){ .since = 1, .until = INT32_MAX };
    if (sscanf(at, " %39[A-Za-z_]:%9[a-z]%n", rule->name, kind, &used) != 2 || !kind_named(kind, &rule->kind))
        return false;
    at += used;
    if (sscanf(at, "@%d%n", &rule->since, &used) == 1)
        at += used;
    if (sscanf(at, "-%d%n", &rule->until, &used) == 1)
        at += used;
    if (*at == '=') {
        rule->choices = at + 1;
        at += strcspn(at, " ");
    }
    *text = at;
    return *at == '\0' || *at == ' ';
}

int32_t cld_attr_rule_choice(const cld_attr_rule *rule, const char *value) {
    int32_t index = 0;
    const size_t size = strlen(value);
    for (const char *at = rule->choices;; at++, index++) {
        const size_t n = strcspn(at, "| ");
        if (n == size && strncmp(at, value, n) == 0)
            return index;
        at += n;
        if (*at != '|')
            return -1;
    }
}

/* A hint for executors that overwrite their inputs; values do not depend on it. */
static bool is_old_hint(const cld_node *node, const cld_attr *attr) {
    return node->opset < 6 && node->domain[0] == '\0' && strcmp(attr->name, "consumed_inputs") == 0;
}

static bool takes(const cld_op *op, const cld_node *node, const cld_attr *attr, char *reason, size_t reason_size) {
    cld_attr_rule rule;
    for (const char *text = op->attrs; cld_attr_rule_next(&rule, &text);) {
        if (strcmp(rule.name, attr->name) != 0 || node->opset < rule.since || node->opset > rule.until)
            continue;
        if (attr->kind != rule.kind) {
            snprintf(reason, reason_size, "attribute '%s' of operator %s is of type %s, it must be %s", attr->name,
                     op->name, kind_names[attr->kind], kind_names[rule.kind]);
            return false;
        }
        if (rule.choices && cld_attr_rule_choice(&rule, attr->u.s) < 0) {
            snprintf(reason, reason_size, "attribute '%s' of operator %s is '%s', which is none of %.*s", attr->name,
                     op->name, attr->u.s, (int)strcspn(rule.choices, " "), rule.choices);
            return false;
        }
        return true;
    }
    snprintf(reason, reason_size, "attribute '%s' of operator %s is not supported at opset %d", attr->name, op->name,
             (int)node->opset);
    return is_old_hint(node, attr);
}

const cld_op *cld_op_of(const cld_node *node, char *reason, size_t reason_size) {
    const cld_op *op = cld_op_find(node->domain, node->type, node->opset, reason, reason_size);
    for (int32_t k = 0; op && k < node->n_attr; k++)
        if (!takes(op, node, &node->attr[k], reason, reason_size))
            return NULL;
    return op;
}
