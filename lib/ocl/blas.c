/* SPDX-License-Identifier: Apache-2.0 */
/* CLBlast: GEMM, plain and strided-batched, and Convgemm.
 *
 * CLBlast fills process-wide tables on its first calls without a lock, so every call goes through the process's. A call
 * may be several launches of which CLBlast gives the last one's event; a marker before them gives the profile the whole
 * span. float16 accumulates in float16 here.
 *
 * Its parameters are the process's, for a device, a precision and a kernel of its own, and cannot be asked for; setting
 * them takes a millisecond, so what was set last is kept here. Programs it caches by their values.
 */
#include "ocl/internal.h"

#include <clblast_c.h>

static clade_status begin(cld_queue *queue, cld_event *event, const void *tag, clade_error *err) {
    CLD_RETURN(cld_cl_enter(err));
    if (!cld_queue_event(queue, event, tag))
        return CLADE_OK;
    cl_int code = clEnqueueMarkerWithWaitList(queue->handle, 0, NULL, &event->begin);
    return code == CL_SUCCESS ? CLADE_OK : cld_cl_fail(err, code, "a marker for the profile");
}

/* Ends every call: keeps the events, or says what CLBlast found wrong. */
static clade_status end(cld_queue *queue, cld_event *event, CLBlastStatusCode code, const char *routine,
                        clade_error *err) {
    if (code == CLBlastSuccess)
        return cld_queue_note(queue, event, err);
    if (event->begin)
        clReleaseEvent(event->begin);
    if (code >= CLBlastInvalidGlobalWorkSize) /* OpenCL's own codes end there; it passes them through */
        return cld_cl_fail(err, (cl_int)code, "CLBlast %s", routine);
    static const struct {
        CLBlastStatusCode code;
        const char *text;
        clade_status status;
    } known[] = {
        { CLBlastInvalidDimension, "a dimension is zero", CLADE_ERR_INTERNAL },
        { CLBlastInvalidLeadDimA, "leading dimension of A too small", CLADE_ERR_INTERNAL },
        { CLBlastInvalidLeadDimB, "leading dimension of B too small", CLADE_ERR_INTERNAL },
        { CLBlastInvalidLeadDimC, "leading dimension of C too small", CLADE_ERR_INTERNAL },
        { CLBlastInsufficientMemoryA, "buffer of A too small", CLADE_ERR_INTERNAL },
        { CLBlastInsufficientMemoryB, "buffer of B too small", CLADE_ERR_INTERNAL },
        { CLBlastInsufficientMemoryC, "buffer of C too small", CLADE_ERR_INTERNAL },
        { CLBlastInvalidBatchCount, "no batch", CLADE_ERR_INTERNAL },
        { CLBlastInvalidLocalMemUsage, "not enough local memory", CLADE_ERR_DEVICE },
        { CLBlastNoHalfPrecision, "the device has no float16", CLADE_ERR_UNSUPPORTED },
        { CLBlastNoDoublePrecision, "the device has no float64", CLADE_ERR_UNSUPPORTED },
        { CLBlastMissingOverrideParameter, "a parameter is missing", CLADE_ERR_INTERNAL },
    };
    for (size_t i = 0; i < CLD_COUNT(known); i++)
        if (known[i].code == code)
            return cld_fail(err, known[i].status, "CLBlast %s: %s", routine, known[i].text);
    return cld_fail(err, CLADE_ERR_DEVICE, "CLBlast %s: code %d", routine, (int)code);
}

/* ---- parameters, with the lock of the process held ----------------------------------------------------------------
 */

enum { MOST_SET = 32 };
static struct in_force {
    cl_device_id device;
    CLBlastPrecision precision;
    cld_blas_set set;
} in_force[MOST_SET]; /* the last of each device, precision and kernel; kernel NULL: free */

static struct in_force *find_in_force(cl_device_id device, CLBlastPrecision precision, const char *kernel) {
    for (size_t k = 0; k < MOST_SET; k++) {
        struct in_force *at = &in_force[k];
        if (!at->set.kernel ||
            (at->device == device && at->precision == precision && strcmp(at->set.kernel, kernel) == 0))
            return at;
    }
    return &in_force[0]; /* a process with more devices than that sets some again and again */
}

