/* SPDX-License-Identifier: Apache-2.0 */
/* Queues and buffers: bytes there and back, spans that do not fit, exhausted memory, profiles, the caller's own
 * objects. */
#include "clade/opencl.h"
#include "ocl/fixture.h"

START_TEST(bytes_there_and_back) {
    ocl_rig rig;
    cld_mem *a, *b;
    unsigned char out[64], in[64] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    ocl_open(&rig, "", false);
    ck_ok(cld_mem_new(&a, rig.ocl, 64, &rig.err), rig.err);
    ck_ok(cld_mem_new(&b, rig.ocl, 64, &rig.err), rig.err);
    ck_ok(cld_mem_fill(rig.queue, b, 0, &(uint16_t){ 0xabcd }, 2, 64, NULL, &rig.err), rig.err);
    ck_ok(cld_mem_write(rig.queue, a, 0, in, 64, false, &rig.err), rig.err);
    ck_ok(cld_mem_copy(rig.queue, b, 10, a, 2, 4, NULL, &rig.err), rig.err);
    ck_ok(cld_mem_read(rig.queue, b, 0, out, 64, &rig.err), rig.err);
    for (int i = 0; i < 64; i++)
        ck_assert_uint_eq(out[i], i >= 10 && i < 14 ? in[i - 8] : i % 2 ? 0xab : 0xcd);
    cld_mem_free(a);
    cld_mem_free(b);
    ocl_close(&rig);
}
END_TEST

START_TEST(nothing_at_all) {
    ocl_rig rig;
    cld_mem *mem;
    ocl_open(&rig, "", true);
    ck_ok(cld_mem_new(&mem, rig.ocl, 0, &rig.err), rig.err);
    size_t bytes = cld_mem_bytes(mem);
    ck_assert_uint_gt(bytes, 0);
    ck_ok(cld_mem_write(rig.queue, mem, bytes, NULL, 0, true, &rig.err), rig.err);
    ck_ok(cld_mem_read(rig.queue, mem, bytes, NULL, 0, &rig.err), rig.err);
    ck_ok(cld_mem_copy(rig.queue, mem, 0, mem, 0, 0, NULL, &rig.err), rig.err);
    ck_ok(cld_mem_fill(rig.queue, mem, 0, "", 1, 0, NULL, &rig.err), rig.err);
    cld_batch *batch;
    ck_ok(cld_batch_new(&batch, rig.ocl, &rig.err), rig.err);
    ck_ok(cld_batch_build(batch, NULL, NULL, &rig.err), rig.err); /* a plan without kernels */
    int32_t handle = ocl_add_scale(&rig, batch, "scale_run", CLADE_FLOAT32, 3);
    ck_ok(cld_batch_build(batch, NULL, NULL, &rig.err), rig.err);
    cld_kernel *kernel = ocl_scale_kernel(&rig, batch, handle, mem, NULL, 0); /* NULL: an absent input */
    ck_ok(cld_kernel_enqueue(kernel, rig.queue, 2, (size_t[]){ 16, 0 }, NULL, NULL, &rig.err), rig.err);
    ck_ok(cld_kernel_enqueue(kernel, rig.queue, 1, (size_t[]){ 16 }, NULL, NULL, &rig.err), rig.err);
    ck_ok(cld_queue_finish(rig.queue, &rig.err), rig.err);
    const cld_timing *timings;
    ck_assert_uint_eq(cld_queue_timings(rig.queue, &timings), 1);
    cld_kernel_free(kernel);
    cld_batch_free(batch);
    cld_mem_free(mem);
    ocl_close(&rig);
}
END_TEST

START_TEST(spans_outside) {
    static const struct {
        size_t offset, bytes;
    } cases[] = { { 0, 65 }, { 64, 1 }, { 1, SIZE_MAX }, { SIZE_MAX, 1 }, { SIZE_MAX, SIZE_MAX } };
    ocl_rig rig;
    cld_mem *mem, *large;
    static unsigned char data[256];
    ocl_open(&rig, "", false);
    ck_ok(cld_mem_new(&mem, rig.ocl, 64, &rig.err), rig.err);
    ck_ok(cld_mem_new(&large, rig.ocl, 256, &rig.err), rig.err);
    for (size_t i = 0; i < CLD_COUNT(cases); i++) {
        size_t at = cases[i].offset, n = cases[i].bytes;
        ck_refused(cld_mem_write(rig.queue, mem, at, data, n, true, &rig.err), CLADE_ERR_INTERNAL, "64 bytes", rig.err);
        ck_refused(cld_mem_read(rig.queue, mem, at, data, n, &rig.err), CLADE_ERR_INTERNAL, "64 bytes", rig.err);
        ck_refused(cld_mem_fill(rig.queue, mem, at, data, 1, n, NULL, &rig.err), CLADE_ERR_INTERNAL, "64 bytes",
                   rig.err);
        ck_refused(cld_mem_copy(rig.queue, mem, at, large, 0, n, NULL, &rig.err), CLADE_ERR_INTERNAL, "bytes", rig.err);
        ck_refused(cld_mem_copy(rig.queue, large, 0, mem, at, n, NULL, &rig.err), CLADE_ERR_INTERNAL, "bytes", rig.err);
    }
    cld_mem_free(mem);
    cld_mem_free(large);
    ocl_close(&rig);
}
END_TEST

