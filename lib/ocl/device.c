/* SPDX-License-Identifier: Apache-2.0 */
/* Devices listed, described and opened: one context per opened device, or the caller's. */
#include "ocl/internal.h"

#include <stdlib.h>

/* ---- the list --------------------------------------------------------------------------------------------------- */

static clade_status platform_ids(cl_platform_id **out, cl_uint *count, clade_error *err) {
    /* A loader without any driver answers with its own code (CL_PLATFORM_NOT_FOUND_KHR). */
    if (clGetPlatformIDs(0, NULL, count) != CL_SUCCESS || *count == 0)
        return cld_fail(err, CLADE_ERR_NO_DEVICE,
                        "there is no OpenCL platform: no driver is installed, or OCL_ICD_VENDORS names none");
    *out = calloc(*count, sizeof **out);
    if (!*out)
        return cld_no_memory(err, "the OpenCL platforms");
    cl_int code = clGetPlatformIDs(*count, *out, NULL);
    return code == CL_SUCCESS ? CLADE_OK : cld_cl_fail(err, code, "the OpenCL platforms cannot be listed");
}

/* Appends the devices of one platform; one that has none, or fails, adds nothing. */
static clade_status append_platform(cld_listed **list, size_t *count, cl_platform_id platform, uint32_t number,
                                    clade_error *err) {
    cl_uint here = 0;
    if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 0, NULL, &here) != CL_SUCCESS || here == 0)
        return CLADE_OK;
    cl_device_id *ids = calloc(here, sizeof *ids);
    cld_listed *grown = realloc(*list, (*count + here) * sizeof *grown);
    if (grown)
        *list = grown;
    clade_status status = CLADE_OK;
    if (!ids || !grown)
        status = cld_no_memory(err, "the list of OpenCL devices");
    else if (clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, here, ids, NULL) == CL_SUCCESS)
        for (cl_uint d = 0; d < here && status == CLADE_OK; d++) {
            cld_listed *entry = &grown[*count];
            *entry = (cld_listed){ platform, ids[d], { .index = (uint32_t)*count, .platform = number, .device = d } };
            status = cld_device_query(&entry->info, platform, ids[d], err);
            *count += status == CLADE_OK;
        }
    free(ids);
    return status;
}

/* Every device of every platform. malloc'ed; *count may be 0. ERR_NO_DEVICE: no platform at all. */
static clade_status list_devices(cld_listed **out, size_t *count, clade_error *err) {
    cl_platform_id *platforms = NULL;
    cl_uint n = 0;
    *out = NULL;
    *count = 0;
    clade_status status = platform_ids(&platforms, &n, err);
    for (cl_uint p = 0; p < n && status == CLADE_OK; p++)
        status = append_platform(out, count, platforms[p], p, err);
    free(platforms);
    if (status != CLADE_OK) {
        free(*out);
        *out = NULL;
    }
    return status;
}

clade_status cld_ocl_count(size_t *out, clade_error *err) {
    cld_listed *list;
    CLD_RETURN(list_devices(&list, out, err));
    free(list);
    return CLADE_OK;
}

clade_status cld_ocl_describe(clade_device_info *out, size_t index, clade_error *err) {
    cld_listed *list;
    size_t count;
    CLD_RETURN(list_devices(&list, &count, err));
    clade_status status = CLADE_OK;
    if (index < count)
        *out = list[index].info;
    else
        status = cld_fail(err, CLADE_ERR_NO_DEVICE, "there is no OpenCL device %zu; there are %zu", index, count);
    free(list);
    return status;
}

/* ---- an open device ---------------------------------------------------------------------------------------------- */

static clade_status device_usable(cl_device_id device, const clade_device_info *info, clade_error *err) {
    cl_bool available = CL_FALSE, compiler = CL_FALSE;
    (void)clGetDeviceInfo(device, CL_DEVICE_AVAILABLE, sizeof available, &available, NULL);
    (void)clGetDeviceInfo(device, CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler, &compiler, NULL);
    if (!available)
        return cld_fail(err, CLADE_ERR_DEVICE, "device '%s' is not available now", info->name);
    if (!compiler)
        return cld_fail(err, CLADE_ERR_DEVICE, "device '%s' has no compiler for kernels", info->name);
    return CLADE_OK;
}

