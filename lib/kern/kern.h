/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 2: what a plan is made of, as plain host data: device capabilities, the embedded kernel sources, step records.
 *
 * A *step* is one launch: a kernel instance (family file + defines + entry), its arguments and its launch shape; or a
 * CLBlast call, a copy, a fill. Operators write steps (`emit`); the planner places the buffers; exec binds and
 * enqueues.
 */
#ifndef CLD_KERN_H
#define CLD_KERN_H

#include "tensor/tensor.h"

/* ---- capabilities --------------------------------------------------------------------------------------------- */

/* What a device can do. Filled by ocl (queries + quirk table); nobody asks for a vendor. */
typedef struct cld_caps {
    bool is_cpu, is_gpu, unified_memory;
    bool fp64, fp16; /* arithmetic, not storage: half is always stored and computed in float */
    bool blas;       /* CLBlast may be used */
    bool rounds;     /* division and square root of float32 can be rounded correctly, and so are */
    uint32_t compute_units;
    uint32_t float_lanes; /* native float vector width on CPUs: 16 for AVX-512, 8 for AVX2, 4; 1 on GPUs */
    size_t max_group;     /* work-items in a group */
    size_t max_group_dim[3];
    uint64_t global_bytes, max_alloc_bytes, local_bytes;
    uint32_t align_bytes; /* buffer offsets in an arena are multiples of this */
} cld_caps;

/* What an allocation of `bytes` takes: the planner counts with it, the executor allocates with it. */
static inline size_t cld_caps_round(const cld_caps *caps, size_t bytes) {
    size_t align = CLD_MAX(caps->align_bytes, 64);
    return bytes ? (bytes + align - 1) / align * align : align;
}

/* ---- source.c: the catalogue of cl/ --------------------------------------------------------------------------- */

/* The text of cl/<family>.cl or of a header: embedded at build time, or read from CLADE_CL_DIR in a build that does so.
 * *out NULL: no such family; else static or owned by the catalogue, and the same from then on. Thread-safe. */
clade_status cld_kern_source(const char **out, const char *family, clade_error *err);
/* The headers, cl/<name>.clh: what stands before the families of a program, in this order. */
enum { CLD_KERN_HEADERS = 2 };
extern const char *const cld_kern_headers[CLD_KERN_HEADERS];

/* ---- step.c --------------------------------------------------------------------------------------------------- */

/* A buffer of the plan. Every value that is not an alias has one; scratch buffers live for one node. */
typedef struct cld_buf {
    int32_t i; /* < 0: absent (an optional input); passed to a kernel as a dummy buffer */
} cld_buf;

typedef enum cld_arg_kind {
    CLD_ARG_BUF,
    CLD_ARG_INT,
    CLD_ARG_LONG,
    CLD_ARG_FLOAT,
    CLD_ARG_DOUBLE,
    CLD_ARG_LOCAL,
    CLD_ARG_FAULT
} cld_arg_kind;
typedef enum cld_access { CLD_READ = 1, CLD_WRITE = 2, CLD_READ_WRITE = 3 } cld_access;

typedef struct cld_arg {
    cld_arg_kind kind;
    union {
        struct {
            cld_buf buf;
            cld_access access;
            size_t elem_bytes; /* divides the placement into an element offset */
            int64_t offset;    /* further elements */
        } buf;
        int64_t i;
        double f;
        size_t local_bytes;
        const char *fault; /* what is checked, for the message: "index"; NULL: nothing is */
    } u;
} cld_arg;

/* What the device notes of an index that is out of range: the first one of a run (cl/common.clh, CLADE_FAULT). */
typedef struct cld_fault {
    int32_t step;      /* the number the step was bound with; 0: all were in range */
    int32_t low, high; /* words of the index */
    int32_t size;      /* entries there are */
} cld_fault;
#define CLD_FAULT_FORMAT "%s %lld is out of range for an axis of %lld entries" /* what it is, index, entries */

typedef struct cld_define {
    const char *name, *text;
} cld_define;

