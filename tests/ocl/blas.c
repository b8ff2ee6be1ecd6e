/* SPDX-License-Identifier: Apache-2.0 */
/* CLBlast behind lib/ocl/blas.c, against loops in double. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "clade/opencl.h"
#include "ocl/fixture.h"

static bool blas_rig(ocl_rig *rig) {
    ocl_open(rig, "", true);
    if (cld_ocl_caps(rig->ocl)->blas)
        return true;
    test_skip("CLBlast is not used on this device");
    ocl_close(rig);
    return false;
}

/* Numbers in [-1, 1), the same every time. */
static double number(size_t i) {
    uint32_t x = (uint32_t)i * 2654435761u;
    x ^= x >> 15;
    x *= 2246822519u;
    x ^= x >> 13;
    return (double)x / 2147483648.0 - 1.0;
}

typedef struct matrix {
    cld_mem *mem;
    void *host;
    size_t count;
    clade_dtype dtype;
} matrix;

static double element(const matrix *m, size_t i) {
    return m->dtype == CLADE_FLOAT32 ? (double)((float *)m->host)[i] : ((double *)m->host)[i];
}

static matrix new_matrix(ocl_rig *rig, clade_dtype dtype, size_t count, size_t seed, bool nan) {
    matrix m = { .count = count, .dtype = dtype, .host = calloc(count, clade_dtype_size(dtype)) };
    for (size_t i = 0; i < count; i++) {
        double value = nan ? (double)NAN : number(seed + i);
        if (dtype == CLADE_FLOAT32)
            ((float *)m.host)[i] = (float)value;
        else
            ((double *)m.host)[i] = value;
    }
    ck_ok(cld_mem_new(&m.mem, rig->ocl, count * clade_dtype_size(dtype), &rig->err), rig->err);
    ck_ok(cld_mem_write(rig->queue, m.mem, 0, m.host, count * clade_dtype_size(dtype), true, &rig->err), rig->err);
    return m;
}

static void free_matrix(matrix *m) {
    cld_mem_free(m->mem);
    free(m->host);
}

/* C before (in c->host) and after, against alpha op(A) op(B) + beta C; what lies outside C must be as it was. */
static void check_gemm(ocl_rig *rig, const cld_gemm_args *g, const matrix *a, size_t a_off, const matrix *b,
                       size_t b_off, const matrix *c, size_t c_off) {
    matrix got = *c;
    size_t bytes = c->count * clade_dtype_size(c->dtype);
    got.host = malloc(bytes);
    double tolerance = (g->dtype == CLADE_FLOAT32 ? 1e-5 : 1e-13) * (double)g->k;
    ck_ok(cld_blas_gemm(rig->queue, g, a->mem, a_off, b->mem, b_off, c->mem, c_off, "gemm", &rig->err), rig->err);
    ck_ok(cld_mem_read(rig->queue, c->mem, 0, got.host, bytes, &rig->err), rig->err);
    size_t inside = 0;
    for (int64_t batch = 0; batch < g->batch; batch++)
        for (int64_t i = 0; i < g->m; i++)
            for (int64_t j = 0; j < g->n; j++) {
                double sum = 0;
                for (int64_t k = 0; k < g->k; k++)
                    sum +=
                        element(a, a_off +
                                       (size_t)(batch * g->stride_a + (g->trans_a ? k * g->lda + i : i * g->lda + k))) *
                        element(b,
                                b_off + (size_t)(batch * g->stride_b + (g->trans_b ? j * g->ldb + k : k * g->ldb + j)));
                size_t at = c_off + (size_t)(batch * g->stride_c + i * g->ldc + j);
                double want = g->alpha * sum + (g->beta != 0 ? g->beta * element(c, at) : 0);
                ck_assert_msg(fabs(element(&got, at) - want) <= tolerance, "batch %d [%d,%d]: %g, not %g", (int)batch,
                              (int)i, (int)j, element(&got, at), want);
                memcpy((char *)got.host + at * clade_dtype_size(c->dtype),
                       (char *)c->host + at * clade_dtype_size(c->dtype), clade_dtype_size(c->dtype));
                inside++;
            }
    ck_assert_uint_eq(inside, (size_t)(g->m * g->n * g->batch));
    ck_assert_mem_eq(got.host, c->host, bytes);
    free(got.host);
}

