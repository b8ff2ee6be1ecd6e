/* SPDX-License-Identifier: Apache-2.0 */
/* What each OpenCL code becomes, where it says something else than usual, and what it must not be taken for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault/shim.h"
#include "mlp.h"
#include "ocl/ocl.h"
#include "test.h"

static clade_error err;

typedef struct expected {
    const char *function;
    cl_int code;
    clade_status status;
    const char *part;
} expected;

static bool on_pocl(void) {
    clade_platform_info info = CLADE_PLATFORM_INFO_INIT;
    ck_ok(clade_platform_describe(&info, 0, &err), err);
    if (strstr(info.name, "Portable"))
        return true;
    test_skip("needs PoCL's choice of devices");
    return false;
}

static clade_status open_close(const char *select) {
    clade_device *device;
    clade_device_options options = CLADE_DEVICE_OPTIONS_INIT;
    options.cache_dir = "";
    clade_status status = clade_device_open(&device, select, &options, &err);
    if (status == CLADE_OK)
        clade_device_close(device);
    return status;
}

START_TEST(opening) {
    static const expected cases[] = {
        { "clGetPlatformIDs", CL_OUT_OF_HOST_MEMORY, CLADE_ERR_MEMORY, "platforms cannot be listed" },
        { "clGetPlatformIDs", -1001, CLADE_ERR_NO_DEVICE, "no driver is installed" },
        { "clGetDeviceIDs", CL_OUT_OF_HOST_MEMORY, CLADE_ERR_MEMORY, "devices cannot be listed" },
        { "clGetDeviceIDs", CL_DEVICE_NOT_FOUND, CLADE_ERR_NO_DEVICE, "offers none (" },
        { "clGetDeviceIDs", CL_DEVICE_NOT_AVAILABLE, CLADE_ERR_DEVICE_LOST, "platform 0: its devices" },
        { "clGetDeviceInfo", CL_OUT_OF_HOST_MEMORY, CLADE_ERR_MEMORY, "device 0:0: " },
        { "clCreateContext", CL_DEVICE_NOT_AVAILABLE, CLADE_ERR_DEVICE_LOST, "cannot be opened" },
        { "clCreateContext", CL_OUT_OF_RESOURCES, CLADE_ERR_DEVICE_MEMORY, "CL_OUT_OF_RESOURCES (-5)" },
    };
    const expected *c = &cases[_i];
    fault_in(c->function, 1, c->code);
    ck_refused(open_close(NULL), c->status, c->part, err);
    ck_assert_ptr_null(strstr(err.message, "'any'"));
    ck_assert_ptr_null(strstr(err.message, "no driver is installed") && c->code != -1001 ? err.message : NULL);
    fault_clear();
    ck_ok(open_close(NULL), err);
}
END_TEST

/* Each query of the second device in turn: the first opens, the second keeps its index and says what is wrong. */
START_TEST(bad_device) {
    size_t count;
    clade_device_info info = CLADE_DEVICE_INFO_INIT;
    setenv("POCL_DEVICES", "pthread pthread", 1);
    if (!on_pocl())
        return;
    fault_at(0, 0, false);
    ck_ok(clade_device_count(&count, &err), err);
    ck_assert_uint_eq(count, 2);
    long all = fault_calls("clGetDeviceInfo");
    for (long n = all / 2 + 1; n <= all; n++) {
        fault_in("clGetDeviceInfo", n, CL_OUT_OF_RESOURCES);
        ck_ok(open_close("0"), err);
        fault_in("clGetDeviceInfo", n, CL_OUT_OF_RESOURCES);
        ck_ok(open_close(NULL), err);
        fault_in("clGetDeviceInfo", n, CL_OUT_OF_RESOURCES);
        ck_ok(clade_device_count(&count, &err), err);
        ck_assert_uint_eq(count, 2);
        fault_in("clGetDeviceInfo", n, CL_OUT_OF_RESOURCES);
        ck_refused(clade_device_describe(&info, 1, &err), CLADE_ERR_DEVICE_MEMORY, "device 0:1: ", err);
        fault_in("clGetDeviceInfo", n, CL_OUT_OF_RESOURCES);
        ck_refused(open_close("1"), CLADE_ERR_DEVICE_MEMORY, "device 0:1: ", err);
    }
    fault_clear();
    ck_ok(open_close("1"), err);
}
END_TEST

/* A platform that does not give its name has its devices all the same. */
START_TEST(nameless_platform) {
    clade_platform_info info = CLADE_PLATFORM_INFO_INIT;
    fault_in("clGetPlatformInfo", 1, CL_OUT_OF_HOST_MEMORY);
    ck_refused(clade_platform_describe(&info, 0, &err), CLADE_ERR_MEMORY, "platform 0: ", err);
    fault_in("clGetPlatformInfo", 1, CL_OUT_OF_HOST_MEMORY);
    ck_ok(open_close(NULL), err);
}
END_TEST

/* No query that fails becomes a fact: a device that opens is the same one. */
START_TEST(facts) {
    clade_device *device = mlp_device("");
    clade_device_info want = CLADE_DEVICE_INFO_INIT, got = CLADE_DEVICE_INFO_INIT;
    ck_ok(clade_device_get_info(device, &want, &err), err);
    clade_device_close(device);
    for (long n = 1;; n++) {
        fault_in("clGetDeviceInfo", n, CL_OUT_OF_HOST_MEMORY);
        clade_status status = clade_device_open(&device, NULL, NULL, &err);
        if (!fault_clear()) {
            ck_assert_int_gt(n, 20);
            clade_device_close(device);
            break;
        }
        ck_assert_msg(status == CLADE_ERR_MEMORY, "query %ld: %s", n, clade_status_name(status));
        device = mlp_device("");
        ck_ok(clade_device_get_info(device, &got, &err), err);
        ck_assert_mem_eq(&got, &want, sizeof got);
        clade_device_close(device);
    }
}
END_TEST

