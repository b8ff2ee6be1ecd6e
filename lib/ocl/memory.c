/* SPDX-License-Identifier: Apache-2.0 */
/* Device buffers, and bytes into, out of and between them.
 *
 * Allocations are counted per device and refused beyond what it has: CPU drivers hand out address space the machine
 * does not back, and then the process is killed instead of told. Every span is checked against the buffer before the
 * driver sees it. Spans of no bytes do nothing. CPU devices read host memory in place, where it is aligned for them;
 * of other unified memory nothing is measured yet, and there drivers copy, or refuse pages that are read-only.
 */
#include "ocl/internal.h"

static clade_status device_full(const cld_ocl *ocl, size_t bytes, clade_error *err) {
    uint64_t used = __atomic_load_n(&ocl->allocated_bytes, __ATOMIC_RELAXED);
    return cld_fail(err, CLADE_ERR_DEVICE_MEMORY,
                    "device '%s' cannot allocate %zu bytes: it has %llu, %llu of them in use here, at most %llu in one "
                    "buffer",
                    ocl->info.name, bytes, (unsigned long long)ocl->caps.global_bytes, (unsigned long long)used,
                    (unsigned long long)ocl->caps.max_alloc_bytes);
}

static bool works_in_place(const cld_ocl *ocl, const void *host) {
    return host && ocl->info.kind == CLADE_DEVICE_CPU && ocl->info.unified_memory &&
           !(ocl->quirks & CLD_QUIRK_EMULATED) && (uintptr_t)host % ocl->caps.align_bytes == 0;
}

/* Over `host` where the driver takes it; else, or where it is NULL, of its own. */
static cl_int create(cld_mem *mem, const cld_ocl *ocl, size_t bytes, const void *host) {
    cl_int code = CL_INVALID_HOST_PTR;
    union {
        const void *given;
        void *taken; /* read all the same */
    } pointer = { host };
    if (host)
        mem->handle = clCreateBuffer(ocl->context, CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, bytes, pointer.taken, &code);
    mem->in_place = code == CL_SUCCESS;
    if (!mem->in_place)
        mem->handle = clCreateBuffer(ocl->context, CL_MEM_READ_WRITE, bytes, NULL, &code);
    return code;
}

clade_status cld_mem_new(cld_mem **out, cld_ocl *ocl, size_t bytes, clade_error *err) {
    return cld_mem_new_over(out, ocl, bytes, NULL, err);
}

clade_status cld_mem_new_over(cld_mem **out, cld_ocl *ocl, size_t bytes, const void *host, clade_error *err) {
    size_t asked = bytes ? bytes : ocl->caps.align_bytes;
    cl_int code = CL_MEM_OBJECT_ALLOCATION_FAILURE;
    CLD_RETURN(cld_cl_enter(err));
    if (!ocl->context)
        return cld_fail(err, CLADE_ERR_NO_DEVICE, "nothing runs on device 'none': it is for planning only");
    cld_mem *mem = cld_calloc(1, sizeof *mem);
    if (!mem)
        return cld_no_memory(err, "a buffer");
    uint64_t total = __atomic_add_fetch(&ocl->allocated_bytes, asked, __ATOMIC_RELAXED);
    if (asked <= ocl->caps.max_alloc_bytes && total <= ocl->caps.global_bytes)
        code = create(mem, ocl, asked, works_in_place(ocl, host) ? host : NULL);
    if (code != CL_SUCCESS) {
        __atomic_sub_fetch(&ocl->allocated_bytes, asked, __ATOMIC_RELAXED);
        cld_free(mem);
        return cld_cl_status(code) == CLADE_ERR_DEVICE_MEMORY
                   ? device_full(ocl, asked, err)
                   : cld_cl_fail(err, code, "device '%s' gives no buffer of %zu bytes", ocl->info.name, asked);
    }
    mem->bytes = asked;
    mem->serial = __atomic_add_fetch(&ocl->buffers, 1, __ATOMIC_RELAXED);
    mem->ocl = cld_ocl_retain(ocl);
    *out = mem;
    return CLADE_OK;
}

clade_status cld_mem_wrap(cld_mem **out, cld_ocl *ocl, void *cl_mem_object, clade_error *err) {
    cl_context context = NULL;
    cl_mem_object_type type = 0;
    size_t bytes = 0;
    CLD_RETURN(cld_cl_enter(err));
    cl_int code = cl_mem_object ? CL_SUCCESS : CL_INVALID_MEM_OBJECT;
    if (code == CL_SUCCESS)
        code = clGetMemObjectInfo(cl_mem_object, CL_MEM_CONTEXT, sizeof context, &context, NULL);
    if (code == CL_SUCCESS)
        code = clGetMemObjectInfo(cl_mem_object, CL_MEM_TYPE, sizeof type, &type, NULL);
    if (code == CL_SUCCESS)
        code = clGetMemObjectInfo(cl_mem_object, CL_MEM_SIZE, sizeof bytes, &bytes, NULL);
    if (code != CL_SUCCESS || type != CL_MEM_OBJECT_BUFFER)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "the caller's cl_mem is not a valid buffer");
    if (context != ocl->context)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "the caller's buffer belongs to another context than device '%s'",
                        ocl->info.name);
    cld_mem *mem = cld_calloc(1, sizeof *mem);
    if (!mem)
        return cld_no_memory(err, "a buffer");
    *mem = (cld_mem){ .handle = cl_mem_object,
                      .bytes = bytes,
                      .serial = __atomic_add_fetch(&ocl->buffers, 1, __ATOMIC_RELAXED) };
    clRetainMemObject(mem->handle);
    *out = mem;
    return CLADE_OK;
}