/* Few kernels, because each costs a CPU driver seconds to build: one plain product of each kind, one batched. */
START_TEST(gemm) {
    static const struct {
        clade_dtype dtype;
        bool trans_a, trans_b;
        int64_t m, n, k, pad, batch;
        double alpha, beta;
    } cases[] = {
        { CLADE_FLOAT32, false, false, 3, 5, 7, 0, 1, 1, 0 },
        { CLADE_FLOAT32, false, false, 1, 1, 1, 0, 1, 2, 0 },
        { CLADE_FLOAT32, false, false, 33, 70, 129, 3, 1, -0.5, 0.25 },
        { CLADE_FLOAT32, true, false, 64, 40, 33, 1, 1, 1, 1 },
        { CLADE_FLOAT32, false, true, 130, 9, 40, 0, 1, 1, 0 },
        { CLADE_FLOAT32, false, false, 5, 9, 4, 1, 3, 1.5, 0 },
        { CLADE_FLOAT32, false, false, 40, 33, 65, 2, 4, 1, 0.5 },
        { CLADE_FLOAT64, false, false, 33, 20, 65, 2, 1, 1, 0.5 },
    };
    ocl_rig rig;
    if (!blas_rig(&rig))
        return;
    for (size_t i = 0; i < CLD_COUNT(cases); i++) {
        if (cases[i].dtype == CLADE_FLOAT64 && !cld_ocl_caps(rig.ocl)->fp64)
            continue;
        cld_gemm_args g = { .dtype = cases[i].dtype,
                            .trans_a = cases[i].trans_a,
                            .trans_b = cases[i].trans_b,
                            .m = cases[i].m,
                            .n = cases[i].n,
                            .k = cases[i].k,
                            .batch = cases[i].batch,
                            .alpha = cases[i].alpha,
                            .beta = cases[i].beta };
        g.lda = (g.trans_a ? g.m : g.k) + cases[i].pad;
        g.ldb = (g.trans_b ? g.k : g.n) + cases[i].pad;
        g.ldc = g.n + cases[i].pad;
        g.stride_a = (g.trans_a ? g.k : g.m) * g.lda + 1;
        g.stride_b = (g.trans_b ? g.n : g.k) * g.ldb + 2;
        g.stride_c = g.m * g.ldc + 3;
        /* beta 0 must not read C: it is NaN all over. */
        matrix a = new_matrix(&rig, g.dtype, 5 + (size_t)(g.stride_a * g.batch), 1, false);
        matrix b = new_matrix(&rig, g.dtype, 7 + (size_t)(g.stride_b * g.batch), 999, false);
        matrix c = new_matrix(&rig, g.dtype, 9 + (size_t)(g.stride_c * g.batch), 5555, g.beta == 0);
        check_gemm(&rig, &g, &a, 5, &b, 7, &c, 9);
        free_matrix(&a);
        free_matrix(&b);
        free_matrix(&c);
    }
    const cld_timing *timings;
    size_t count = cld_queue_timings(rig.queue, &timings);
    ck_assert_uint_gt(count, 0);
    for (size_t i = 0; i < count; i++)
        ck_assert(strcmp(timings[i].tag, "gemm") == 0 && timings[i].end_ns > timings[i].start_ns);
    ocl_close(&rig);
}
END_TEST

START_TEST(gemm_refused) {
    ocl_rig rig;
    if (!blas_rig(&rig))
        return;
    matrix a = new_matrix(&rig, CLADE_FLOAT32, 100, 1, false);
    cld_gemm_args g = {
        .dtype = CLADE_FLOAT32, .m = 10, .n = 10, .k = 10, .lda = 10, .ldb = 10, .ldc = 10, .batch = 1, .alpha = 1
    };
    ck_refused(cld_blas_gemm(rig.queue, &g, a.mem, 1, a.mem, 0, a.mem, 0, NULL, &rig.err), CLADE_ERR_INTERNAL,
               "buffer of A too small", rig.err);
    g.lda = 9;
    ck_refused(cld_blas_gemm(rig.queue, &g, a.mem, 0, a.mem, 0, a.mem, 0, NULL, &rig.err), CLADE_ERR_INTERNAL,
               "leading dimension of A", rig.err);
    g.dtype = CLADE_INT32;
    ck_refused(cld_blas_gemm(rig.queue, &g, a.mem, 0, a.mem, 0, a.mem, 0, NULL, &rig.err), CLADE_ERR_UNSUPPORTED,
               "int32", rig.err);
    g = (cld_gemm_args){
        .dtype = CLADE_FLOAT32, .m = 0, .n = 10, .k = 10, .lda = 10, .ldb = 10, .ldc = 10, .batch = 1
    };
    ck_ok(cld_blas_gemm(rig.queue, &g, a.mem, 0, a.mem, 0, a.mem, 0, NULL, &rig.err), rig.err);
    free_matrix(&a);
    ocl_close(&rig);
}
END_TEST

