/* SPDX-License-Identifier: Apache-2.0 */
/* Interoperation with OpenCL code of the caller: bring your own context and queue, take and give buffers.
 * Not included by clade.h, so that users without OpenCL headers can build.
 */
#ifndef CLADE_OPENCL_H
#define CLADE_OPENCL_H

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>

#include "session.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Opens a device on a context of the caller. Both are retained. ERR_ARGUMENT when `id` is not in `context`. */
CLADE_API CLADE_NODISCARD clade_status clade_device_open_opencl(clade_device **out, cl_context context, cl_device_id id,
                                                                const clade_device_options *options, clade_error *err);
/* Creates a session whose launches go to `queue` (retained): in-order, of the device's context. Work the caller
 * enqueued before a run is finished before the run begins. */
CLADE_API CLADE_NODISCARD clade_status clade_session_create_opencl(clade_session **out, clade_device *device,
                                                                   clade_model *model, cl_command_queue queue,
                                                                   const clade_session_options *options,
                                                                   clade_error *err);
/* Sets an input from a buffer of the session's context: `shape` gives dtype, rank and dims (data is ignored),
 * `offset_bytes` where the first element lies. The buffer is retained and read at each run, on the device. */
CLADE_API CLADE_NODISCARD clade_status clade_session_set_input_buffer(clade_session *session, const char *name,
                                                                      const clade_tensor *shape, cl_mem buffer,
                                                                      size_t offset_bytes, clade_error *err);
/* Copies output `name` of the last run into a buffer of the caller, on the device; returns when it is there.
 * `shape` (may be NULL) receives dtype, rank, dims and size_bytes, with data NULL. */
CLADE_API CLADE_NODISCARD clade_status clade_session_get_output_buffer(clade_session *session, const char *name,
                                                                       cl_mem buffer, size_t offset_bytes,
                                                                       clade_tensor *shape, clade_error *err);

#ifdef __cplusplus
}
#endif
#endif
