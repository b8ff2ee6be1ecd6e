/* SPDX-License-Identifier: Apache-2.0 */
/* Devices opened: one context per opened device, or the caller's. */
#include "ocl/internal.h"

static clade_status device_usable(cl_device_id device, const clade_device_info *info, clade_error *err) {
    cl_bool available = CL_FALSE, compiler = CL_FALSE;
    cl_int code = clGetDeviceInfo(device, CL_DEVICE_AVAILABLE, sizeof available, &available, NULL);
    if (code == CL_SUCCESS)
        code = clGetDeviceInfo(device, CL_DEVICE_COMPILER_AVAILABLE, sizeof compiler, &compiler, NULL);
    if (code != CL_SUCCESS)
        return cld_cl_fail(err, code, "device '%s' does not say whether it can be used", info->name);
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
    cld_ocl *ocl = cld_calloc(1, sizeof *ocl);
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
    CLD_TRY(cld_text_query(ocl->platform_version, sizeof ocl->platform_version, ocl->platform, NULL,
                           CL_PLATFORM_VERSION, err));
    CLD_TRY(cld_caps_query(&ocl->caps, &ocl->info, ocl->quirks, ocl->device, err));
    ocl->lock = cld_lock_new();
    if (!ocl->lock)
        CLD_TRY(cld_no_memory(err, "the device"));
    if (context)
        code = clRetainContext(context);
    if (context && code == CL_SUCCESS)
        ocl->context = context;
    else if (!context)
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
    cld_list list = { 0 };
    const cld_listed *chosen;
    clade_status status = cld_list_new(&list, err);
    if (status == CLADE_OK)
        status = cld_select(&chosen, &list, select, err);
    if (status == CLADE_OK)
        status = open_listed(out, chosen, NULL, store, err);
    else
        cld_store_close(store);
    cld_list_free(&list);
    return status;
}

static clade_status check_in_context(cl_context context, cl_device_id device, clade_error *err) {
    cl_uint count = 0;
    cl_int code = clGetContextInfo(context, CL_CONTEXT_NUM_DEVICES, sizeof count, &count, NULL);
    if (code == CL_INVALID_CONTEXT)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "the caller's context is not valid: %s", cld_cl_text(code));
    if (code != CL_SUCCESS)
        return cld_cl_fail(err, code, "the caller's context does not describe itself");
    cl_device_id *ids = cld_calloc(count + 1, sizeof *ids);
    if (!ids)
        return cld_no_memory(err, "the context's devices");
    bool found = false;
    code = clGetContextInfo(context, CL_CONTEXT_DEVICES, count * sizeof *ids, ids, NULL);
    for (cl_uint i = 0; i < count && code == CL_SUCCESS; i++)
        found |= ids[i] == device;
    cld_free(ids);
    if (code != CL_SUCCESS)
        return cld_cl_fail(err, code, "the caller's context does not name its devices");
    return found ? CLADE_OK : cld_fail(err, CLADE_ERR_ARGUMENT, "the device is not one of the caller's context");
}

/* The listed device, so that it has its index; one that is not listed (a sub-device) is described by itself. */
static clade_status find_listed(cld_listed *out, cl_device_id device, clade_error *err) {
    cld_list list;
    CLD_RETURN(cld_list_new(&list, err));
    bool found = false;
    for (size_t i = 0; i < list.n_devices && !found; i++)
        if ((found = list.devices[i].device == device))
            *out = list.devices[i];
    cld_list_free(&list);
    if (found)
        return out->fault.status == CLADE_OK ? CLADE_OK : cld_fail(err, out->fault.status, "%s", out->fault.message);
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
    else
        status = cld_cl_enter(err);
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
    if (!ocl || cld_forked() || !cld_refs_drop(&ocl->refs))
        return;
    cld_blas_forget(ocl);
    cld_programs_drop(ocl);
    if (ocl->dummy)
        clReleaseMemObject(ocl->dummy);
    if (ocl->context)
        clReleaseContext(ocl->context);
    cld_lock_free(ocl->lock);
    cld_store_close(ocl->store);
    cld_free(ocl);
}

void cld_ocl_info(const cld_ocl *ocl, clade_device_info *out) { *out = ocl->info; }
const cld_caps *cld_ocl_caps(const cld_ocl *ocl) { return &ocl->caps; }
