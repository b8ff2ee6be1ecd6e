/* SPDX-License-Identifier: Apache-2.0 */
/* Platforms and their devices, in the order the loader gives them.
 *
 * One that fails keeps its place, so that an index always means the same, and its fault, which is said when it is asked
 * for. Only the loader's own failure and a lack of host memory fail the list.
 */
#include "ocl/internal.h"

#include <stdio.h>

enum { NO_PLATFORM = -1001 }; /* CL_PLATFORM_NOT_FOUND_KHR: the loader found no driver */

static clade_status platform_ids(cl_platform_id **out, cl_uint *count, clade_error *err) {
    CLD_RETURN(cld_cl_enter(err));
    cl_int code = clGetPlatformIDs(0, NULL, count);
    if (code == NO_PLATFORM || (code == CL_SUCCESS && *count == 0))
        return cld_fail(err, CLADE_ERR_NO_DEVICE,
                        "there is no OpenCL platform: no driver is installed, or OCL_ICD_VENDORS names none");
    *out = code == CL_SUCCESS ? cld_calloc(*count, sizeof **out) : NULL;
    if (code == CL_SUCCESS && !*out)
        return cld_no_memory(err, "the OpenCL platforms");
    if (code == CL_SUCCESS)
        code = clGetPlatformIDs(*count, *out, NULL);
    if (code == CL_SUCCESS)
        return CLADE_OK;
    cld_free(*out);
    return cld_cl_fail(err, code, "the OpenCL platforms cannot be listed");
}

static void describe_platform(cld_platform *platform, clade_error *fault) {
    clade_platform_info *info = &platform->info;
    clade_status status = cld_text_query(info->name, sizeof info->name, platform->id, NULL, CL_PLATFORM_NAME, fault);
    if (status == CLADE_OK)
        (void)cld_text_query(info->version, sizeof info->version, platform->id, NULL, CL_PLATFORM_VERSION, fault);
}

/* A fault, with the place it belongs to. */
static void keep_fault(clade_error *out, const clade_error *fault, const char *place) {
    (void)cld_fail(out, fault->status, "%s: %s", place, fault->message);
    cld_log(CLADE_LOG_INFO, "%s", out->message);
}

static void describe_device(cld_listed *listed) {
    clade_error fault = { 0 };
    char place[40];
    if (cld_device_query(&listed->info, listed->platform, listed->device, &fault) == CLADE_OK)
        return;
    snprintf(place, sizeof place, "device %u:%u", listed->info.platform, listed->info.device);
    keep_fault(&listed->fault, &fault, place);
}

/* The platform's devices, appended. */
static clade_status append_devices(cld_list *list, cld_platform *platform, clade_error *fault, clade_error *err) {
    cl_uint count = 0;
    cl_int code = clGetDeviceIDs(platform->id, CL_DEVICE_TYPE_ALL, 0, NULL, &count);
    if (code == CL_DEVICE_NOT_FOUND || (code == CL_SUCCESS && count == 0))
        return CLADE_OK;
    cl_device_id *ids = code == CL_SUCCESS ? cld_calloc(count, sizeof *ids) : NULL;
    cld_listed *grown = ids ? cld_realloc(list->devices, list->n_devices + count, sizeof *grown) : NULL;
    if (grown)
        list->devices = grown;
    if (code == CL_SUCCESS && !grown) {
        cld_free(ids);
        return cld_no_memory(err, "the list of OpenCL devices");
    }
    if (code == CL_SUCCESS)
        code = clGetDeviceIDs(platform->id, CL_DEVICE_TYPE_ALL, count, ids, NULL);
    if (code != CL_SUCCESS)
        (void)cld_cl_fail(fault, code, "its devices cannot be listed");
    for (cl_uint d = 0; d < count && code == CL_SUCCESS; d++) {
        cld_listed *listed = &grown[list->n_devices];
        *listed = (cld_listed){ .platform = platform->id, .device = ids[d] };
        listed->info = (clade_device_info){ .index = (uint32_t)list->n_devices++,
                                            .platform = platform->info.index,
                                            .device = platform->info.device_count++ };
        describe_device(listed);
    }
    cld_free(ids);
    return CLADE_OK;
}

