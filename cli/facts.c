/* SPDX-License-Identifier: Apache-2.0 */
/* What a model file says of itself, for clade info: texts, versions, operator sets, metadata. All of it is hostile. */
#include "cli.h"

#include <inttypes.h>
#include <stddef.h>

/* What the file says in words. */
enum { TEXTS = 6 };
static const struct {
    const char *title, *key;
    size_t offset;
} texts[TEXTS] = {
    { "graph", "graph", offsetof(clade_model_info, graph_name) },
    { "producer", "producer", offsetof(clade_model_info, producer) },
    { "producer is", "producer_version", offsetof(clade_model_info, producer_version) },
    { "domain", "domain", offsetof(clade_model_info, domain) },
    { "description", "description", offsetof(clade_model_info, description) },
    { "of graph", "graph_description", offsetof(clade_model_info, graph_description) },
};
static const char *text_of(const clade_model_info *info, size_t k) {
    return *(const char *const *)(const void *)((const char *)info + texts[k].offset);
}

/* Operator sets beside the default one, and metadata. */
static void print_attached(const clade_model *model, const clade_model_info *info) {
    const char *key, *value;
    int64_t version;
    for (size_t k = 0; k < info->opset_count && clade_model_opset(model, k, &key, &version, NULL) == CLADE_OK; k++)
        if (key[0]) {
            printf("opset       %" PRId64 " of ", version);
            cli_print_line(key);
        }
    for (size_t k = 0; k < info->metadata_count && clade_model_metadata(model, k, &key, &value, NULL) == CLADE_OK;
         k++) {
        printf("metadata    ");
        cli_print_clean(stdout, key);
        fputs(" = ", stdout);
        cli_print_line(value);
    }
}

void cli_facts_print(const clade_model *model, const clade_model_info *info) {
    for (size_t k = 0; k < TEXTS; k++)
        if (k < 2 || text_of(info, k)[0]) {
            printf("%-11s ", texts[k].title);
            cli_print_line(text_of(info, k));
        }
    if (info->model_version)
        printf("version     %" PRId64 "\n", info->model_version);
    printf("opset       %" PRId64 " (IR version %" PRId64 ")\n", info->opset, info->ir_version);
    print_attached(model, info);
}

static void print_attached_json(cli_json *json, const clade_model *model, const clade_model_info *info) {
    const char *key, *value;
    int64_t version;
    cli_json_open(json, "opsets", '[');
    for (size_t k = 0; k < info->opset_count && clade_model_opset(model, k, &key, &version, NULL) == CLADE_OK; k++) {
        cli_json_open(json, NULL, '{');
        cli_json_text(json, "domain", key);
        cli_json_integer(json, "version", version);
        cli_json_close(json, '}');
    }
    cli_json_close(json, ']');
    cli_json_open(json, "metadata", '[');
    for (size_t k = 0; k < info->metadata_count && clade_model_metadata(model, k, &key, &value, NULL) == CLADE_OK;
         k++) {
        cli_json_open(json, NULL, '{');
        cli_json_text(json, "key", key);
        cli_json_text(json, "value", value);
        cli_json_close(json, '}');
    }
    cli_json_close(json, ']');
}

void cli_facts_json(cli_json *json, const clade_model *model, const clade_model_info *info) {
    for (size_t k = 0; k < TEXTS; k++)
        cli_json_text(json, texts[k].key, text_of(info, k));
    cli_json_integer(json, "model_version", info->model_version);
    cli_json_integer(json, "ir_version", info->ir_version);
    cli_json_integer(json, "opset", info->opset);
    print_attached_json(json, model, info);
}
