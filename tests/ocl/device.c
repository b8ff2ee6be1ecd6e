/* SPDX-License-Identifier: Apache-2.0 */
/* Devices: listed, chosen by text, opened on a caller's context, and absent. */
#include <stdio.h>
#include <stdlib.h>

#include "clade/opencl.h"
#include "ocl/ocl.h"
#include "test.h"

START_TEST(listed) {
    clade_error err = { 0 };
    clade_device_info info;
    size_t count = 0;
    ck_ok(cld_ocl_count(&count, &err), err);
    ck_assert_uint_gt(count, 0);
    for (size_t i = 0; i < count; i++) {
        ck_ok(cld_ocl_describe(&info, i, &err), err);
        ck_assert_uint_eq(info.index, i);
        ck_assert(info.name[0] && info.vendor[0] && info.platform_name[0] && info.version[0]);
        ck_assert(info.compute_units > 0 && info.global_bytes >= info.max_alloc_bytes && info.max_alloc_bytes > 0);
    }
    ck_refused(cld_ocl_describe(&info, count, &err), CLADE_ERR_NO_DEVICE, "there is no OpenCL device", err);
}
END_TEST

/* Each device belongs to one of them; one that has a device needs no hint. */
START_TEST(platforms) {
    clade_error err = { 0 };
    clade_platform_info info;
    size_t count, devices, found = 0, drivers = 0;
    ck_ok(cld_ocl_platform_count(&count, &err), err);
    ck_ok(cld_ocl_count(&devices, &err), err);
    for (size_t p = 0; p < count; p++) {
        ck_ok(cld_ocl_platform_describe(&info, p, &err), err);
        ck_assert_uint_eq(info.index, p);
        ck_assert(info.name[0] && info.version[0] && (info.device_count == 0) == (info.hint[0] != 0));
        found += info.device_count;
    }
    ck_assert_uint_eq(found, devices);
    ck_refused(cld_ocl_platform_describe(&info, count, &err), CLADE_ERR_NO_DEVICE, "there is no OpenCL platform", err);
    while (cld_ocl_driver_hint(drivers))
        ck_assert_ptr_nonnull(strchr(cld_ocl_driver_hint(drivers++), ':'));
    ck_assert_uint_ge(drivers, 4);
}
END_TEST

/* The capabilities promise what planners divide and multiply by. */
START_TEST(capabilities) {
    clade_error err = { 0 };
    cld_ocl *ocl;
    ck_ok(cld_ocl_open(&ocl, NULL, NULL, &err), err);
    const cld_caps *caps = cld_ocl_caps(ocl);
    ck_assert(caps->is_cpu != caps->is_gpu);
    ck_assert(caps->compute_units >= 1 && caps->max_group >= 1 && caps->max_group_dim[0] >= 1);
    ck_assert(caps->float_lanes >= 1 && caps->float_lanes <= 16 && (caps->is_cpu || caps->float_lanes == 1));
    ck_assert(caps->align_bytes >= 64 && (caps->align_bytes & (caps->align_bytes - 1)) == 0);
    ck_assert(caps->global_bytes > 0 && caps->max_alloc_bytes > 0 && caps->local_bytes > 0);
    cld_ocl_release(cld_ocl_retain(ocl));
    cld_ocl_release(ocl);
}
END_TEST

/* Stated capabilities shrink the device's and change its kind; what was refused changes nothing. */
START_TEST(stated) {
    clade_error err = { 0 };
    cld_ocl *ocl;
    ck_ok(cld_ocl_open(&ocl, NULL, NULL, &err), err);
    const cld_caps *caps = cld_ocl_caps(ocl), before = *caps;
    ck_refused(cld_ocl_plan_as(ocl, "gpu,group=1,grup=2", &err), CLADE_ERR_ARGUMENT, "there are cpu, gpu, group=N",
               err);
    ck_refused(cld_ocl_plan_as(ocl, "groups=2", &err), CLADE_ERR_ARGUMENT, "no capability 'groups=2'", err);
    ck_refused(cld_ocl_plan_as(ocl, "local=-2", &err), CLADE_ERR_ARGUMENT, "'local=-2' is no number", err);
    ck_refused(cld_ocl_plan_as(ocl, "fp64=2", &err), CLADE_ERR_ARGUMENT, "more than the device's", err);
    ck_assert_mem_eq(caps, &before, sizeof before);
    ck_ok(cld_ocl_plan_as(ocl, "gpu,group=1,local=1024,fp64=0,units=500", &err), err);
    ck_assert(caps->is_gpu && !caps->is_cpu && caps->float_lanes == 1 && !caps->fp64);
    ck_assert(caps->max_group == 1 && caps->max_group_dim[0] == 1 && caps->max_group_dim[2] == 1);
    ck_assert(caps->local_bytes == 1024 && caps->compute_units == 500);
    ck_ok(cld_ocl_plan_as(ocl, "cpu", &err), err);
    ck_assert(caps->is_cpu && !caps->is_gpu && caps->float_lanes >= 4 && caps->max_group == 1);
    cld_ocl_release(ocl);
}
END_TEST

/* What `select` opens: its index, or -1 with the error's line checked. */
static int opened(const char *select, const char *refusal) {
    clade_error err = { 0 };
    clade_device_info info = { 0 };
    cld_ocl *ocl;
    clade_status status = cld_ocl_open(&ocl, select, NULL, &err);
    if (status != CLADE_OK) {
        ck_assert_int_eq(status, CLADE_ERR_NO_DEVICE);
        ck_assert_msg(refusal && strstr(err.message, refusal), "'%s': %s", select, err.message);
        return -1;
    }
    cld_ocl_info(ocl, &info);
    cld_ocl_release(ocl);
    return (int)info.index;
}