static clade_status add_platform(cld_list *list, cl_platform_id id, clade_error *err) {
    clade_error fault = { 0 };
    cld_platform *platform = &list->platforms[list->n_platforms];
    *platform = (cld_platform){ .id = id, .info.index = (uint32_t)list->n_platforms };
    list->n_platforms++;
    describe_platform(platform, &fault);
    CLD_RETURN(append_devices(list, platform, &fault, err));
    char place[40];
    snprintf(place, sizeof place, "platform %u", platform->info.index);
    if (fault.status != CLADE_OK)
        keep_fault(&platform->fault, &fault, place);
    else if (platform->info.device_count == 0)
        snprintf(platform->info.hint, sizeof platform->info.hint, "%s", cld_quirks_no_device(platform->info.name));
    return CLADE_OK;
}

clade_status cld_list_new(cld_list *out, clade_error *err) {
    cl_platform_id *ids = NULL;
    cl_uint count = 0;
    *out = (cld_list){ 0 };
    CLD_RETURN(platform_ids(&ids, &count, err));
    out->platforms = cld_calloc(count, sizeof *out->platforms);
    clade_status status = out->platforms ? CLADE_OK : cld_no_memory(err, "the OpenCL platforms");
    for (cl_uint p = 0; p < count && status == CLADE_OK; p++)
        status = add_platform(out, ids[p], err);
    cld_free(ids);
    if (status != CLADE_OK)
        cld_list_free(out);
    return status;
}

void cld_list_free(cld_list *list) {
    cld_free(list->platforms);
    cld_free(list->devices);
    *list = (cld_list){ 0 };
}

clade_status cld_list_check(const cld_list *list, clade_error *err) {
    if (list->n_devices > 0)
        return CLADE_OK;
    cld_text why = { 0 };
    for (size_t p = 0; p < list->n_platforms; p++) {
        const cld_platform *platform = &list->platforms[p];
        if (platform->fault.status != CLADE_OK) {
            cld_text_free(&why);
            return cld_fail(err, platform->fault.status, "%s", platform->fault.message);
        }
        cld_text_printf(&why, "%s platform '%s' offers none (%s)", p ? ";" : "", platform->info.name,
                        platform->info.hint);
    }
    clade_status status = cld_fail(err, CLADE_ERR_NO_DEVICE, "there is no OpenCL device:%s", why.data ? why.data : "");
    cld_text_free(&why);
    return status;
}

/* ---- what lib/session asks -------------------------------------------------------------------------------------- */

clade_status cld_ocl_platform_count(size_t *out, clade_error *err) {
    cld_list list;
    CLD_RETURN(cld_list_new(&list, err));
    *out = list.n_platforms;
    cld_list_free(&list);
    return CLADE_OK;
}

clade_status cld_ocl_platform_describe(clade_platform_info *out, size_t index, clade_error *err) {
    cld_list list;
    CLD_RETURN(cld_list_new(&list, err));
    clade_status status = CLADE_OK;
    if (index >= list.n_platforms)
        status = cld_fail(err, CLADE_ERR_NO_DEVICE, "there is no OpenCL platform %zu; there are %zu", index,
                          list.n_platforms);
    else if ((status = list.platforms[index].fault.status) != CLADE_OK)
        (void)cld_fail(err, status, "%s", list.platforms[index].fault.message);
    else
        *out = list.platforms[index].info;
    cld_list_free(&list);
    return status;
}

clade_status cld_ocl_count(size_t *out, clade_error *err) {
    cld_list list;
    CLD_RETURN(cld_list_new(&list, err));
    clade_status status = cld_list_check(&list, err);
    if (status == CLADE_OK)
        *out = list.n_devices;
    cld_list_free(&list);
    return status;
}

clade_status cld_ocl_describe(clade_device_info *out, size_t index, clade_error *err) {
    cld_list list;
    CLD_RETURN(cld_list_new(&list, err));
    clade_status status = cld_list_check(&list, err);
    if (status == CLADE_OK && index >= list.n_devices)
        status =
            cld_fail(err, CLADE_ERR_NO_DEVICE, "there is no OpenCL device %zu; there are %zu", index, list.n_devices);
    else if (status == CLADE_OK && (status = list.devices[index].fault.status) != CLADE_OK)
        (void)cld_fail(err, status, "%s", list.devices[index].fault.message);
    else if (status == CLADE_OK)
        *out = list.devices[index].info;
    cld_list_free(&list);
    return status;
}
