/* SPDX-License-Identifier: Apache-2.0 */
/* clade/opencl.h: the caller's context, queue and buffers. The OpenCL handles pass through as they are. */
#include "clade/opencl.h"

#include "session/session_internal.h"

clade_status clade_device_open_opencl(clade_device **out, cl_context context, cl_device_id id,
                                      const clade_device_options *options, clade_error *err) {
    cld_ocl *ocl;
    clade_device_options known;
    if (!out)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL");
    *out = NULL;
    CLD_RETURN(cld_device_options(&known, options, err));
    CLD_RETURN(cld_ocl_open_context(&ocl, context, id, cld_store_open(known.cache_dir), err));
    return cld_device_wrap(out, ocl, &known, err);
}

clade_status clade_session_create_opencl(clade_session **out, clade_device *device, clade_model *model,
                                         cl_command_queue cl_queue, const clade_session_options *options,
                                         clade_error *err) {
    cld_queue *queue;
    if (!out || !device || !model)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "out, device and model must not be NULL");
    *out = NULL;
    CLD_RETURN(cld_queue_wrap(&queue, device->ocl, cl_queue, err));
    return cld_session_new(out, device, model, queue, options, NULL, err);
}

static clade_status set_input(clade_session *session, const char *name, const clade_tensor *shape, cl_mem buffer,
                              size_t offset_bytes, clade_error *err) {
    int32_t index;
    cld_mem *mem;
    size_t end;
    if (!shape)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "shape must not be NULL");
    CLD_RETURN(cld_session_find_input(session, name, &index, err));
    cld_type type = cld_tensor_type(shape);
    CLD_RETURN(cld_session_check_input(session, index, &type, err));
    CLD_RETURN(cld_mem_wrap(&mem, session->device->ocl, buffer, err));
    if (!cld_add_size(offset_bytes, cld_type_bytes(&type), &end) || end > cld_mem_bytes(mem)) {
        size_t have = cld_mem_bytes(mem);
        cld_mem_free(mem);
        return cld_fail(err, CLADE_ERR_ARGUMENT, "input '%s': %s at byte %zu does not fit a buffer of %zu bytes",
                        cld_session_input_name(session, index), CLD_TYPE_TEXT(&type), offset_bytes, have);
    }
    cld_input *input = &session->inputs[index];
    cld_input_clear(input);
    input->tensor = *shape;
    input->tensor.data = NULL;
    input->tensor.size_bytes = cld_type_bytes(&type);
    input->buffer = mem;
    input->buffer_offset = offset_bytes;
    cld_session_input_set(session, index, true);
    return CLADE_OK;
}

clade_status clade_session_set_input_buffer(clade_session *session, const char *name, const clade_tensor *shape,
                                            cl_mem buffer, size_t offset_bytes, clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, set_input(session, name, shape, buffer, offset_bytes, err));
}

static clade_status get_output(clade_session *session, const char *name, cl_mem buffer, size_t offset_bytes,
                               clade_tensor *shape, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_result result;
    cld_mem *mem;
    size_t end;
    CLD_RETURN(cld_session_result(session, name, &result, err));
    cld_queue *queue = cld_exec_queue(session->exec);
    size_t bytes = cld_type_bytes(&result.type);
    CLD_RETURN(cld_mem_wrap(&mem, session->device->ocl, buffer, err));
    if (!cld_add_size(offset_bytes, bytes, &end) || end > cld_mem_bytes(mem))
        CLD_TRY(cld_fail(err, CLADE_ERR_ARGUMENT, "output '%s': %s at byte %zu does not fit a buffer of %zu bytes",
                         result.name, CLD_TYPE_TEXT(&result.type), offset_bytes, cld_mem_bytes(mem)));
    if (result.known)
        CLD_TRY(cld_mem_write(queue, mem, offset_bytes, result.known->data, bytes, true, err));
    else
        CLD_TRY(cld_mem_copy(queue, mem, offset_bytes, result.mem, 0, bytes, NULL, err));
    CLD_TRY(cld_queue_finish(queue, err));
    if (shape) {
        *shape = (clade_tensor){ .dtype = result.type.dtype, .rank = result.type.rank, .size_bytes = bytes };
        memcpy(shape->dims, result.type.dims, sizeof result.type.dims);
    }
fail:
    cld_mem_free(mem);
    return status;
}

clade_status clade_session_get_output_buffer(clade_session *session, const char *name, cl_mem buffer,
                                             size_t offset_bytes, clade_tensor *shape, clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, get_output(session, name, buffer, offset_bytes, shape, err));
}