START_TEST(convgemm) {
    static const cld_convgemm_args cases[] = {
        { CLADE_FLOAT32, 3, 8, 9, 3, 3, 1, 1, 1, 1, 1, 1, 4, 2, NULL },
        { CLADE_FLOAT32, 2, 11, 7, 3, 2, 0, 1, 2, 1, 2, 1, 5, 1, NULL },
        { CLADE_FLOAT32, 1, 5, 5, 5, 5, 0, 0, 1, 1, 1, 1, 3, 3, NULL },
    };
    ocl_rig rig;
    if (!blas_rig(&rig))
        return;
    for (size_t i = 0; i < CLD_COUNT(cases); i++) {
        const cld_convgemm_args *s = &cases[i];
        int64_t out_h = (s->height + 2 * s->pad_h - s->dilation_h * (s->kernel_h - 1) - 1) / s->stride_h + 1;
        int64_t out_w = (s->width + 2 * s->pad_w - s->dilation_w * (s->kernel_w - 1) - 1) / s->stride_w + 1;
        size_t outs = (size_t)(s->batch * s->filters * out_h * out_w);
        matrix image =
            new_matrix(&rig, CLADE_FLOAT32, (size_t)(s->batch * s->channels * s->height * s->width), 3, false);
        matrix filter =
            new_matrix(&rig, CLADE_FLOAT32, (size_t)(s->filters * s->channels * s->kernel_h * s->kernel_w), 77, false);
        matrix out = new_matrix(&rig, CLADE_FLOAT32, outs, 0, true);
        ck_ok(cld_blas_convgemm(rig.queue, s, image.mem, 0, filter.mem, 0, out.mem, 0, "conv", &rig.err), rig.err);
        ck_ok(cld_mem_read(rig.queue, out.mem, 0, out.host, outs * sizeof(float), &rig.err), rig.err);
        for (size_t o = 0; o < outs; o++) {
            int64_t x = (int64_t)o % out_w, y = (int64_t)o / out_w % out_h;
            int64_t f = (int64_t)o / (out_w * out_h) % s->filters, n = (int64_t)o / (out_w * out_h * s->filters);
            double want = 0;
            for (int64_t c = 0; c < s->channels; c++)
                for (int64_t u = 0; u < s->kernel_h; u++)
                    for (int64_t v = 0; v < s->kernel_w; v++) {
                        int64_t h = y * s->stride_h - s->pad_h + u * s->dilation_h;
                        int64_t w = x * s->stride_w - s->pad_w + v * s->dilation_w;
                        if (h >= 0 && h < s->height && w >= 0 && w < s->width)
                            want +=
                                element(&image, (size_t)(((n * s->channels + c) * s->height + h) * s->width + w)) *
                                element(&filter, (size_t)(((f * s->channels + c) * s->kernel_h + u) * s->kernel_w + v));
                    }
            ck_assert_msg(fabs(element(&out, o) - want) < 1e-4, "case %zu, output %zu: %g, not %g", i, o,
                          element(&out, o), want);
        }
        free_matrix(&image);
        free_matrix(&filter);
        free_matrix(&out);
    }
    ocl_close(&rig);
}
END_TEST

static cld_blas_set direct(size_t wgd) {
    return (cld_blas_set){ "XgemmDirect",
                           CLD_BLAS_DIRECT,
                           10,
                           { "KWID", "MDIMAD", "MDIMCD", "NDIMBD", "NDIMCD", "PADA", "PADB", "VWMD", "VWND", "WGD" },
                           { 2, 8, 8, 8, 8, 1, 1, 1, 1, wgd } };
}

