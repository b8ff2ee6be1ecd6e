/* SPDX-License-Identifier: Apache-2.0 */
/* See shim.h. */
#include "fault/shim.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The last argument of those that make an object is the code. */
#define GIVES_CODE(X)                                                                                                  \
    X(clGetPlatformIDs, (cl_uint n, cl_platform_id * p, cl_uint * r), (n, p, r))                                       \
    X(clGetPlatformInfo, (cl_platform_id p, cl_platform_info w, size_t n, void *v, size_t *r), (p, w, n, v, r))        \
    X(clGetDeviceIDs, (cl_platform_id p, cl_device_type t, cl_uint n, cl_device_id * d, cl_uint * r), (p, t, n, d, r)) \
    X(clGetDeviceInfo, (cl_device_id d, cl_device_info w, size_t n, void *v, size_t *r), (d, w, n, v, r))              \
    X(clGetContextInfo, (cl_context c, cl_context_info w, size_t n, void *v, size_t *r), (c, w, n, v, r))              \
    X(clGetMemObjectInfo, (cl_mem m, cl_mem_info w, size_t n, void *v, size_t *r), (m, w, n, v, r))                    \
    X(clGetProgramInfo, (cl_program p, cl_program_info w, size_t n, void *v, size_t *r), (p, w, n, v, r))              \
    X(clGetProgramBuildInfo, (cl_program p, cl_device_id d, cl_program_build_info w, size_t n, void *v, size_t *r),    \
      (p, d, w, n, v, r))                                                                                              \
    X(clGetEventInfo, (cl_event e, cl_event_info w, size_t n, void *v, size_t *r), (e, w, n, v, r))                    \
    X(clGetEventProfilingInfo, (cl_event e, cl_profiling_info w, size_t n, void *v, size_t *r), (e, w, n, v, r))       \
    X(clBuildProgram,                                                                                                  \
      (cl_program p, cl_uint n, const cl_device_id *d, const char *o, void(CL_CALLBACK * f)(cl_program, void *),       \
       void *u),                                                                                                       \
      (p, n, d, o, f, u))                                                                                              \
    X(clSetKernelArg, (cl_kernel k, cl_uint i, size_t n, const void *v), (k, i, n, v))                                 \
    X(clEnqueueWriteBuffer,                                                                                            \
      (cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t n, const void *p, cl_uint c, const cl_event *w,       \
       cl_event *e),                                                                                                   \
      (q, m, b, o, n, p, c, w, e))                                                                                     \
    X(clEnqueueReadBuffer,                                                                                             \
      (cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t n, void *p, cl_uint c, const cl_event *w,             \
       cl_event *e),                                                                                                   \
      (q, m, b, o, n, p, c, w, e))                                                                                     \
    X(clEnqueueCopyBuffer,                                                                                             \
      (cl_command_queue q, cl_mem a, cl_mem b, size_t s, size_t t, size_t n, cl_uint c, const cl_event *w,             \
       cl_event *e),                                                                                                   \
      (q, a, b, s, t, n, c, w, e))                                                                                     \
    X(clEnqueueFillBuffer,                                                                                             \
      (cl_command_queue q, cl_mem m, const void *p, size_t s, size_t o, size_t n, cl_uint c, const cl_event *w,        \
       cl_event *e),                                                                                                   \
      (q, m, p, s, o, n, c, w, e))                                                                                     \
    X(clEnqueueNDRangeKernel,                                                                                          \
      (cl_command_queue q, cl_kernel k, cl_uint d, const size_t *o, const size_t *g, const size_t *l, cl_uint c,       \
       const cl_event *w, cl_event *e),                                                                                \
      (q, k, d, o, g, l, c, w, e))                                                                                     \
    X(clEnqueueMarkerWithWaitList, (cl_command_queue q, cl_uint c, const cl_event *w, cl_event *e), (q, c, w, e))      \
    X(clFlush, (cl_command_queue q), (q))                                                                              \
    X(clFinish, (cl_command_queue q), (q))
#define GIVES_LIMIT(X)                                                                                                 \
    X(clGetKernelWorkGroupInfo,                                                                                        \
      (cl_kernel k, cl_device_id d, cl_kernel_work_group_info w, size_t n, void *v, size_t *r), (k, d, w, n, v, r))
