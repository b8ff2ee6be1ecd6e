/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 3: the OpenCL and CLBlast boundary. The only folder that includes CL/ headers; included by exec and session
 * only.
 *
 * One cld_ocl per opened device: a context, the quirks that apply, the programs built so far (shared by all sessions).
 * In a process that was forked since the first OpenCL call, whatever needs the device is ERR_DEVICE, and what frees
 * leaves the driver's objects, which are the parent's.
 * Thread-safe unless said otherwise. Kernels, queues and memory objects belong to one thread at a time.
 */
#ifndef CLD_OCL_H
#define CLD_OCL_H

#include "clade/device.h"
#include "kern/kern.h"
#include "store/store.h"

typedef struct cld_ocl cld_ocl;
typedef struct cld_queue cld_queue;
typedef struct cld_mem cld_mem;
typedef struct cld_kernel cld_kernel; /* a cl_kernel of one step, with its arguments bound */
typedef struct cld_batch cld_batch;   /* programs under construction for one plan */

/* ---- list.c, device.c, select.c, caps.c, quirks.c, stated.c ----------------------------------------------------- */
clade_status cld_ocl_platform_count(size_t *out, clade_error *err);
clade_status cld_ocl_platform_describe(clade_platform_info *out, size_t index, clade_error *err);
const char *cld_ocl_driver_hint(size_t index); /* see clade_driver_hint */
clade_status cld_ocl_count(size_t *out, clade_error *err);
clade_status cld_ocl_describe(clade_device_info *out, size_t index, clade_error *err);
clade_status cld_ocl_open(cld_ocl **out, const char *select, cld_store *store,
                          clade_error *err); /* store: taken, may be NULL */
/* On a caller's context; `context` and `id` are cl_context and cl_device_id. */
clade_status cld_ocl_open_context(cld_ocl **out, void *context, void *id, cld_store *store, clade_error *err);
cld_ocl *cld_ocl_retain(cld_ocl *ocl);
void cld_ocl_release(cld_ocl *ocl);
void cld_ocl_info(const cld_ocl *ocl, clade_device_info *out);
const cld_caps *cld_ocl_caps(const cld_ocl *ocl);
/* No device: what is planned for it cannot run (ERR_NO_DEVICE). cld_ocl_plan_as must say what it is. */
clade_status cld_ocl_open_none(cld_ocl **out, clade_error *err);
/* Replaces capabilities by stated ones, as clade_device_options.as says. Before anything is planned. */
clade_status cld_ocl_plan_as(cld_ocl *ocl, const char *as, clade_error *err);

/* ---- queue.c -------------------------------------------------------------------------------------------------- */
clade_status cld_queue_new(cld_queue **out, cld_ocl *ocl, bool profile, clade_error *err);
clade_status cld_queue_wrap(cld_queue **out, cld_ocl *ocl, void *cl_queue,
                            clade_error *err); /* retained; must be in-order, same context */
void cld_queue_free(cld_queue *queue);
clade_status cld_queue_finish(cld_queue *queue, clade_error *err);
/* Profile: after a finish, the launches since the last clear, in order, with device times in nanoseconds. */
typedef struct cld_timing {
    const void *tag; /* what the enqueue was given */
    uint64_t queued_ns, start_ns, end_ns;
} cld_timing;
size_t cld_queue_timings(cld_queue *queue, const cld_timing **out); /* borrowed until the next enqueue */
void cld_queue_clear_timings(cld_queue *queue);

/* ---- memory.c ------------------------------------------------------------------------------------------------- */
/* bytes 0 is allocated as one alignment unit. ERR_DEVICE_MEMORY names the bytes asked for and what the device has. */
clade_status cld_mem_new(cld_mem **out, cld_ocl *ocl, size_t bytes, clade_error *err);
/* The same for what is only read: where the device can, in place over `host` (then cld_mem_in_place), which must stay,
 * unchanged, as long as the buffer and what was enqueued with it; else of its own, and to be written. NULL:
 * cld_mem_new.
 */
clade_status cld_mem_new_over(cld_mem **out, cld_ocl *ocl, size_t bytes, const void *host, clade_error *err);
bool cld_mem_in_place(const cld_mem *mem);
clade_status cld_mem_wrap(cld_mem **out, cld_ocl *ocl, void *cl_mem_object,
                          clade_error *err); /* retained; ERR_ARGUMENT: not of this context */
