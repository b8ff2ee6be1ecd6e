/* SPDX-License-Identifier: Apache-2.0 */
/* The public device handle: a counted cld_ocl with its store. */
#include "session/session_internal.h"

#include <stdlib.h>

clade_status clade_device_count(size_t *out, clade_error *err) {
    return out ? cld_ocl_count(out, err) : cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL");
}

clade_status clade_device_describe(clade_device_info *out, size_t index, clade_error *err) {
    return out ? cld_ocl_describe(out, index, err) : cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL");
}

cld_store *cld_device_store(const clade_device_options *options) {
    return cld_store_open(options ? options->cache_dir : NULL);
}

clade_status cld_device_wrap(clade_device **out, cld_ocl *ocl, clade_error *err) {
    clade_device *device = calloc(1, sizeof *device);
    if (!device) {
        cld_ocl_release(ocl);
        return cld_no_memory(err, "a device");
    }
    cld_refs_init(&device->refs);
    device->ocl = ocl;
    *out = device;
    return CLADE_OK;
}

clade_status clade_device_open(clade_device **out, const char *select, const clade_device_options *options,
                               clade_error *err) {
    cld_ocl *ocl;
    if (!out)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL");
    *out = NULL;
    CLD_RETURN(cld_ocl_open(&ocl, select, cld_device_store(options), err));
    return cld_device_wrap(out, ocl, err);
}

clade_device *cld_device_retain(clade_device *device) {
    cld_refs_take(&device->refs);
    return device;
}

void clade_device_close(clade_device *device) {
    if (!device || !cld_refs_drop(&device->refs))
        return;
    cld_ocl_release(device->ocl);
    free(device);
}

void clade_device_get_info(const clade_device *device, clade_device_info *out) {
    if (!out)
        return;
    *out = (clade_device_info){ 0 };
    if (device)
        cld_ocl_info(device->ocl, out);
}