/* `context` NULL: makes one; otherwise it is retained. Takes `store`, also on failure. */
static clade_status open_listed(cld_ocl **out, const cld_listed *listed, cl_context context, cld_store *store,
                                clade_error *err) {
    clade_status status;
    cl_int code = CL_SUCCESS;
    cld_ocl *ocl = calloc(1, sizeof *ocl);
    if (!ocl) {
        cld_store_close(store);
        return cld_no_memory(err, "the device");
    }
    cld_refs_init(&ocl->refs);
    ocl->store = store;
    ocl->platform = listed->platform;
    ocl->device = listed->device;
    ocl->info = listed->info;
    ocl->quirks = cld_quirks_find(&ocl->info);
    cld_quirks_log(&ocl->info);
    CLD_TRY(device_usable(ocl->device, &ocl->info, err));
    CLD_TRY(cld_caps_query(&ocl->caps, &ocl->info, ocl->quirks, ocl->device, err));
    ocl->lock = cld_lock_new();
    if (!ocl->lock)
        CLD_TRY(cld_no_memory(err, "the device"));
    if (context && clRetainContext(context) == CL_SUCCESS)
        ocl->context = context;
    else
        ocl->context = clCreateContext(
            (cl_context_properties[]){ CL_CONTEXT_PLATFORM, (cl_context_properties)listed->platform, 0 }, 1,
            &ocl->device, NULL, NULL, &code);
    if (code == CL_SUCCESS)
        ocl->dummy = clCreateBuffer(ocl->context, CL_MEM_READ_WRITE, ocl->caps.align_bytes, NULL, &code);
    if (code != CL_SUCCESS)
        CLD_TRY(cld_cl_fail(err, code, "device '%s' cannot be opened", ocl->info.name));
    *out = ocl;
    return CLADE_OK;
fail:
    cld_ocl_release(ocl);
    return status;
}

clade_status cld_ocl_open(cld_ocl **out, const char *select, cld_store *store, clade_error *err) {
    cld_listed *list = NULL;
    size_t count = 0, chosen = 0;
    clade_status status = list_devices(&list, &count, err);
    if (status == CLADE_OK)
        status = cld_select(&chosen, list, count, select, err);
    if (status == CLADE_OK)
        status = open_listed(out, &list[chosen], NULL, store, err);
    else
        cld_store_close(store);
    free(list);
    return status;
}

static clade_status check_in_context(cl_context context, cl_device_id device, clade_error *err) {
    cl_uint count = 0;
    cl_int code = clGetContextInfo(context, CL_CONTEXT_NUM_DEVICES, sizeof count, &count, NULL);
    if (code != CL_SUCCESS)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "the caller's context is not valid: %s", cld_cl_text(code));
    cl_device_id *ids = calloc(count + 1, sizeof *ids);
    if (!ids)
        return cld_no_memory(err, "the context's devices");
    bool found = false;
    code = clGetContextInfo(context, CL_CONTEXT_DEVICES, count * sizeof *ids, ids, NULL);
    for (cl_uint i = 0; i < count && code == CL_SUCCESS; i++)
        found |= ids[i] == device;
    free(ids);
    return found ? CLADE_OK : cld_fail(err, CLADE_ERR_ARGUMENT, "the device is not one of the caller's context");
}

/* The listed device, so that it has its index; one that is not listed (a sub-device) is described by itself. */
static clade_status find_listed(cld_listed *out, cl_device_id device, clade_error *err) {
    cld_listed *list;
    size_t count;
    CLD_RETURN(list_devices(&list, &count, err));
    bool found = false;
    for (size_t i = 0; i < count && !found; i++)
        if ((found = list[i].device == device))
            *out = list[i];
    free(list);
    if (found)
        return CLADE_OK;
    *out = (cld_listed){ .device = device };
    cl_int code = clGetDeviceInfo(device, CL_DEVICE_PLATFORM, sizeof out->platform, &out->platform, NULL);
    if (code != CL_SUCCESS)
        return cld_cl_fail(err, code, "the caller's device names no platform");
    return cld_device_query(&out->info, out->platform, device, err);
}

clade_status cld_ocl_open_context(cld_ocl **out, void *context, void *id, cld_store *store, clade_error *err) {
    cld_listed listed;
    clade_status status = CLADE_OK;
    if (!context || !id)
        status = cld_fail(err, CLADE_ERR_ARGUMENT, "the caller's context or device is NULL");
    if (status == CLADE_OK)
        status = check_in_context(context, id, err);
    if (status == CLADE_OK)
        status = find_listed(&listed, id, err);
    if (status != CLADE_OK) {
        cld_store_close(store);
        return status;
    }
    return open_listed(out, &listed, context, store, err);
}

cld_ocl *cld_ocl_retain(cld_ocl *ocl) {
    cld_refs_take(&ocl->refs);
    return ocl;
}

void cld_ocl_release(cld_ocl *ocl) {
    if (!ocl || !cld_refs_drop(&ocl->refs))
        return;
    cld_programs_drop(ocl);
    if (ocl->dummy)
        clReleaseMemObject(ocl->dummy);
    if (ocl->context)
        clReleaseContext(ocl->context);
    cld_lock_free(ocl->lock);
    cld_store_close(ocl->store);
    free(ocl);
}

void cld_ocl_info(const cld_ocl *ocl, clade_device_info *out) { *out = ocl->info; }
const cld_caps *cld_ocl_caps(const cld_ocl *ocl) { return &ocl->caps; }