/* What is set holds from call to call, and the way of GEMM with it; a set that lacks one is refused, and
 * the next one is in force again. */
START_TEST(parameters) {
    enum { N = 9 };
    const cld_blas_set sets[] = { direct(16), direct(8), direct(16) };
    cld_gemm_args g = {
        .dtype = CLADE_FLOAT32, .m = N, .n = N, .k = N, .lda = N, .ldb = N, .ldc = N, .batch = 1, .alpha = 1
    };
    cld_blas_set less = direct(8);
    ocl_rig rig;
    if (!blas_rig(&rig))
        return;
    matrix a = new_matrix(&rig, CLADE_FLOAT32, N * N, 5, false), c = new_matrix(&rig, CLADE_FLOAT32, N * N, 0, true);
    less.n = 9;
    for (size_t k = 0; k < CLD_COUNT(sets); k++) {
        g.set = &less;
        ck_refused(cld_blas_gemm(rig.queue, &g, a.mem, 0, a.mem, 0, c.mem, 0, NULL, &rig.err), CLADE_ERR_INTERNAL,
                   "a parameter is missing", rig.err);
        g.set = &sets[k];
        ck_ok(cld_blas_gemm(rig.queue, &g, a.mem, 0, a.mem, 0, c.mem, 0, NULL, &rig.err), rig.err);
        ck_ok(cld_mem_read(rig.queue, c.mem, 0, c.host, N * N * sizeof(float), &rig.err), rig.err);
        for (size_t o = 0; o < N * N; o++) {
            double want = 0;
            for (size_t i = 0; i < N; i++)
                want += element(&a, o / N * N + i) * element(&a, i * N + o % N);
            ck_assert_msg(fabs(element(&c, o) - want) < 1e-4, "set %zu, element %zu", k, o);
        }
    }
    free_matrix(&a);
    free_matrix(&c);
    ocl_close(&rig);
}
END_TEST

/* A device that closes leaves nothing of its context with CLBlast. */
START_TEST(forgotten) {
    const cld_gemm_args g = {
        .dtype = CLADE_FLOAT32, .m = 4, .n = 4, .k = 4, .lda = 4, .ldb = 4, .ldc = 4, .alpha = 1, .batch = 1
    };
    cl_platform_id platform;
    cl_device_id device;
    cl_uint references = 0;
    cl_int code;
    ocl_rig rig;
    if (!blas_rig(&rig))
        return;
    ocl_close(&rig);
    ck_assert_int_eq(clGetPlatformIDs(1, &platform, NULL), CL_SUCCESS);
    ck_assert_int_eq(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), CL_SUCCESS);
    cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
    ck_ok(cld_ocl_open_context(&rig.ocl, context, device, NULL, &rig.err), rig.err);
    ck_ok(cld_queue_new(&rig.queue, rig.ocl, false, &rig.err), rig.err);
    matrix a = new_matrix(&rig, CLADE_FLOAT32, 16, 0, false), c = new_matrix(&rig, CLADE_FLOAT32, 16, 0, false);
    ck_ok(cld_blas_gemm(rig.queue, &g, a.mem, 0, a.mem, 0, c.mem, 0, NULL, &rig.err), rig.err);
    free_matrix(&a);
    free_matrix(&c);
    cld_queue_free(rig.queue);
    cld_ocl_release(rig.ocl);
    for (int tries = 0; references != 1 && tries < 1000; tries++) { /* a driver's threads may let go a moment later */
        code = clGetContextInfo(context, CL_CONTEXT_REFERENCE_COUNT, sizeof references, &references, NULL);
        ck_assert_int_eq(code, CL_SUCCESS);
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    }
    ck_assert_uint_eq(references, 1);
    clReleaseContext(context);
}
END_TEST

Suite *suite_ocl_blas(void);
Suite *suite_ocl_blas(void) {
    Suite *suite = suite_create("ocl/blas");
    TCase *tcase = tcase_create("blas");
    tcase_set_timeout(tcase, 300);
    tcase_add_test(tcase, gemm);
    tcase_add_test(tcase, gemm_refused);
    tcase_add_test(tcase, convgemm);
    tcase_add_test(tcase, parameters);
    tcase_add_test(tcase, forgotten);
    suite_add_tcase(suite, tcase);
    return suite;
}