void cld_mem_free(cld_mem *mem) {
    if (!mem || cld_forked())
        return;
    clReleaseMemObject(mem->handle);
    if (mem->ocl)
        __atomic_sub_fetch(&mem->ocl->allocated_bytes, mem->bytes, __ATOMIC_RELAXED);
    cld_ocl_release(mem->ocl);
    cld_free(mem);
}

size_t cld_mem_bytes(const cld_mem *mem) { return mem->bytes; }
uint64_t cld_mem_serial(const cld_mem *mem) { return mem->serial; }
bool cld_mem_in_place(const cld_mem *mem) { return mem->in_place; }

/* Before each command. */
static clade_status check_span(const cld_mem *mem, size_t offset, size_t bytes, const char *verb, clade_error *err) {
    CLD_RETURN(cld_cl_enter(err));
    if (offset > mem->bytes || bytes > mem->bytes - offset)
        return cld_fail(err, CLADE_ERR_INTERNAL, "%s of %zu bytes at byte %zu leaves a buffer of %zu bytes", verb,
                        bytes, offset, mem->bytes);
    return CLADE_OK;
}

clade_status cld_mem_write(cld_queue *queue, cld_mem *mem, size_t offset, const void *data, size_t bytes, bool blocking,
                           clade_error *err) {
    CLD_RETURN(check_span(mem, offset, bytes, "a write", err));
    if (bytes == 0)
        return CLADE_OK;
    cl_int code = clEnqueueWriteBuffer(queue->handle, mem->handle, blocking, offset, bytes, data, 0, NULL, NULL);
    return code == CL_SUCCESS ? CLADE_OK : cld_cl_fail(err, code, "writing %zu bytes to the device", bytes);
}

static clade_status enqueue_read(cld_queue *queue, const cld_mem *mem, size_t offset, void *data, size_t bytes,
                                 bool blocking, clade_error *err) {
    CLD_RETURN(check_span(mem, offset, bytes, "a read", err));
    if (bytes == 0)
        return CLADE_OK;
    cl_int code = clEnqueueReadBuffer(queue->handle, mem->handle, blocking, offset, bytes, data, 0, NULL, NULL);
    return code == CL_SUCCESS ? CLADE_OK : cld_cl_fail(err, code, "reading %zu bytes from the device", bytes);
}

clade_status cld_mem_read(cld_queue *queue, const cld_mem *mem, size_t offset, void *data, size_t bytes,
                          clade_error *err) {
    if (bytes == 0 || queue->ocl->quirks & CLD_QUIRK_SPINS) /* blocking all the same, and politely */
        CLD_RETURN(cld_queue_finish(queue, err));
    return enqueue_read(queue, mem, offset, data, bytes, true, err);
}

clade_status cld_mem_fetch(cld_queue *queue, const cld_mem *mem, size_t offset, void *data, size_t bytes,
                           clade_error *err) {
    return enqueue_read(queue, mem, offset, data, bytes, false, err);
}

clade_status cld_mem_copy(cld_queue *queue, cld_mem *out, size_t out_offset, const cld_mem *in, size_t in_offset,
                          size_t bytes, const void *tag, clade_error *err) {
    CLD_RETURN(check_span(out, out_offset, bytes, "a copy", err));
    CLD_RETURN(check_span(in, in_offset, bytes, "a copy", err));
    if (bytes == 0)
        return CLADE_OK;
    cld_event event;
    cl_int code = clEnqueueCopyBuffer(queue->handle, in->handle, out->handle, in_offset, out_offset, bytes, 0, NULL,
                                      cld_queue_event(queue, &event, tag));
    if (code != CL_SUCCESS)
        return cld_cl_fail(err, code, "copying %zu bytes on the device", bytes);
    return cld_queue_note(queue, &event, err);
}

clade_status cld_mem_fill(cld_queue *queue, cld_mem *mem, size_t offset, const void *pattern, size_t pattern_bytes,
                          size_t bytes, const void *tag, clade_error *err) {
    CLD_RETURN(check_span(mem, offset, bytes, "a fill", err));
    if (bytes == 0)
        return CLADE_OK;
    cld_event event;
    cl_int code = clEnqueueFillBuffer(queue->handle, mem->handle, pattern, pattern_bytes, offset, bytes, 0, NULL,
                                      cld_queue_event(queue, &event, tag));
    if (code != CL_SUCCESS)
        return cld_cl_fail(err, code, "filling %zu bytes on the device", bytes);
    return cld_queue_note(queue, &event, err);
}
