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

/* What there is no device of, and where its driver comes from. */
static void print_missing(cli_json *json, const clade_platform_info *platform) {
    if (!json) {
        if (platform->device_count == 0)
            printf("platform '%s' offers no device: %s\n", platform->name, platform->hint);
        return;
    }
    cli_json_open(json, NULL, '{');
    cli_json_integer(json, "index", platform->index);
    cli_json_text(json, "platform_name", platform->name);
    cli_json_text(json, "version", platform->version);
    cli_json_integer(json, "device_count", platform->device_count);
    cli_json_text(json, "hint", platform->hint);
    cli_json_close(json, '}');
}

static void print_drivers(cli_json *json, int gpus) {
    if (!json && gpus)
        return;
    for (size_t i = 0; clade_driver_hint(i); i++)
        if (json)
            cli_json_text(json, NULL, clade_driver_hint(i));
        else
            printf("%s%s", i ? "; " : "no GPU here; drivers in Debian: ", clade_driver_hint(i));
    if (!json)
        putchar('\n');
}

static void open_list(cli_json *json, const char *key) {
    if (json)
        cli_json_open(json, key, '[');
}

static void close_list(cli_json *json) {
    if (json)
        cli_json_close(json, ']');
}

/* One that fails takes no other with it; `worst` keeps the last failure. */
static void print_devices(cli_json *json, size_t count, int *gpus, cli_exit *worst) {
    for (size_t i = 0; i < count; i++) {
        clade_error err;
        clade_device_info info = CLADE_DEVICE_INFO_INIT;
        if (clade_device_describe(&info, i, &err) != CLADE_OK)
            *worst = cli_fail(&err);
        else if (json)
            print_json(json, &info);
        else
            print_text(&info);
        *gpus += info.kind == CLADE_DEVICE_GPU;
    }
}

static void print_platforms(cli_json *json, size_t count, cli_exit *worst) {
    for (size_t i = 0; i < count; i++) {
        clade_error err;
        clade_platform_info platform = CLADE_PLATFORM_INFO_INIT;
        if (clade_platform_describe(&platform, i, &err) != CLADE_OK)
            *worst = cli_fail(&err);
        else
            print_missing(json, &platform);
    }
}

static cli_exit run(const cli_command *self, int argc, char **argv) {
    cli_common common = { .json = 0 };
    cli_arguments arguments;
    cli_exit exit;
    if (!cli_parse(self, NULL, &common, CLI_HAS_JSON, 0, 0, &arguments, argc, argv, &exit))
        return exit;

    size_t devices = 0, platforms = 0;
    int gpus = 0;
    clade_error err;
    cli_json document = { .depth = 0 }, *json = common.json ? &document : NULL;
    exit = clade_device_count(&devices, &err) == CLADE_OK ? CLI_OK : cli_fail(&err);
    if (clade_platform_count(&platforms, &err) != CLADE_OK && exit == CLI_OK)
        exit = cli_fail(&err);
    if (json)
        cli_json_open(json, NULL, '{');
    open_list(json, "devices");
    print_devices(json, devices, &gpus, &exit);
    close_list(json);
    open_list(json, "platforms");
    print_platforms(json, platforms, &exit);
    close_list(json);
    open_list(json, "drivers");
    print_drivers(json, gpus);
    close_list(json);
    if (json)
        cli_json_close(json, '}');
    return exit;
}

const cli_command cli_devices = {
    "devices", "", "lists the OpenCL devices",
    "The first column is the index and the second the platform:device pair that --device takes elsewhere.\n"
    "A platform without a device is named with the reason, as far as it is known. Without a GPU, the packages that\n"
    "bring drivers are named.\n",
    run
};