/* Host memory that is aligned is read where it is, by devices that can; the rest has to be written. */
START_TEST(over_host_memory) {
    enum { COUNT = 1024 };
    static _Alignas(4096) float host[2 * COUNT];
    float read[COUNT], late = 7;
    ocl_rig rig;
    clade_device_info info;
    ocl_open(&rig, "", false);
    cld_ocl_info(rig.ocl, &info);
    for (int i = 0; i < 2 * COUNT; i++)
        host[i] = (float)i;
    for (size_t first = 0; first < 2; first++) {
        cld_mem *mem, *copy;
        ck_ok(cld_mem_new_over(&mem, rig.ocl, sizeof read, host + first, &rig.err), rig.err);
        ck_ok(cld_mem_new_over(&copy, rig.ocl, sizeof read, NULL, &rig.err), rig.err);
        ck_assert_uint_eq(cld_mem_bytes(mem), sizeof read);
        ck_assert(!cld_mem_in_place(copy));
        ck_assert_msg(!first || !cld_mem_in_place(mem), "not aligned");
        if (!first && strstr(info.platform_name, "Portable Computing Language"))
            ck_assert(cld_mem_in_place(mem));
        if (!cld_mem_in_place(mem))
            ck_ok(cld_mem_write(rig.queue, mem, 0, host + first, sizeof read, true, &rig.err), rig.err);
        ck_ok(cld_mem_copy(rig.queue, copy, 0, mem, 0, sizeof read, NULL, &rig.err), rig.err);
        ck_ok(cld_mem_write(rig.queue, copy, 0, &late, sizeof late, true, &rig.err), rig.err);
        ck_ok(cld_mem_read(rig.queue, copy, 0, read, sizeof read, &rig.err), rig.err);
        ck_assert_float_eq(read[0], late);
        ck_assert_mem_eq(read + 1, host + first + 1, sizeof read - sizeof *read);
        cld_mem_free(mem);
        cld_mem_free(copy);
    }
    ocl_close(&rig);
}
END_TEST

/* One buffer too large, and many that are too much together: refused with the number, and the memory comes back. */
START_TEST(memory_exhausted) {
    enum { MANY = 1000 };
    static cld_mem *held[MANY];
    ocl_rig rig;
    cld_mem *mem;
    ocl_open(&rig, "", false);
    const cld_caps *caps = cld_ocl_caps(rig.ocl);
    ck_refused(cld_mem_new(&mem, rig.ocl, SIZE_MAX, &rig.err), CLADE_ERR_DEVICE_MEMORY, "18446744073709551615 bytes",
               rig.err);
    ck_refused(cld_mem_new(&mem, rig.ocl, caps->max_alloc_bytes + 1, &rig.err), CLADE_ERR_DEVICE_MEMORY,
               "cannot allocate", rig.err);
    size_t part = caps->max_alloc_bytes / 4, fit = 0;
    clade_status status = CLADE_OK;
    while (fit < MANY && (status = cld_mem_new(&held[fit], rig.ocl, part, &rig.err)) == CLADE_OK)
        fit++;
    ck_assert_int_eq(status, CLADE_ERR_DEVICE_MEMORY);
    ck_assert(fit >= 1 && fit * part <= caps->global_bytes);
    for (size_t i = 0; i < fit; i++)
        cld_mem_free(held[i]);
    ck_ok(cld_mem_new(&mem, rig.ocl, part, &rig.err), rig.err);
    cld_mem_free(mem);
    ocl_close(&rig);
}
END_TEST

START_TEST(profile) {
    static const char *const tags[] = { "fill", "first", "copy", "second" };
    ocl_rig rig;
    cld_mem *x, *y;
    const cld_timing *timings;
    cld_batch *batch;
    ocl_open(&rig, "", true);
    ck_ok(cld_mem_new(&x, rig.ocl, 4096, &rig.err), rig.err);
    ck_ok(cld_mem_new(&y, rig.ocl, 4096, &rig.err), rig.err);
    ck_ok(cld_batch_new(&batch, rig.ocl, &rig.err), rig.err);
    int32_t handle = ocl_add_scale(&rig, batch, "scale_run", CLADE_FLOAT32, 3);
    ck_ok(cld_batch_build(batch, NULL, NULL, &rig.err), rig.err);
    cld_kernel *kernel = ocl_scale_kernel(&rig, batch, handle, y, x, 1024);
    for (int round = 0; round < 200; round++) {
        ck_ok(cld_mem_fill(rig.queue, x, 0, "", 1, 4096, tags[0], &rig.err), rig.err);
        ck_ok(cld_kernel_enqueue(kernel, rig.queue, 1, (size_t[]){ 1024 }, NULL, tags[1], &rig.err), rig.err);
        ck_ok(cld_mem_copy(rig.queue, x, 0, y, 0, 4096, tags[2], &rig.err), rig.err);
        ck_ok(cld_kernel_enqueue(kernel, rig.queue, 1, (size_t[]){ 1024 }, NULL, tags[3], &rig.err), rig.err);
    }
    ck_ok(cld_queue_finish(rig.queue, &rig.err), rig.err);
    ck_assert_uint_eq(cld_queue_timings(rig.queue, &timings), 800);
    for (int i = 0; i < 800; i++) {
        ck_assert_ptr_eq(timings[i].tag, tags[i % 4]);
        ck_assert(timings[i].queued_ns <= timings[i].start_ns && timings[i].start_ns <= timings[i].end_ns);
        ck_assert(i == 0 || timings[i - 1].start_ns <= timings[i].start_ns);
    }
    ck_assert_uint_eq(cld_queue_timings(rig.queue, &timings), 800); /* read again */
    cld_queue_clear_timings(rig.queue);
    ck_assert_uint_eq(cld_queue_timings(rig.queue, &timings), 0);
    cld_kernel_free(kernel);
    cld_batch_free(batch);
    cld_mem_free(x);
    cld_mem_free(y);
    ocl_close(&rig);
}
END_TEST

