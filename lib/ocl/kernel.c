/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels: one cl_kernel per step, its arguments bound once and kept by the driver from launch to launch. */
#include "ocl/internal.h"

#include <stdio.h>

/* A driver may allow a kernel less than the device, once it knows the registers it takes. */
static clade_status check_group(const cld_kernel *kernel, const cld_instance *instance, size_t *group,
                                clade_error *err) {
    const cld_ocl *ocl = instance->ocl;
    size_t most = 0, wanted = *group;
    cl_int code =
        clGetKernelWorkGroupInfo(kernel->handle, ocl->device, CL_KERNEL_WORK_GROUP_SIZE, sizeof most, &most, NULL);
    if (code != CL_SUCCESS)
        return cld_cl_fail(err, code, "kernel '%s' does not state its limits", kernel->name);
    if (wanted <= most)
        return CLADE_OK;
    *group = most;
    return cld_fail(err, CLADE_ERR_UNSUPPORTED,
                    "kernel '%s' is planned in groups of %zu, device '%s' runs it in at most %zu", kernel->name, wanted,
                    ocl->info.name, most);
}

clade_status cld_kernel_new(cld_kernel **out, const cld_batch *batch, int32_t handle, size_t *group, clade_error *err) {
    cld_instance instance;
    cl_int code;
    char symbol[128];
    CLD_RETURN(cld_batch_find(batch, handle, &instance, err));
    cld_kernel *kernel = cld_calloc(1, sizeof *kernel);
    if (!kernel)
        return cld_no_memory(err, "a kernel");
    kernel->dummy = instance.ocl->dummy;
    snprintf(kernel->name, sizeof kernel->name, "%s:%s", instance.family, instance.entry);
    snprintf(symbol, sizeof symbol, "%s_%s", instance.entry, instance.suffix);
    kernel->handle = clCreateKernel(instance.program, symbol, &code);
    if (code != CL_SUCCESS) {
        clade_status status = cld_cl_fail(err, code, "kernel '%s' cannot be made", kernel->name);
        cld_free(kernel);
        return status;
    }
    clade_status status = *group > 1 ? check_group(kernel, &instance, group, err) : CLADE_OK;
    if (status == CLADE_OK)
        *out = kernel;
    else
        cld_kernel_free(kernel);
    return status;
}

void cld_kernel_free(cld_kernel *kernel) {
    if (!kernel || cld_forked())
        return;
    clReleaseKernel(kernel->handle);
    cld_free(kernel);
}

static clade_status set_arg(cld_kernel *kernel, uint32_t index, const void *data, size_t bytes, clade_error *err) {
    cl_int code = clSetKernelArg(kernel->handle, index, bytes, data);
    return code == CL_SUCCESS
               ? CLADE_OK
               : cld_cl_fail(err, code, "kernel '%s', argument %u of %zu bytes", kernel->name, index, bytes);
}

clade_status cld_kernel_arg_mem(cld_kernel *kernel, uint32_t index, const cld_mem *mem, clade_error *err) {
    return set_arg(kernel, index, mem ? &mem->handle : &kernel->dummy, sizeof(cl_mem), err);
}

clade_status cld_kernel_arg_bytes(cld_kernel *kernel, uint32_t index, const void *data, size_t bytes,
                                  clade_error *err) {
    return set_arg(kernel, index, data, bytes, err);
}

clade_status cld_kernel_arg_local(cld_kernel *kernel, uint32_t index, size_t bytes, clade_error *err) {
    return set_arg(kernel, index, NULL, bytes, err);
}

clade_status cld_kernel_enqueue(cld_kernel *kernel, cld_queue *queue, uint32_t work_dim, const size_t *global,
                                const size_t *local, const void *tag, clade_error *err) {
    cld_event event;
    CLD_RETURN(cld_cl_enter(err));
    for (uint32_t d = 0; d < work_dim; d++)
        if (global[d] == 0) /* an empty tensor: nothing to do, and drivers refuse it */
            return CLADE_OK;
    cl_int code = clEnqueueNDRangeKernel(queue->handle, kernel->handle, work_dim, NULL, global, local, 0, NULL,
                                         cld_queue_event(queue, &event, tag));
    if (code != CL_SUCCESS)
        return cld_cl_fail(err, code, "kernel '%s' cannot be launched", kernel->name);
    return cld_queue_note(queue, &event, err);
}