static bool same_values(const cld_blas_set *a, const cld_blas_set *b) {
    return a->n == b->n && memcmp(a->value, b->value, (size_t)a->n * sizeof *a->value) == 0;
}

static CLBlastStatusCode put_in_force(cl_device_id device, CLBlastPrecision precision, const cld_blas_set *set) {
    struct in_force *at = find_in_force(device, precision, set->kernel);
    if (at->set.kernel && at->device == device && at->precision == precision &&
        strcmp(at->set.kernel, set->kernel) == 0 && same_values(&at->set, set))
        return CLBlastSuccess;
    const char *names[CLD_BLAS_PARAMS];
    memcpy(names, set->name, sizeof names);
    *at = (struct in_force){ device, precision, { .kernel = NULL } };
    CLBlastStatusCode code =
        CLBlastOverrideParameters(device, set->kernel, precision, (size_t)set->n, names, set->value);
    if (code == CLBlastSuccess)
        at->set = *set;
    return code;
}

/* GEMM goes its packed way from this size on, cubed. */
static CLBlastStatusCode choose_way(cl_device_id device, CLBlastPrecision precision, cld_blas_way way) {
    const size_t always = 1, never = (size_t)1 << 20;
    const cld_blas_set routine = { .kernel = "GemmRoutine",
                                   .n = 1,
                                   .name = { "XGEMM_MIN_INDIRECT_SIZE" },
                                   .value = { way == CLD_BLAS_PACKED ? always : never } };
    return way == CLD_BLAS_ONLY ? CLBlastSuccess : put_in_force(device, precision, &routine);
}

static CLBlastStatusCode use_set(const cld_queue *queue, clade_dtype dtype, const cld_blas_set *set) {
    const CLBlastPrecision precision = dtype == CLADE_FLOAT32   ? CLBlastPrecisionSingle
                                       : dtype == CLADE_FLOAT64 ? CLBlastPrecisionDouble
                                                                : CLBlastPrecisionHalf;
    if (!set)
        return CLBlastSuccess;
    CLBlastStatusCode code = choose_way(queue->ocl->device, precision, set->way);
    return code == CLBlastSuccess ? put_in_force(queue->ocl->device, precision, set) : code;
}

/* ---- calls ---------------------------------------------------------------------------------------------------------
 */

static bool precision_supported(const cld_queue *queue, clade_dtype dtype) {
    const cld_caps *caps = &queue->ocl->caps;
    return dtype == CLADE_FLOAT32 || (dtype == CLADE_FLOAT64 && caps->fp64) || (dtype == CLADE_FLOAT16 && caps->fp16);
}

static clade_status unsupported(const char *routine, clade_dtype dtype, clade_error *err) {
    return cld_fail(err, CLADE_ERR_UNSUPPORTED, "CLBlast %s does not run %s on this device", routine,
                    clade_dtype_name(dtype));
}