static bool on_pocl(void) {
    clade_error err = { 0 };
    clade_device_info info;
    ck_ok(cld_ocl_describe(&info, 0, &err), err);
    if (strstr(info.platform_name, "Portable"))
        return true;
    test_skip("needs PoCL's choice of devices");
    return false;
}

START_TEST(selected) {
    setenv("POCL_DEVICES", "pthread pthread", 1);
    if (!on_pocl())
        return;
    static const struct {
        const char *select;
        int index;
    } cases[] = { { NULL, 0 },
                  { "", 0 },
                  { "0", 0 },
                  { "1", 1 },
                  { "0:1", 1 },
                  { "0:0", 0 },
                  { "cpu", 0 },
                  { "CPU", 0 },
                  { "PTHREAD", 0 },
                  { "2", -1 },
                  { "0:2", -1 },
                  { "1:0", -1 },
                  { "gpu", -1 },
                  { "abacus", -1 },
                  { "-1", -1 },
                  { "0:", -1 },
                  { "0x1", -1 },
                  { "1:x", -1 },
                  { "99999999999999999999", -1 } };
    for (size_t i = 0; i < CLD_COUNT(cases); i++)
        ck_assert_msg(opened(cases[i].select, cases[i].select) == cases[i].index, "'%s'", cases[i].select);
    setenv("CLADE_DEVICE", "0:1", 1);
    ck_assert_int_eq(opened(NULL, NULL), 1);
    ck_assert_int_eq(opened("0", NULL), 0); /* what is asked for goes before the environment */
    setenv("CLADE_DEVICE", "abacus", 1);
    ck_assert_int_eq(opened(NULL, "there are 0 (0:0) 'pthread"), -1);
}
END_TEST

/* Both devices of one platform at once. */
START_TEST(two_devices) {
    setenv("POCL_DEVICES", "pthread pthread", 1);
    if (!on_pocl())
        return;
    clade_error err = { 0 };
    cld_ocl *ocl[2];
    cld_mem *mem;
    cld_queue *queue;
    for (int d = 0; d < 2; d++) {
        int32_t sent = 41 + d, got = 0;
        ck_ok(cld_ocl_open(&ocl[d], d ? "1" : "0", NULL, &err), err);
        ck_ok(cld_queue_new(&queue, ocl[d], false, &err), err);
        ck_ok(cld_mem_new(&mem, ocl[d], sizeof sent, &err), err);
        ck_ok(cld_mem_write(queue, mem, 0, &sent, sizeof sent, true, &err), err);
        ck_ok(cld_mem_read(queue, mem, 0, &got, sizeof got, &err), err);
        ck_assert_int_eq(got, sent);
        cld_queue_free(queue);
        cld_mem_free(mem);
    }
    cld_ocl_release(ocl[0]);
    cld_ocl_release(ocl[1]);
}
END_TEST

START_TEST(no_platform) {
    clade_error err = { 0 };
    clade_device_info info;
    cld_ocl *ocl;
    size_t count;
    setenv("OCL_ICD_VENDORS", "/nonexistent", 1);
    if (cld_ocl_count(&count, &err) == CLADE_OK) {
        test_skip("the OpenCL library is not the loader");
        return;
    }
    ck_refused(cld_ocl_count(&count, &err), CLADE_ERR_NO_DEVICE, "no OpenCL platform", err);
    ck_refused(cld_ocl_describe(&info, 0, &err), CLADE_ERR_NO_DEVICE, "no OpenCL platform", err);
    ck_refused(cld_ocl_open(&ocl, NULL, NULL, &err), CLADE_ERR_NO_DEVICE, "no OpenCL platform", err);
}
END_TEST

START_TEST(callers_context) {
    clade_error err = { 0 };
    cl_platform_id platform;
    cl_device_id device;
    cl_int code;
    cl_uint references = 0;
    cld_ocl *ocl;
    clade_device_info info;
    ck_assert_int_eq(clGetPlatformIDs(1, &platform, NULL), CL_SUCCESS);
    ck_assert_int_eq(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), CL_SUCCESS);
    cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
    ck_assert_int_eq(code, CL_SUCCESS);
    ck_refused(cld_ocl_open_context(&ocl, NULL, device, NULL, &err), CLADE_ERR_ARGUMENT, "NULL", err);
    ck_refused(cld_ocl_open_context(&ocl, context, NULL, NULL, &err), CLADE_ERR_ARGUMENT, "NULL", err);
    ck_refused(cld_ocl_open_context(&ocl, context, platform, NULL, &err), CLADE_ERR_ARGUMENT, "not one of", err);
    ck_ok(cld_ocl_open_context(&ocl, context, device, NULL, &err), err);
    cld_ocl_info(ocl, &info);
    ck_assert_uint_eq(info.index, 0);
    cld_ocl_release(ocl);
    ck_assert_int_eq(clGetContextInfo(context, CL_CONTEXT_REFERENCE_COUNT, sizeof references, &references, NULL),
                     CL_SUCCESS);
    ck_assert_uint_eq(references, 1); /* nothing is kept */
    clReleaseContext(context);
}
END_TEST

Suite *suite_ocl_device(void);
Suite *suite_ocl_device(void) {
    Suite *suite = suite_create("ocl/device");
    TCase *tcase = tcase_create("device");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, listed);
    tcase_add_test(tcase, platforms);
    tcase_add_test(tcase, capabilities);
    tcase_add_test(tcase, stated);
    tcase_add_test(tcase, selected);
    tcase_add_test(tcase, two_devices);
    tcase_add_test(tcase, no_platform);
    tcase_add_test(tcase, callers_context);
    suite_add_tcase(suite, tcase);
    return suite;
}
