/* SPDX-License-Identifier: Apache-2.0 */
/* "gpu,group=64,fp64=0": plans for stated capabilities instead of the device's own, to look at or test the rows of
 * another kind of device on the one that there is. Lies only in the safe direction: what a device cannot do is never
 * claimed. Of the device "none", on which nothing runs, anything sensible may be.
 */
#include "ocl/internal.h"

#include <stddef.h>
#include <stdlib.h>

/* `at_most`: a limit or an ability, which may only shrink; others merely steer how work is cut. `most`: of any device.
 */
static const struct {
    const char *key;
    size_t offset, size;
    bool at_most;
    uint64_t most;
} rows[] = {
#define ROW(key, field, at_most, most)                                                                                 \
    { key, offsetof(cld_caps, field), sizeof((cld_caps){ 0 }.field), at_most, most }
    ROW("group", max_group, true, 1 << 16),
    ROW("local", local_bytes, true, 1 << 30),
    ROW("memory", global_bytes, true, UINT64_C(1) << 48),
    ROW("alloc", max_alloc_bytes, true, UINT64_C(1) << 48),
    ROW("fp64", fp64, true, 1),
    ROW("fp16", fp16, true, 1),
    ROW("blas", blas, true, 1),
    ROW("units", compute_units, false, 1 << 16),
#undef ROW
};

static uint64_t get(const void *at, size_t size) {
    return size == sizeof(bool) ? *(const bool *)at : size == 4 ? *(const uint32_t *)at : *(const uint64_t *)at;
}

static void put(void *at, size_t size, uint64_t value) {
    if (size == sizeof(bool))
        *(bool *)at = value != 0;
    else if (size == 4)
        *(uint32_t *)at = (uint32_t)value;
    else
        *(uint64_t *)at = value;
}

static clade_status unknown(const char *item, size_t size, clade_error *err) {
    cld_text keys = { 0 };
    for (size_t k = 0; k < CLD_COUNT(rows); k++)
        cld_text_printf(&keys, ", %s=N", rows[k].key);
    clade_status status = cld_fail(err, CLADE_ERR_ARGUMENT, "there is no capability '%.*s'; there are cpu, gpu%s",
                                   (int)CLD_MIN(size, 40), item, keys.data ? keys.data : "");
    cld_text_free(&keys);
    return status;
}

/* `real`: of a device that there is. */
static clade_status set(cld_caps *caps, bool real, const char *item, size_t size, clade_error *err) {
    const size_t key = strcspn(item, "=,");
    for (size_t k = 0; k < CLD_COUNT(rows); k++) {
        char *at = (char *)caps + rows[k].offset, *end = NULL;
        if (strlen(rows[k].key) != key || strncmp(rows[k].key, item, key) != 0 || item[key] != '=')
            continue;
        const bool digit = item[key + 1] >= '0' && item[key + 1] <= '9';
        const uint64_t value = strtoull(item + key + 1, &end, 10);
        const bool limited = real && rows[k].at_most;
        const uint64_t most = limited ? get(at, rows[k].size) : rows[k].most;
        if (!digit || end != item + size || (value == 0 && rows[k].size != sizeof(bool)))
            return cld_fail(err, CLADE_ERR_ARGUMENT, "capability '%.*s' is no number of at least 1",
                            (int)CLD_MIN(size, 40), item);
        if (value > most)
            return cld_fail(err, CLADE_ERR_ARGUMENT, "capability '%.*s' is more than %s device's %llu",
                            (int)CLD_MIN(size, 40), item, limited ? "the" : "any", (unsigned long long)most);
        put(at, rows[k].size, value);
        return CLADE_OK;
    }
    return unknown(item, size, err);
}

clade_status cld_ocl_plan_as(cld_ocl *ocl, const char *as, clade_error *err) {
    cld_caps caps = ocl->caps;
    while (*as) {
        const size_t size = strcspn(as, ",");
        const bool cpu = size == 3 && strncmp(as, "cpu", 3) == 0, gpu = size == 3 && strncmp(as, "gpu", 3) == 0;
        if (cpu || gpu) {
            caps.is_cpu = cpu;
            caps.is_gpu = gpu;
            caps.float_lanes = gpu ? 1 : CLD_MAX(caps.float_lanes, 4u);
        } else {
            CLD_RETURN(set(&caps, ocl->context, as, size, err));
        }
        as += size + (as[size] == ',');
    }
    if (!caps.is_cpu && !caps.is_gpu)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "device 'none' is what it is stated to be: cpu or gpu first");
    for (int d = 0; d < 3; d++)
        caps.max_group_dim[d] = CLD_MIN(caps.max_group_dim[d], caps.max_group);
    ocl->caps = caps;
    return CLADE_OK;
}

/* What GPUs have at least, until something else is stated. */
clade_status cld_ocl_open_none(cld_ocl **out, clade_error *err) {
    cld_ocl *ocl = cld_calloc(1, sizeof *ocl);
    if (!ocl || !(ocl->lock = cld_lock_new())) {
        cld_free(ocl);
        return cld_no_memory(err, "the device");
    }
    cld_refs_init(&ocl->refs);
    ocl->info = (clade_device_info){ .name = "none", .platform_name = "none" };
    ocl->caps = (cld_caps){ .fp64 = true,
                            .fp16 = true,
                            .blas = true,
                            .rounds = true,
                            .compute_units = 32,
                            .float_lanes = 8,
                            .max_group = 256,
                            .max_group_dim = { SIZE_MAX, SIZE_MAX, SIZE_MAX },
                            .global_bytes = UINT64_C(8) << 30,
                            .max_alloc_bytes = UINT64_C(2) << 30,
                            .local_bytes = 32768,
                            .align_bytes = 128 };
    *out = ocl;
    return CLADE_OK;
}