START_TEST(buffers) {
    static const expected cases[] = {
        { NULL, CL_MEM_OBJECT_ALLOCATION_FAILURE, CLADE_ERR_DEVICE_MEMORY, "cannot allocate 128 bytes" },
        { NULL, CL_OUT_OF_RESOURCES, CLADE_ERR_DEVICE_MEMORY, "cannot allocate 128 bytes" },
        { NULL, CL_OUT_OF_HOST_MEMORY, CLADE_ERR_MEMORY, "CL_OUT_OF_HOST_MEMORY (-6)" },
        { NULL, CL_DEVICE_NOT_AVAILABLE, CLADE_ERR_DEVICE_LOST, "CL_DEVICE_NOT_AVAILABLE (-2)" },
        { NULL, -1121, CLADE_ERR_DEVICE_LOST, "(-1121)" },
        { NULL, -9999, CLADE_ERR_DEVICE_LOST, "(-9999)" },
        { NULL, -12345, CLADE_ERR_DEVICE, "(-12345)" },
        { NULL, CL_INVALID_VALUE, CLADE_ERR_INTERNAL, "CL_INVALID_VALUE (-30)" },
    };
    cld_ocl *ocl;
    cld_mem *mem;
    ck_ok(cld_ocl_open(&ocl, NULL, NULL, &err), err);
    for (size_t i = 0; i < CLD_COUNT(cases); i++) {
        fault_in("clCreateBuffer", 1, cases[i].code);
        ck_refused(cld_mem_new(&mem, ocl, 128, &err), cases[i].status, cases[i].part, err);
        ck_ok(cld_mem_new(&mem, ocl, 128, &err), err);
        cld_mem_free(mem);
    }
    cld_ocl_release(ocl);
}
END_TEST

/* What is no fault of the source is not looked for in the source, kernel by kernel. */
START_TEST(builds) {
    static const expected cases[] = {
        { "clBuildProgram", CL_OUT_OF_HOST_MEMORY, CLADE_ERR_MEMORY, "cannot be compiled" },
        { "clBuildProgram", CL_OUT_OF_RESOURCES, CLADE_ERR_DEVICE_MEMORY, "cannot be compiled" },
        { "clBuildProgram", CL_DEVICE_NOT_AVAILABLE, CLADE_ERR_DEVICE_LOST, "cannot be compiled" },
        { "clCreateProgramWithSource", CL_OUT_OF_HOST_MEMORY, CLADE_ERR_MEMORY, "cannot be compiled" },
        { "clBuildProgram", CL_BUILD_PROGRAM_FAILURE, CLADE_ERR_BUILD, "do not compile together" },
    };
    clade_device *device = mlp_device("");
    clade_model *model = mlp_load();
    clade_session *session = mlp_session(device, model, 0);
    clade_tensor input = mlp_input(1);
    ck_ok(clade_session_set_input(session, "x", &input, &err), err);
    for (size_t i = 0; i < CLD_COUNT(cases); i++) {
        fault_in(cases[i].function, 1, cases[i].code);
        ck_refused(clade_session_compile(session, &err), cases[i].status, cases[i].part, err);
        if (cases[i].status != CLADE_ERR_BUILD)
            ck_assert_int_eq(fault_calls("clCreateProgramWithSource"), 1);
    }
    fault_clear();
    mlp_predict(session, 1, NULL);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}
END_TEST

/* Drivers may allow a kernel smaller groups than the device: what was planned for larger ones is planned again. */
START_TEST(small_groups) {
    static const size_t limits[] = { 32, 8, 1 };
    clade_device_options options = CLADE_DEVICE_OPTIONS_INIT;
    clade_device *device;
    clade_model *model = mlp_load();
    float want[32 * MLP_OUTPUTS], got[32 * MLP_OUTPUTS];
    options.cache_dir = "";
    options.as = "gpu,group=64,blas=0";
    ck_ok(clade_device_open(&device, NULL, &options, &err), err);
    clade_session *session = mlp_session(device, model, 0);
    mlp_predict(session, 32, want);
    clade_session_free(session);
    session = mlp_session(device, model, 0);
    for (size_t i = 0; i < CLD_COUNT(limits); i++) {
        fault_groups(limits[i]);
        mlp_predict(session, 32 - (int64_t)i, got); /* a session that has shrunk may have to shrink again */
        for (size_t k = 0; k < (32 - i) * MLP_OUTPUTS; k++)
            ck_assert_float_eq_tol(got[k], want[k], 1e-6F);
    }
    fault_groups(0);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
}
END_TEST

Suite *suite_fault_status(void);
Suite *suite_fault_status(void) {
    Suite *suite = suite_create("fault/status");
    TCase *tcase = tcase_create("status");
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, opening, 0, 8);
    tcase_add_test(tcase, bad_device);
    tcase_add_test(tcase, nameless_platform);
    tcase_add_test(tcase, facts);
    tcase_add_test(tcase, buffers);
    tcase_add_test(tcase, builds);
    tcase_add_test(tcase, small_groups);
    suite_add_tcase(suite, tcase);
    return suite;
}
