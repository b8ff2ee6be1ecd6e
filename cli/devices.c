/* SPDX-License-Identifier: Apache-2.0 */
/* clade devices: what OpenCL offers. */
#include "cli.h"

static void print_text(const clade_device_info *info) {
    char global[32], alloc[32];
    printf("%u  %u:%u  %-5s  %s\n", info->index, info->platform, info->device, cli_device_kind_text(info->kind),
           info->name);
    printf("   %s, %s, driver %s\n", info->platform_name, info->version, info->driver);
    printf("   %u compute units, %s memory, %s in one allocation, float64 %s, float16 %s, %s memory\n",
           info->compute_units, cli_bytes_text(global, info->global_bytes),
           cli_bytes_text(alloc, info->max_alloc_bytes), info->fp64 ? "yes" : "no", info->fp16 ? "yes" : "no",
           info->unified_memory ? "shared" : "own");
}

static void print_json(cli_json *json, const clade_device_info *info) {
    cli_json_open(json, NULL, '{');
    cli_json_integer(json, "index", info->index);
    cli_json_integer(json, "platform", info->platform);
    cli_json_integer(json, "device", info->device);
    cli_json_text(json, "kind", cli_device_kind_text(info->kind));
    cli_json_text(json, "name", info->name);
    cli_json_text(json, "vendor", info->vendor);
    cli_json_text(json, "driver", info->driver);
    cli_json_text(json, "platform_name", info->platform_name);
    cli_json_text(json, "version", info->version);
    cli_json_integer(json, "compute_units", info->compute_units);
    cli_json_integer(json, "global_bytes", (int64_t)info->global_bytes);
    cli_json_integer(json, "max_alloc_bytes", (int64_t)info->max_alloc_bytes);
    cli_json_integer(json, "local_bytes", (int64_t)info->local_bytes);
    cli_json_bool(json, "fp64", info->fp64);
    cli_json_bool(json, "fp16", info->fp16);
    cli_json_bool(json, "unified_memory", info->unified_memory);
    cli_json_close(json, '}');
}

static cli_exit run(const cli_command *self, int argc, char **argv) {
    cli_common common = { .json = 0 };
    cli_arguments arguments;
    cli_exit exit;
    if (!cli_parse(self, NULL, &common, CLI_HAS_JSON, 0, 0, &arguments, argc, argv, &exit))
        return exit;

    size_t count;
    clade_error err = { .status = CLADE_OK };
    if (clade_device_count(&count, &err) != CLADE_OK)
        return cli_fail(&err);
    cli_json json = { .depth = 0 };
    if (common.json)
        cli_json_open(&json, NULL, '[');
    for (size_t i = 0; i < count; i++) {
        clade_device_info info = CLADE_DEVICE_INFO_INIT;
        if (clade_device_describe(&info, i, &err) != CLADE_OK)
            return cli_fail(&err);
        if (common.json)
            print_json(&json, &info);
        else
            print_text(&info);
    }
    if (common.json)
        cli_json_close(&json, ']');
    return CLI_OK;
}

const cli_command cli_devices = {
    "devices", "", "lists the OpenCL devices",
    "The first column is the index and the second the platform:device pair that --device takes elsewhere.\n", run
};