clade_status cld_blas_gemm(cld_queue *queue, const cld_gemm_args *g, const cld_mem *a, size_t a_offset,
                           const cld_mem *b, size_t b_offset, cld_mem *c, size_t c_offset, const void *tag,
                           clade_error *err) {
    CLBlastTranspose ta = g->trans_a ? CLBlastTransposeYes : CLBlastTransposeNo;
    CLBlastTranspose tb = g->trans_b ? CLBlastTransposeYes : CLBlastTransposeNo;
    CLBlastStatusCode code = CLBlastSuccess;
    cld_event event;
    if (!precision_supported(queue, g->dtype))
        return unsupported("GEMM", g->dtype, err);
    if (g->m == 0 || g->n == 0 || g->batch == 0)
        return CLADE_OK;
    CLD_RETURN(begin(queue, &event, tag, err));
    cl_event *done = queue->profile ? &event.end : NULL;
#define SHAPE CLBlastLayoutRowMajor, ta, tb, (size_t)g->m, (size_t)g->n, (size_t)g->k
#define GEMM(prefix, alpha, beta)                                                                                      \
    (g->batch == 1                                                                                                     \
         ? CLBlast##prefix##gemm(SHAPE, alpha, a->handle, a_offset, (size_t)g->lda, b->handle, b_offset,               \
                                 (size_t)g->ldb, beta, c->handle, c_offset, (size_t)g->ldc, &queue->handle, done)      \
         : CLBlast##prefix##gemmStridedBatched(SHAPE, alpha, a->handle, a_offset, (size_t)g->lda, (size_t)g->stride_a, \
                                               b->handle, b_offset, (size_t)g->ldb, (size_t)g->stride_b, beta,         \
                                               c->handle, c_offset, (size_t)g->ldc, (size_t)g->stride_c,               \
                                               (size_t)g->batch, &queue->handle, done))
    cld_lock_take(cld_lock_process());
    queue->ocl->used_blas = true;
    code = use_set(queue, g->dtype, g->set);
    if (code == CLBlastSuccess)
        code = g->dtype == CLADE_FLOAT32 ? GEMM(S, (float)g->alpha, (float)g->beta)
               : g->dtype == CLADE_FLOAT64
                   ? GEMM(D, g->alpha, g->beta)
                   : GEMM(H, cld_float_to_half((float)g->alpha), cld_float_to_half((float)g->beta));
    cld_lock_drop(cld_lock_process());
#undef GEMM
#undef SHAPE
    return end(queue, &event, code, "GEMM", err);
}

clade_status cld_blas_convgemm(cld_queue *queue, const cld_convgemm_args *s, const cld_mem *image, size_t image_offset,
                               const cld_mem *filter, size_t filter_offset, cld_mem *out, size_t out_offset,
                               const void *tag, clade_error *err) {
    static const struct {
        clade_dtype dtype;
        CLBlastStatusCode (*run)(const CLBlastKernelMode, const size_t, const size_t, const size_t, const size_t,
                                 const size_t, const size_t, const size_t, const size_t, const size_t, const size_t,
                                 const size_t, const size_t, const size_t, const cl_mem, const size_t, const cl_mem,
                                 const size_t, cl_mem, const size_t, cl_command_queue *, cl_event *);
    } routines[] = { { CLADE_FLOAT32, CLBlastSconvgemm },
                     { CLADE_FLOAT64, CLBlastDconvgemm },
                     { CLADE_FLOAT16, CLBlastHconvgemm } };
    size_t r = 0;
    cld_event event;
    while (r < CLD_COUNT(routines) && routines[r].dtype != s->dtype)
        r++;
    if (!precision_supported(queue, s->dtype))
        return unsupported("Convgemm", s->dtype, err);
    CLD_RETURN(begin(queue, &event, tag, err));
    cld_lock_take(cld_lock_process());
    queue->ocl->used_blas = true;
    CLBlastStatusCode code = use_set(queue, s->dtype, s->set);
    if (code == CLBlastSuccess)
        code =
            routines[r].run(CLBlastKernelModeCrossCorrelation, (size_t)s->channels, (size_t)s->height, (size_t)s->width,
                            (size_t)s->kernel_h, (size_t)s->kernel_w, (size_t)s->pad_h, (size_t)s->pad_w,
                            (size_t)s->stride_h, (size_t)s->stride_w, (size_t)s->dilation_h, (size_t)s->dilation_w,
                            (size_t)s->filters, (size_t)s->batch, image->handle, image_offset, filter->handle,
                            filter_offset, out->handle, out_offset, &queue->handle, queue->profile ? &event.end : NULL);
    cld_lock_drop(cld_lock_process());
    return end(queue, &event, code, "Convgemm", err);
}

/* CLBlast keeps a context and its programs for good; it can only forget all of them, those of other devices too, which
 * then cost a compilation. */
void cld_blas_forget(const cld_ocl *ocl) {
    if (!ocl->used_blas)
        return;
    cld_lock_take(cld_lock_process());
    (void)CLBlastClearCache();
    cld_lock_drop(cld_lock_process());
}