#define MAKES(X)                                                                                                       \
    X(cl_context, clCreateContext,                                                                                     \
      (const cl_context_properties *p, cl_uint n, const cl_device_id *d,                                               \
       void(CL_CALLBACK * f)(const char *, const void *, size_t, void *), void *u, cl_int *code),                      \
      (p, n, d, f, u, code))                                                                                           \
    X(cl_command_queue, clCreateCommandQueue,                                                                          \
      (cl_context c, cl_device_id d, cl_command_queue_properties p, cl_int * code), (c, d, p, code))                   \
    X(cl_mem, clCreateBuffer, (cl_context c, cl_mem_flags f, size_t n, void *h, cl_int *code), (c, f, n, h, code))     \
    X(cl_program, clCreateProgramWithSource, (cl_context c, cl_uint n, const char **s, const size_t *l, cl_int *code), \
      (c, n, s, l, code))                                                                                              \
    X(cl_program, clCreateProgramWithBinary,                                                                           \
      (cl_context c, cl_uint n, const cl_device_id *d, const size_t *l, const unsigned char **b, cl_int *s,            \
       cl_int *code),                                                                                                  \
      (c, n, d, l, b, s, code))                                                                                        \
    X(cl_kernel, clCreateKernel, (cl_program p, const char *n, cl_int *code), (p, n, code))

enum {
#define X(name, parameters, arguments) K_##name,
    GIVES_CODE(X) GIVES_LIMIT(X)
#undef X
#define X(type, name, parameters, arguments) K_##name,
        MAKES(X)
#undef X
            KINDS
};

static const char *const names[KINDS] = {
#define X(name, parameters, arguments) #name,
    GIVES_CODE(X) GIVES_LIMIT(X)
#undef X
#define X(type, name, parameters, arguments) #name,
        MAKES(X)
#undef X
};

static long calls[KINDS], all_calls, wanted_n;
static int wanted_kind; /* KINDS: any */
static cl_int wanted_code;
static bool stays;
static const char *fired;
static size_t largest_group;

static void arm(int kind, long n, cl_int code, bool lost) {
    memset(calls, 0, sizeof calls);
    all_calls = 0;
    wanted_kind = kind, wanted_n = n, wanted_code = code, stays = lost;
    fired = NULL;
}

static int kind_of(const char *function) {
    int kind = 0;
    while (function && kind < KINDS && strcmp(names[kind], function) != 0)
        kind++;
    return function ? kind : KINDS;
}

void fault_at(long n, cl_int code, bool lost) { arm(KINDS, n, code, lost); }
void fault_in(const char *function, long n, cl_int code) { arm(kind_of(function), n, code, false); }
long fault_calls(const char *function) { return function ? calls[kind_of(function)] : all_calls; }

const char *fault_clear(void) {
    wanted_n = 0;
    return fired;
}

/* A lost device is still listed and described. */
static cl_int fault(int kind) {
    long n = ++calls[kind];
    all_calls++;
    if (wanted_n == 0)
        return CL_SUCCESS;
    if (fired)
        return stays && kind > K_clGetDeviceInfo ? wanted_code : CL_SUCCESS;
    if ((wanted_kind == KINDS ? all_calls : wanted_kind == kind ? n : 0) != wanted_n)
        return CL_SUCCESS;
    fired = names[kind];
    return wanted_code;
}

void fault_groups(size_t most) { largest_group = most; }

static cl_int limited(cl_int code, cl_kernel_work_group_info what, void *value) {
    size_t *group = value;
    if (code == CL_SUCCESS && what == CL_KERNEL_WORK_GROUP_SIZE && largest_group && *group > largest_group)
        *group = largest_group;
    return code;
}

static void *next(const char *name) {
    void *real = dlsym(RTLD_NEXT, name);
    if (!real) {
        fprintf(stderr, "the OpenCL library has no %s\n", name);
        abort();
    }
    return real;
}

#define X(name, parameters, arguments)                                                                                 \
    cl_int name parameters {                                                                                           \
        static cl_int(*real) parameters;                                                                               \
        if (!real)                                                                                                     \
            *(void **)&real = next(#name);                                                                             \
        cl_int failed = fault(K_##name);                                                                               \
        return failed ? failed : real arguments;                                                                       \
    }
GIVES_CODE(X)
#undef X
#define X(name, parameters, arguments)                                                                                 \
    cl_int name parameters {                                                                                           \
        static cl_int(*real) parameters;                                                                               \
        if (!real)                                                                                                     \
            *(void **)&real = next(#name);                                                                             \
        cl_int failed = fault(K_##name);                                                                               \
        return failed ? failed : limited(real arguments, w, v);                                                        \
    }
GIVES_LIMIT(X)
#undef X
#define X(type, name, parameters, arguments)                                                                           \
    type name parameters {                                                                                             \
        static type(*real) parameters;                                                                                 \
        if (!real)                                                                                                     \
            *(void **)&real = next(#name);                                                                             \
        cl_int failed = fault(K_##name);                                                                               \
        if (!failed)                                                                                                   \
            return real arguments;                                                                                     \
        if (code)                                                                                                      \
            *code = failed;                                                                                            \
        return NULL;                                                                                                   \
    }
MAKES(X)
#undef X
