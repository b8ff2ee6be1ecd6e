/* SPDX-License-Identifier: Apache-2.0 */
#include "ocl/fixture.h"

#include <stdio.h>
#include <stdlib.h>

static void keep_log(void *user, clade_log_level level, const char *line) {
    ocl_rig *rig = user;
    rig->warnings += level == CLADE_LOG_WARNING;
    size_t used = strlen(rig->log);
    snprintf(rig->log + used, sizeof rig->log - used, "%s\n", line);
}

void ocl_open(ocl_rig *rig, const char *directory, bool profile) {
    char kernels[4096];
    const char *source = getenv("CLADE_SOURCE_DIR");
    snprintf(kernels, sizeof kernels, "%s/tests/ocl/kernels", source ? source : ".");
    setenv("CLADE_CL_DIR", kernels, 1);
    *rig = (ocl_rig){ .steps = { .arena = cld_arena_new(), .node = "the node" } };
    clade_log_set(keep_log, rig);
    ck_ok(cld_ocl_open(&rig->ocl, NULL, cld_store_open(directory), &rig->err), rig->err);
    ck_ok(cld_queue_new(&rig->queue, rig->ocl, profile, &rig->err), rig->err);
}

void ocl_close(ocl_rig *rig) {
    cld_queue_free(rig->queue);
    cld_ocl_release(rig->ocl);
    cld_arena_free(rig->steps.arena);
    clade_log_set(NULL, NULL);
}

const char *ocl_fresh_directory(const char *name) {
    static char path[4096];
    char command[5000];
    snprintf(path, sizeof path, "%s", test_scratch(name));
    snprintf(command, sizeof command, "rm -rf '%s'", path);
    ck_assert_int_eq(system(command), 0);
    return path;
}

int32_t ocl_add_scale(ocl_rig *rig, cld_batch *batch, const char *entry, clade_dtype dtype, int factor) {
    int32_t handle;
    cld_step *step = cld_step_kernel(&rig->steps, "scale", entry);
    cld_step_define_dtype(&rig->steps, step, "T", dtype);
    if (factor != 2) /* the default of the file */
        cld_step_define(&rig->steps, step, "FACTOR", "%d", factor);
    ck_ok(cld_batch_add(batch, step, &handle, &rig->err), rig->err);
    return handle;
}

cld_kernel *ocl_scale_kernel(ocl_rig *rig, cld_batch *batch, int32_t handle, cld_mem *y, cld_mem *x, int count) {
    cld_kernel *kernel;
    uint64_t offset = 0;
    int32_t n = count;
    ck_ok(cld_kernel_new(&kernel, batch, handle, &(size_t){ 0 }, &rig->err), rig->err);
    ck_ok(cld_kernel_arg_mem(kernel, 0, y, &rig->err), rig->err);
    ck_ok(cld_kernel_arg_bytes(kernel, 1, &offset, sizeof offset, &rig->err), rig->err);
    ck_ok(cld_kernel_arg_mem(kernel, 2, x, &rig->err), rig->err);
    ck_ok(cld_kernel_arg_bytes(kernel, 3, &offset, sizeof offset, &rig->err), rig->err);
    ck_ok(cld_kernel_arg_bytes(kernel, 4, &n, sizeof n, &rig->err), rig->err);
    return kernel;
}

bool ocl_scales_by(ocl_rig *rig, cld_batch *batch, int32_t handle, float factor) {
    enum { N = 100 };
    float in[N], out[N];
    cld_mem *x, *y;
    bool right = true;
    for (int i = 0; i < N; i++)
        in[i] = (float)(i - 30);
    ck_ok(cld_mem_new(&x, rig->ocl, sizeof in, &rig->err), rig->err);
    ck_ok(cld_mem_new(&y, rig->ocl, sizeof out, &rig->err), rig->err);
    cld_kernel *kernel = ocl_scale_kernel(rig, batch, handle, y, x, N);
    ck_ok(cld_mem_write(rig->queue, x, 0, in, sizeof in, true, &rig->err), rig->err);
    ck_ok(cld_kernel_enqueue(kernel, rig->queue, 1, (size_t[]){ 128 }, (size_t[]){ 16 }, NULL, &rig->err), rig->err);
    ck_ok(cld_mem_read(rig->queue, y, 0, out, sizeof out, &rig->err), rig->err);
    for (int i = 0; i < N; i++)
        right = right && out[i] == factor * in[i];
    cld_kernel_free(kernel);
    cld_mem_free(x);
    cld_mem_free(y);
    return right;
}
