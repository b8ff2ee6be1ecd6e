/* SPDX-License-Identifier: Apache-2.0 */
/* Queries -> clade_device_info and cld_caps: everything the floors above know about a device. */
#include "ocl/internal.h"

#include <stdio.h>

/* A string query, cut to `size`, control characters and surrounding spaces removed. "" when the driver has no answer.
 */
static void trim_into(char *out, size_t size, char *text) {
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < ' ')
            *c = ' ';
    while (*text == ' ')
        text++;
    size_t length = strlen(text);
    while (length > 0 && text[length - 1] == ' ')
        length--;
    snprintf(out, size, "%.*s", (int)CLD_MIN(length, size), text);
}

static void device_text(char *out, size_t size, cl_device_id device, cl_device_info what) {
    char text[1024] = "";
    (void)clGetDeviceInfo(device, what, sizeof text - 1, text, NULL);
    trim_into(out, size, text);
}

static void platform_text(char *out, size_t size, cl_platform_id platform, cl_platform_info what) {
    char text[1024] = "";
    (void)clGetPlatformInfo(platform, what, sizeof text - 1, text, NULL);
    trim_into(out, size, text);
}

/* A list of extensions is longer than any buffer worth guessing. */
static bool has_extension(cl_device_id device, const char *name) {
    size_t bytes = 0, length = strlen(name);
    if (clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, 0, NULL, &bytes) != CL_SUCCESS || bytes == 0)
        return false;
    cld_arena *arena = cld_arena_new();
    char *list = arena ? cld_arena_alloc(arena, bytes + 1) : NULL;
    bool found = false;
    if (list && clGetDeviceInfo(device, CL_DEVICE_EXTENSIONS, bytes, list, NULL) == CL_SUCCESS)
        for (const char *at = list; !found && (at = strstr(at, name)); at += length)
            found = (at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0');
    cld_arena_free(arena);
    return found;
}

#define QUERY(what, value) (code = code ? code : clGetDeviceInfo(device, what, sizeof(value), &(value), NULL))

clade_status cld_device_query(clade_device_info *out, cl_platform_id platform, cl_device_id device, clade_error *err) {
    cl_int code = CL_SUCCESS;
    cl_device_type type = 0;
    cl_uint units = 0;
    cl_ulong global = 0, alloc = 0, local = 0;
    cl_bool unified = CL_FALSE;
    device_text(out->name, sizeof out->name, device, CL_DEVICE_NAME);
    device_text(out->vendor, sizeof out->vendor, device, CL_DEVICE_VENDOR);
    device_text(out->driver, sizeof out->driver, device, CL_DRIVER_VERSION);
    device_text(out->version, sizeof out->version, device, CL_DEVICE_VERSION);
    platform_text(out->platform_name, sizeof out->platform_name, platform, CL_PLATFORM_NAME);
    QUERY(CL_DEVICE_TYPE, type);
    QUERY(CL_DEVICE_MAX_COMPUTE_UNITS, units);
    QUERY(CL_DEVICE_GLOBAL_MEM_SIZE, global);
    QUERY(CL_DEVICE_MAX_MEM_ALLOC_SIZE, alloc);
    QUERY(CL_DEVICE_LOCAL_MEM_SIZE, local);
    QUERY(CL_DEVICE_HOST_UNIFIED_MEMORY, unified);
    if (code != CL_SUCCESS)
        return cld_cl_fail(err, code, "device '%s' does not describe itself", out->name);
    bool both = (type & CL_DEVICE_TYPE_CPU) && (type & CL_DEVICE_TYPE_GPU);
    out->compute_units = units;
    out->global_bytes = global;
    out->max_alloc_bytes = alloc;
    out->local_bytes = local;
    out->fp64 = has_extension(device, "cl_khr_fp64");
    out->fp16 = has_extension(device, "cl_khr_fp16");
    out->unified_memory = unified == CL_TRUE;
    out->kind = both                        ? CLADE_DEVICE_GPU
                : type & CL_DEVICE_TYPE_CPU ? CLADE_DEVICE_CPU
                : type & CL_DEVICE_TYPE_GPU ? CLADE_DEVICE_GPU
                                            : CLADE_DEVICE_OTHER;
    return CLADE_OK;
}

clade_status cld_caps_query(cld_caps *out, const clade_device_info *info, uint32_t quirks, cl_device_id device,
                            clade_error *err) {
    cl_int code = CL_SUCCESS;
    cl_uint lanes = 0, align_bits = 0;
    QUERY(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, lanes);
    QUERY(CL_DEVICE_MEM_BASE_ADDR_ALIGN, align_bits);
    *out = (cld_caps){ 0 };
    QUERY(CL_DEVICE_MAX_WORK_GROUP_SIZE, out->max_group);
    size_t dims[16] = { 0 };
    if (code == CL_SUCCESS)
        code = clGetDeviceInfo(device, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof dims, dims, NULL);
    if (code != CL_SUCCESS)
        return cld_cl_fail(err, code, "device '%s' does not state its limits", info->name);
    memcpy(out->max_group_dim, dims, sizeof out->max_group_dim);
    out->is_cpu = info->kind == CLADE_DEVICE_CPU;
    out->is_gpu = !out->is_cpu;
    out->unified_memory = info->unified_memory;
    out->fp64 = info->fp64;
    out->fp16 = info->fp16;
    out->blas = !(quirks & CLD_QUIRK_NO_BLAS);
    out->compute_units = CLD_MAX(info->compute_units, 1u);
    out->float_lanes = out->is_cpu ? CLD_MIN(CLD_MAX(lanes, 1u), 16u) : 1;
    out->global_bytes = info->global_bytes;
    out->max_alloc_bytes = info->max_alloc_bytes;
    out->local_bytes = info->local_bytes;
    /* A cache line at least, so that vector loads at the start of a buffer are aligned ones. */
    out->align_bytes = CLD_MAX(align_bits / 8, 64u);
    return CLADE_OK;
}
