/* SPDX-License-Identifier: Apache-2.0 */
/* OpenCL's error codes as text and as statuses. */
#include "ocl/internal.h"

#include <stdio.h>

#define CODE(name, status)                                                                                             \
    { name, #name, CLADE_##status }

static const struct cl_code {
    cl_int code;
    const char *name;
    clade_status status;
} codes[] = {
    CODE(CL_DEVICE_NOT_FOUND, ERR_NO_DEVICE),
    CODE(CL_DEVICE_NOT_AVAILABLE, ERR_DEVICE_LOST),
    CODE(CL_COMPILER_NOT_AVAILABLE, ERR_DEVICE),
    CODE(CL_MEM_OBJECT_ALLOCATION_FAILURE, ERR_DEVICE_MEMORY),
    CODE(CL_OUT_OF_RESOURCES, ERR_DEVICE_MEMORY),
    CODE(CL_OUT_OF_HOST_MEMORY, ERR_MEMORY),
    CODE(CL_PROFILING_INFO_NOT_AVAILABLE, ERR_DEVICE),
    CODE(CL_MEM_COPY_OVERLAP, ERR_INTERNAL),
    CODE(CL_BUILD_PROGRAM_FAILURE, ERR_BUILD),
    CODE(CL_MAP_FAILURE, ERR_DEVICE),
    CODE(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST, ERR_DEVICE),
    CODE(CL_INVALID_VALUE, ERR_INTERNAL),
    CODE(CL_INVALID_DEVICE, ERR_DEVICE),
    CODE(CL_INVALID_CONTEXT, ERR_DEVICE),
    CODE(CL_INVALID_QUEUE_PROPERTIES, ERR_DEVICE),
    CODE(CL_INVALID_COMMAND_QUEUE, ERR_DEVICE),
    CODE(CL_INVALID_MEM_OBJECT, ERR_INTERNAL),
    CODE(CL_INVALID_BINARY, ERR_BUILD),
    CODE(CL_INVALID_BUILD_OPTIONS, ERR_BUILD),
    CODE(CL_INVALID_PROGRAM, ERR_BUILD),
    CODE(CL_INVALID_PROGRAM_EXECUTABLE, ERR_BUILD),
    CODE(CL_INVALID_KERNEL_NAME, ERR_INTERNAL),
    CODE(CL_INVALID_KERNEL_DEFINITION, ERR_BUILD),
    CODE(CL_INVALID_KERNEL, ERR_INTERNAL),
    CODE(CL_INVALID_ARG_INDEX, ERR_INTERNAL),
    CODE(CL_INVALID_ARG_VALUE, ERR_INTERNAL),
    CODE(CL_INVALID_ARG_SIZE, ERR_INTERNAL),
    CODE(CL_INVALID_KERNEL_ARGS, ERR_INTERNAL),
    CODE(CL_INVALID_WORK_DIMENSION, ERR_INTERNAL),
    CODE(CL_INVALID_WORK_GROUP_SIZE, ERR_INTERNAL),
    CODE(CL_INVALID_WORK_ITEM_SIZE, ERR_INTERNAL),
    CODE(CL_INVALID_GLOBAL_OFFSET, ERR_INTERNAL),
    CODE(CL_INVALID_EVENT_WAIT_LIST, ERR_INTERNAL),
    CODE(CL_INVALID_EVENT, ERR_INTERNAL),
    CODE(CL_INVALID_OPERATION, ERR_DEVICE),
    CODE(CL_INVALID_BUFFER_SIZE, ERR_DEVICE_MEMORY),
    CODE(CL_INVALID_GLOBAL_WORK_SIZE, ERR_INTERNAL),
    CODE(CL_INVALID_PROPERTY, ERR_INTERNAL),
    /* Of extensions and drivers: there is no using the context after these. */
    { -1121, "CL_CONTEXT_TERMINATED_KHR", CLADE_ERR_DEVICE_LOST },
    { -9999, "a kernel's access out of bounds", CLADE_ERR_DEVICE_LOST },
};

static const struct cl_code *find(cl_int code) {
    for (size_t i = 0; i < CLD_COUNT(codes); i++)
        if (codes[i].code == code)
            return &codes[i];
    return NULL;
}

const char *cld_cl_text(cl_int code) {
    const struct cl_code *known = find(code);
    return known ? known->name : "an error code outside OpenCL 1.2";
}

clade_status cld_cl_status(cl_int code) {
    const struct cl_code *known = find(code);
    return known ? known->status : CLADE_ERR_DEVICE;
}

clade_status cld_cl_fail(clade_error *err, cl_int code, const char *format, ...) {
    char what[300];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return cld_fail(err, cld_cl_status(code), "%s: %s (%d)", what, cld_cl_text(code), (int)code);
}
