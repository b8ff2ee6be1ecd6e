/* SPDX-License-Identifier: Apache-2.0 */
/* Queries -> clade_device_info and cld_caps: everything the floors above know about a device. A query that fails is an
 * error and no fact about the device. */
#include "ocl/internal.h"

#include <stdio.h>

static cl_int query(cl_platform_id platform, cl_device_id device, cl_uint what, size_t bytes, void *out, size_t *need) {
    return device ? clGetDeviceInfo(device, what, bytes, out, need)
                  : clGetPlatformInfo(platform, what, bytes, out, need);
}

/* As long as it may be. The caller frees. */
static clade_status query_text(char **out, cl_platform_id platform, cl_device_id device, cl_uint what,
                               clade_error *err) {
    size_t bytes = 0;
    cl_int code = query(platform, device, what, 0, NULL, &bytes);
    *out = code == CL_SUCCESS ? cld_calloc(1, bytes + 1) : NULL;
    if (code == CL_SUCCESS && !*out)
        return cld_no_memory(err, "a text of the driver");
    if (code == CL_SUCCESS && bytes > 0)
        code = query(platform, device, what, bytes, *out, NULL);
    if (code == CL_SUCCESS)
        return CLADE_OK;
    cld_free(*out);
    return cld_cl_fail(err, code, "the driver does not describe its %s", device ? "device" : "platform");
}

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

clade_status cld_text_query(char *out, size_t size, cl_platform_id platform, cl_device_id device, cl_uint what,
                            clade_error *err) {
    char *text;
    CLD_RETURN(query_text(&text, platform, device, what, err));
    trim_into(out, size, text);
    cld_free(text);
    return CLADE_OK;
}

static bool has_extension(const char *list, const char *name) {
    size_t length = strlen(name);
    bool found = false;
    for (const char *at = list; !found && (at = strstr(at, name)); at += length)
        found = (at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0');
    return found;
}

static clade_status query_texts(clade_device_info *out, cl_platform_id platform, cl_device_id device,
                                clade_error *err) {
    char *extensions;
    CLD_RETURN(cld_text_query(out->name, sizeof out->name, platform, device, CL_DEVICE_NAME, err));
    CLD_RETURN(cld_text_query(out->vendor, sizeof out->vendor, platform, device, CL_DEVICE_VENDOR, err));
    CLD_RETURN(cld_text_query(out->driver, sizeof out->driver, platform, device, CL_DRIVER_VERSION, err));
    CLD_RETURN(cld_text_query(out->version, sizeof out->version, platform, device, CL_DEVICE_VERSION, err));
    CLD_RETURN(cld_text_query(out->platform_name, sizeof out->platform_name, platform, NULL, CL_PLATFORM_NAME, err));
    CLD_RETURN(query_text(&extensions, platform, device, CL_DEVICE_EXTENSIONS, err));
    out->fp64 = has_extension(extensions, "cl_khr_fp64");
    out->fp16 = has_extension(extensions, "cl_khr_fp16");
    cld_free(extensions);
    return CLADE_OK;
}

#define QUERY(what, value) (code = code ? code : clGetDeviceInfo(device, what, sizeof(value), &(value), NULL))

clade_status cld_device_query(clade_device_info *out, cl_platform_id platform, cl_device_id device, clade_error *err) {
    cl_int code = CL_SUCCESS;
    cl_device_type type = 0;
    cl_uint units = 0;
    cl_ulong global = 0, alloc = 0, local = 0;
    cl_bool unified = CL_FALSE;
    CLD_RETURN(query_texts(out, platform, device, err));
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
    cl_device_fp_config single = 0;
    QUERY(CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, lanes);
    QUERY(CL_DEVICE_MEM_BASE_ADDR_ALIGN, align_bits);
    QUERY(CL_DEVICE_SINGLE_FP_CONFIG, single);
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
    out->rounds = single & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT;
    out->compute_units = CLD_MAX(info->compute_units, 1u);
    out->float_lanes = out->is_cpu ? CLD_MIN(CLD_MAX(lanes, 1u), 16u) : 1;
    out->global_bytes = info->global_bytes;
    out->max_alloc_bytes = info->max_alloc_bytes;
    out->local_bytes = info->local_bytes;
    /* A cache line at least, so that vector loads at the start of a buffer are aligned ones. */
    out->align_bytes = CLD_MAX(align_bits / 8, 64u);
    return CLADE_OK;
}
