/* SPDX-License-Identifier: Apache-2.0 */
/* The public device handle: a counted cld_ocl with its store. */
#include "session/session_internal.h"

clade_status clade_platform_count(size_t *out, clade_error *err) {
    return out ? cld_ocl_platform_count(out, err) : cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL");
}

clade_status clade_platform_describe(clade_platform_info *out, size_t index, clade_error *err) {
    clade_platform_info info;
    if (!out)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL");
    CLD_RETURN(cld_ocl_platform_describe(&info, index, err));
    return cld_sized_write(out, &info, sizeof info, "clade_platform_info", err);
}

const char *clade_driver_hint(size_t index) { return cld_ocl_driver_hint(index); }

clade_status clade_device_count(size_t *out, clade_error *err) {
    return out ? cld_ocl_count(out, err) : cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL");
}

clade_status clade_device_describe(clade_device_info *out, size_t index, clade_error *err) {
    clade_device_info info;
    if (!out)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL");
    CLD_RETURN(cld_ocl_describe(&info, index, err));
    return cld_sized_write(out, &info, sizeof info, "clade_device_info", err);
}

clade_status cld_device_options(clade_device_options *out, const clade_device_options *given, clade_error *err) {
    *out = (clade_device_options)CLADE_DEVICE_OPTIONS_INIT;
    return cld_sized_read(out, sizeof *out, given, "clade_device_options", err);
}

clade_status cld_device_wrap(clade_device **out, cld_ocl *ocl, const clade_device_options *options, clade_error *err) {
    clade_status status = cld_ocl_plan_as(ocl, options->as ? options->as : "", err);
    if (status != CLADE_OK) {
        cld_ocl_release(ocl);
        return status;
    }
    clade_device *device = cld_calloc(1, sizeof *device);
    if (!device || !(device->lock = cld_lock_new())) {
        cld_free(device);
        cld_ocl_release(ocl);
        return cld_no_memory(err, "a device");
    }
    cld_refs_init(&device->refs);
    device->ocl = ocl;
    if (!options->as) /* what was measured holds for the device as it is */
        cld_device_recall(device, options->cache_dir);
    *out = device;
    return CLADE_OK;
}

clade_status clade_device_open(clade_device **out, const char *select, const clade_device_options *options,
                               clade_error *err) {
    cld_ocl *ocl;
    clade_device_options known;
    if (!out)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL");
    *out = NULL;
    CLD_RETURN(cld_device_options(&known, options, err));
    if (select && strcmp(select, "none") == 0)
        CLD_RETURN(cld_ocl_open_none(&ocl, err));
    else
        CLD_RETURN(cld_ocl_open(&ocl, select, cld_store_open(known.cache_dir), err));
    return cld_device_wrap(out, ocl, &known, err);
}

clade_device *cld_device_retain(clade_device *device) {
    cld_refs_take(&device->refs);
    return device;
}

void clade_device_close(clade_device *device) {
    if (!device || !cld_refs_drop(&device->refs))
        return;
    cld_device_unrecall(device);
    cld_ocl_release(device->ocl);
    cld_lock_free(device->lock);
    cld_free(device);
}

/* ---- constants that sessions share ---- */

static cld_shared **find_shared(clade_device *device, const clade_model *model) {
    cld_shared **link = &device->shared;
    while (*link && (*link)->model != model)
        link = &(*link)->next;
    return link;
}

static clade_status add_shared(clade_device *device, const clade_model *model, clade_error *err) {
    cld_shared *shared = cld_calloc(1, sizeof *shared);
    if (!shared)
        return cld_no_memory(err, "a session");
    *shared = (cld_shared){ .next = device->shared, .model = model };
    clade_status status = cld_weights_new(&shared->weights, model->graph->maps, err);
    if (status == CLADE_OK)
        device->shared = shared;
    else
        cld_free(shared);
    return status;
}

clade_status cld_device_weights(cld_weights **out, clade_device *device, const clade_model *model, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_lock_take(device->lock);
    if (!*find_shared(device, model))
        status = add_shared(device, model, err);
    if (status == CLADE_OK) {
        cld_shared *shared = *find_shared(device, model);
        shared->users++;
        *out = shared->weights;
    }
    cld_lock_drop(device->lock);
    return status;
}

void cld_device_weights_drop(clade_device *device, const clade_model *model) {
    cld_lock_take(device->lock);
    cld_shared **link = find_shared(device, model), *gone = *link;
    if (--gone->users == 0) {
        *link = gone->next;
        cld_weights_free(gone->weights);
        cld_free(gone);
    }
    cld_lock_drop(device->lock);
}

clade_status clade_device_get_info(const clade_device *device, clade_device_info *out, clade_error *err) {
    clade_device_info info;
    if (!device || !out)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "device and out must not be NULL");
    cld_ocl_info(device->ocl, &info);
    return cld_sized_write(out, &info, sizeof info, "clade_device_info", err);
}
