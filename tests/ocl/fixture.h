/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the OpenCL boundary share: an open device, a queue, and the kernels of tests/ocl/kernels. */
#ifndef CLADE_TEST_OCL_FIXTURE_H
#define CLADE_TEST_OCL_FIXTURE_H

#include "ocl/ocl.h"
#include "test.h"

typedef struct ocl_rig {
    cld_ocl *ocl;
    cld_queue *queue;
    cld_steps steps;
    clade_error err;
    int warnings; /* logged since ocl_open */
    char log[4000];
} ocl_rig;

/* Opens the device the environment selects, with the cache in `directory` ("": none). */
void ocl_open(ocl_rig *rig, const char *directory, bool profile);
void ocl_close(ocl_rig *rig);
/* An empty directory for a cache; static memory. */
const char *ocl_fresh_directory(const char *name);

/* An instance of scale.cl in a batch; its handle. */
int32_t ocl_add_scale(ocl_rig *rig, cld_batch *batch, const char *entry, clade_dtype dtype, int factor);
/* A kernel with x and y bound, ready to be launched on `count` elements. */
cld_kernel *ocl_scale_kernel(ocl_rig *rig, cld_batch *batch, int32_t handle, cld_mem *y, cld_mem *x, int count);
/* Runs the instance on a few float32 numbers: true when every one comes back multiplied by `factor`. */
bool ocl_scales_by(ocl_rig *rig, cld_batch *batch, int32_t handle, float factor);

#endif