/* ---- the caller's objects --------------------------------------------------------------------------------------- */

typedef struct caller {
    cl_context context;
    cl_device_id device;
    cl_command_queue queue;
    cl_mem buffer;
} caller;

static caller new_caller(cl_command_queue_properties properties) {
    caller own;
    cl_int code;
    cl_platform_id platform;
    ck_assert_int_eq(clGetPlatformIDs(1, &platform, NULL), CL_SUCCESS);
    ck_assert_int_eq(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &own.device, NULL), CL_SUCCESS);
    own.context = clCreateContext(NULL, 1, &own.device, NULL, NULL, &code);
    ck_assert_int_eq(code, CL_SUCCESS);
    own.queue = clCreateCommandQueue(own.context, own.device, properties, &code);
    ck_assert(code == CL_SUCCESS || properties != 0); /* the device may know no other than in-order queues */
    own.buffer = clCreateBuffer(own.context, CL_MEM_READ_WRITE, 256, NULL, &code);
    ck_assert_int_eq(code, CL_SUCCESS);
    return own;
}

static void free_caller(caller *own) {
    clReleaseMemObject(own->buffer);
    if (own->queue)
        clReleaseCommandQueue(own->queue);
    clReleaseContext(own->context);
}

START_TEST(callers_objects) {
    clade_error err = { 0 };
    cld_ocl *ocl;
    cld_queue *queue;
    cld_mem *mem;
    char text[6] = "";
    caller own = new_caller(0), other = new_caller(0), wild = new_caller(CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE);
    ck_ok(cld_ocl_open_context(&ocl, own.context, own.device, NULL, &err), err);
    ck_refused(cld_queue_wrap(&queue, ocl, NULL, &err), CLADE_ERR_ARGUMENT, "not valid", err);
    ck_refused(cld_queue_wrap(&queue, ocl, other.queue, &err), CLADE_ERR_ARGUMENT, "another context", err);
    ck_refused(cld_mem_wrap(&mem, ocl, NULL, &err), CLADE_ERR_ARGUMENT, "not a valid buffer", err);
    ck_refused(cld_mem_wrap(&mem, ocl, other.buffer, &err), CLADE_ERR_ARGUMENT, "another context", err);
    ck_ok(cld_queue_wrap(&queue, ocl, own.queue, &err), err);
    ck_ok(cld_mem_wrap(&mem, ocl, own.buffer, &err), err);
    ck_assert_uint_eq(cld_mem_bytes(mem), 256);
    ck_ok(cld_mem_write(queue, mem, 3, "hello", 6, false, &err), err);
    cld_mem_free(mem);
    cld_queue_free(queue);
    cld_ocl_release(ocl);
    ck_assert_int_eq(clEnqueueReadBuffer(own.queue, own.buffer, CL_TRUE, 3, 6, text, 0, NULL, NULL), CL_SUCCESS);
    ck_assert_str_eq(text, "hello");

    if (wild.queue) {
        ck_ok(cld_ocl_open_context(&ocl, wild.context, wild.device, NULL, &err), err);
        ck_refused(cld_queue_wrap(&queue, ocl, wild.queue, &err), CLADE_ERR_ARGUMENT, "out-of-order", err);
        cld_ocl_release(ocl);
    }
    free_caller(&own);
    free_caller(&other);
    free_caller(&wild);
}
END_TEST

Suite *suite_ocl_queue(void);
Suite *suite_ocl_queue(void) {
    Suite *suite = suite_create("ocl/queue");
    TCase *tcase = tcase_create("queue");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, bytes_there_and_back);
    tcase_add_test(tcase, nothing_at_all);
    tcase_add_test(tcase, spans_outside);
    tcase_add_test(tcase, over_host_memory);
    tcase_add_test(tcase, memory_exhausted);
    tcase_add_test(tcase, profile);
    tcase_add_test(tcase, callers_objects);
    suite_add_tcase(suite, tcase);
    return suite;
}