void cld_mem_free(cld_mem *mem);
size_t cld_mem_bytes(const cld_mem *mem);
uint64_t cld_mem_serial(const cld_mem *mem); /* of all buffers of the device ever made, no other's; never 0 */
clade_status cld_mem_write(cld_queue *queue, cld_mem *mem, size_t offset, const void *data, size_t bytes, bool blocking,
                           clade_error *err);
clade_status cld_mem_read(cld_queue *queue, const cld_mem *mem, size_t offset, void *data, size_t bytes,
                          clade_error *err); /* blocking */
/* Only enqueues: `data` is there, and must be, until the queue has been waited for. */
clade_status cld_mem_fetch(cld_queue *queue, const cld_mem *mem, size_t offset, void *data, size_t bytes,
                           clade_error *err);
clade_status cld_mem_copy(cld_queue *queue, cld_mem *out, size_t out_offset, const cld_mem *in, size_t in_offset,
                          size_t bytes, const void *tag, clade_error *err);
clade_status cld_mem_fill(cld_queue *queue, cld_mem *mem, size_t offset, const void *pattern, size_t pattern_bytes,
                          size_t bytes, const void *tag, clade_error *err);

/* ---- program.c ------------------------------------------------------------------------------------------------ */
/* Kernel instances of one plan are collected, then built as few programs: those the device has already are reused, the
 * rest become ONE program, loaded from the store's binary when its key (hash of source, options, device, vendor,
 * driver, platform version, format version) is there and valid, else compiled from source. */
clade_status cld_batch_new(cld_batch **out, cld_ocl *ocl, clade_error *err);
void cld_batch_free(cld_batch *batch);
/* Adds the instance a step names; gives a handle for cld_kernel_new. The same instance twice gives the same handle. */
clade_status cld_batch_add(cld_batch *batch, const cld_step *step, int32_t *handle, clade_error *err);
/* ERR_BUILD carries the node, and the log hook gets the driver's whole build log. */
clade_status cld_batch_build(cld_batch *batch, clade_progress_fn progress, void *user, clade_error *err);
/* After the kernels ran once: writes the binary of what this batch compiled from source to the store. A failure to do
 * so is none; ERR_CANCELLED: by `progress`. */
clade_status cld_batch_save(cld_batch *batch, clade_progress_fn progress, void *user, clade_error *err);
/* The text of what was added of one family, the `k`th to come, as a program of its own. The caller frees it, and not
 * the name. *out NULL: there are no more families. */
clade_status cld_batch_text(char **out, const char **family, const cld_batch *batch, int32_t k, clade_error *err);
typedef struct cld_program_stats {
    size_t cache_hits, builds;
} cld_program_stats;
void cld_batch_stats(const cld_batch *batch, cld_program_stats *out);

/* ---- kernel.c ------------------------------------------------------------------------------------------------- */
/* A private cl_kernel of that instance (the batch, or the device, keeps the program alive), for launches in groups of
 * `*group` work-items; 0: the driver chooses. ERR_UNSUPPORTED: that is more than the driver allows the kernel, and
 * `*group` is now what it allows. */
clade_status cld_kernel_new(cld_kernel **out, const cld_batch *batch, int32_t handle, size_t *group, clade_error *err);
void cld_kernel_free(cld_kernel *kernel);
clade_status cld_kernel_arg_mem(cld_kernel *kernel, uint32_t index, const cld_mem *mem,
                                clade_error *err); /* NULL mem: a dummy buffer */
clade_status cld_kernel_arg_bytes(cld_kernel *kernel, uint32_t index, const void *data, size_t bytes, clade_error *err);
clade_status cld_kernel_arg_local(cld_kernel *kernel, uint32_t index, size_t bytes, clade_error *err);
clade_status cld_kernel_enqueue(cld_kernel *kernel, cld_queue *queue, uint32_t work_dim, const size_t *global,
                                const size_t *local, const void *tag,
                                clade_error *err); /* local NULL: the driver chooses */

/* ---- blas.c: the only file that includes clblast_c.h ---------------------------------------------------------- */
clade_status cld_blas_gemm(cld_queue *queue, const cld_gemm_args *args, const cld_mem *a, size_t a_offset,
                           const cld_mem *b, size_t b_offset, cld_mem *c, size_t c_offset, const void *tag,
                           clade_error *err); /* offsets in elements */
clade_status cld_blas_convgemm(cld_queue *queue, const cld_convgemm_args *args, const cld_mem *image,
                               size_t image_offset, const cld_mem *filter, size_t filter_offset, cld_mem *out,
                               size_t out_offset, const void *tag, clade_error *err);

#endif