typedef enum cld_step_kind {
    CLD_STEP_KERNEL,
    CLD_STEP_GEMM,
    CLD_STEP_CONVGEMM,
    CLD_STEP_COPY,
    CLD_STEP_FILL
} cld_step_kind;

/* C = alpha * op(A) op(B) + beta * C, row-major, `batch` times with strides in elements. CLBlast's own contract. */
/* Parameters of a kernel of CLBlast, and which of the two ways of its GEMM takes it. */
typedef enum cld_blas_way { CLD_BLAS_ONLY, CLD_BLAS_PACKED, CLD_BLAS_DIRECT } cld_blas_way;
enum { CLD_BLAS_PARAMS = 16 };
typedef struct cld_blas_set {
    const char *kernel; /* "Xgemm"; static, like the names */
    cld_blas_way way;
    int32_t n;
    const char *name[CLD_BLAS_PARAMS];
    size_t value[CLD_BLAS_PARAMS];
} cld_blas_set;

typedef struct cld_gemm_args {
    clade_dtype dtype; /* FLOAT32, FLOAT64, FLOAT16 */
    bool trans_a, trans_b;
    int64_t m, n, k, lda, ldb, ldc, batch, stride_a, stride_b, stride_c;
    double alpha, beta;
    const cld_blas_set *set; /* NULL: whatever is in force */
} cld_gemm_args;

/* CLBlast Convgemm: NCHW image, OIHW filter, cross-correlation; args are image, filter, out. */
typedef struct cld_convgemm_args {
    clade_dtype dtype;
    int64_t channels, height, width, kernel_h, kernel_w, pad_h, pad_w, stride_h, stride_w, dilation_h, dilation_w,
        filters, batch;
    const cld_blas_set *set; /* NULL: whatever is in force */
} cld_convgemm_args;

typedef struct cld_step {
    cld_step_kind kind;
    bool once;            /* depends on constants only: run at prepare time, its results are kept */
    const char *node;     /* name of the node it serves, for profiles and errors */
    const char *impl;     /* name of the row that wrote it, with its parameters */
    const char *problem;  /* that it solves; NULL: not said */
    const char *measured; /* the row was chosen by measurement, and how; static; NULL: it was not */
    /* kernel */
    const char *family, *entry; /* cl/<family>.cl, KERNEL(entry) in it */
    cld_define *defines;
    int32_t n_defines, cap_defines;
    uint32_t work_dim;
    size_t global[3], local[3]; /* local[0] == 0: the driver chooses */
    /* every kind: its buffers, and a kernel's scalars. GEMM: A, B, C. CONVGEMM: image, filter, out. COPY: out, in.
     * FILL: out */
    cld_arg *args;
    int32_t n_args, cap_args;
    union {
        cld_gemm_args gemm;
        cld_convgemm_args conv;
        size_t copy_bytes;
        struct {
            uint8_t pattern[8];
            size_t pattern_bytes, bytes;
        } fill;
    } u;
    double flops, bytes; /* estimates, for reports; 0: not said */
} cld_step;

/* A buffer's declaration. The planner fills kind and placement. */
typedef struct cld_scratch {
    size_t bytes;
    bool once;       /* written by `once` steps: kept from prepare time on */
    const char *key; /* once: names the packing ("gemm_panels:B:8x32"), so that plans of one session share the result */
    int32_t source;  /* once: the buffer (a constant) it is made from */
} cld_scratch;

typedef struct cld_steps {
    cld_arena *arena;
    cld_step *steps;
    int32_t n_steps, cap_steps;
    cld_scratch *scratch; /* buffer ids [first_scratch, first_scratch + n_scratch) */
    int32_t first_scratch, n_scratch, cap_scratch;
    const char *node, *impl, *problem; /* stamped on every step */
    const char *measured;
    bool unchecked; /* no step checks its indices */
    bool failed;    /* memory ran out; checked once, by the planner */
    cld_step spare; /* handed out once memory has run out */
    cld_blas_set spare_set;
} cld_steps;

/* Writers. They never fail visibly: on exhausted memory they set `failed` and return a step that may be written to.
 * A step is valid until the next one is begun: finish one before beginning another. Texts are copied. */
cld_step *cld_step_kernel(cld_steps *steps, const char *family, const char *entry);
cld_step *cld_step_gemm(cld_steps *steps, const cld_gemm_args *args, cld_buf a, int64_t a_offset, cld_buf b,
                        int64_t b_offset, cld_buf c, int64_t c_offset);
cld_step *cld_step_convgemm(cld_steps *steps, const cld_convgemm_args *args, cld_buf image, cld_buf filter,
                            cld_buf out);
/* An empty set for either, in the steps' arena. */
cld_blas_set *cld_step_blas_set(cld_steps *steps, const char *kernel, cld_blas_way way);
cld_step *cld_step_copy(cld_steps *steps, cld_buf out, size_t out_offset_bytes, cld_buf in, size_t in_offset_bytes,
                        size_t bytes);
cld_step *cld_step_fill(cld_steps *steps, cld_buf out, const void *pattern, size_t pattern_bytes, size_t bytes);

void cld_step_define(cld_steps *steps, cld_step *step, const char *name, const char *format, ...) CLADE_PRINTF(4, 5);
/* #define <name> = the OpenCL compute type of dtype, and <name>_STORE, _RING, LOAD/STORE macros: see cl/common.clh. */
void cld_step_define_dtype(cld_steps *steps, cld_step *step, const char *name, clade_dtype dtype);
/* Arguments in the order of the kernel's parameters. A buffer takes two: `__global X *p, ulong p_off` (elements). */
void cld_step_out(cld_steps *steps, cld_step *step, cld_buf buf, clade_dtype dtype);
void cld_step_in(cld_steps *steps, cld_step *step, cld_buf buf, clade_dtype dtype);
void cld_step_buf(cld_steps *steps, cld_step *step, cld_buf buf, clade_dtype dtype, cld_access access, int64_t offset);
void cld_step_int(cld_steps *steps, cld_step *step, int32_t value);
void cld_step_ints(cld_steps *steps, cld_step *step, int32_t count, const int64_t *values); /* each below 2^31 */
void cld_step_long(cld_steps *steps, cld_step *step, int64_t value);
void cld_step_float(cld_steps *steps, cld_step *step, float value);
void cld_step_double(cld_steps *steps, cld_step *step, double value);
void cld_step_real(cld_steps *steps, cld_step *step, clade_dtype dtype, double value); /* of a float type's T */
void cld_step_local(cld_steps *steps, cld_step *step, size_t bytes);
/* The two parameters CLADE_FAULT of a kernel that takes indices out of the model's data. `what`, static, they are;
 * NULL: this launch takes none. */
void cld_step_fault(cld_steps *steps, cld_step *step, const char *what);
/* What the step checks; NULL: nothing. */
const char *cld_step_checks(const cld_step *step);
/* Launch shape. global is rounded up to a multiple of local: kernels guard. local 0 leaves the choice to the driver.
 * With a global size of 0 the step has nothing to do, and exec skips it. */
void cld_step_size(cld_step *step, size_t global0, size_t global1, size_t global2, size_t local0, size_t local1,
                   size_t local2);

/* A scratch buffer of the node being emitted. */
cld_buf cld_step_scratch(cld_steps *steps, size_t bytes);
/* A scratch buffer made once from constant `source`, or from one that was itself made so: steps that write it must be
 * marked `once`. */
cld_buf cld_step_packed(cld_steps *steps, size_t bytes, cld_buf source, const char *key);

/* ---- type names ----------------------------------------------------------------------------------------------- */
const char *cld_kern_type(clade_dtype dtype); /* compute type in OpenCL C: "float" for FLOAT16, "uchar" for BOOL, ... */
const char *cld_kern_storage(clade_dtype dtype); /* storage type: "half" for FLOAT16 */
/* The type that sums, differences, products and shifts are made in: for integers the unsigned type of the same width,
 * at least 32 bits, since signed overflow (also by promotion of a short) is undefined and so may differ from one
 * element to the next. The result is cast back. */
const char *cld_kern_ring(clade_dtype dtype);
/* The macro that makes a compute-type value one that storage can hold; "": each is. */
const char *cld_kern_round(clade_dtype dtype);

#endif
