/* SPDX-License-Identifier: Apache-2.0 */
/* In-order queues, Clade's own or the caller's, and the device times of what went through them.
 *
 * Without profiling no event is ever asked for, so drivers keep none. With it, events live until their times are read.
 */
#include "ocl/internal.h"

#include <sched.h>
#include <time.h>

clade_status cld_queue_new(cld_queue **out, cld_ocl *ocl, bool profile, clade_error *err) {
    cl_int code = CL_SUCCESS;
    CLD_RETURN(cld_cl_enter(err));
    cld_queue *queue = cld_calloc(1, sizeof *queue);
    if (!queue)
        return cld_no_memory(err, "a queue");
    if (ocl->context) /* that of device 'none' has no handle, and stays empty */
        queue->handle = clCreateCommandQueue(ocl->context, ocl->device, profile ? CL_QUEUE_PROFILING_ENABLE : 0, &code);
    if (code != CL_SUCCESS) {
        cld_free(queue);
        return cld_cl_fail(err, code, "device '%s' gives no queue", ocl->info.name);
    }
    queue->ocl = cld_ocl_retain(ocl);
    queue->profile = profile;
    *out = queue;
    return CLADE_OK;
}

clade_status cld_queue_wrap(cld_queue **out, cld_ocl *ocl, void *cl_queue, clade_error *err) {
    cl_command_queue handle = cl_queue;
    cl_context context = NULL;
    cl_device_id device = NULL;
    cl_command_queue_properties properties = 0;
    CLD_RETURN(cld_cl_enter(err));
    cl_int code = handle ? CL_SUCCESS : CL_INVALID_COMMAND_QUEUE;
    if (code == CL_SUCCESS)
        code = clGetCommandQueueInfo(handle, CL_QUEUE_CONTEXT, sizeof context, &context, NULL);
    if (code == CL_SUCCESS)
        code = clGetCommandQueueInfo(handle, CL_QUEUE_DEVICE, sizeof device, &device, NULL);
    if (code == CL_SUCCESS)
        code = clGetCommandQueueInfo(handle, CL_QUEUE_PROPERTIES, sizeof properties, &properties, NULL);
    if (code != CL_SUCCESS)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "the caller's queue is not valid: %s", cld_cl_text(code));
    if (context != ocl->context || device != ocl->device)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "the caller's queue belongs to another %s than device '%s'",
                        context != ocl->context ? "context" : "device", ocl->info.name);
    if (properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "the caller's queue is out-of-order; an in-order one is needed");
    cld_queue *queue = cld_calloc(1, sizeof *queue);
    if (!queue)
        return cld_no_memory(err, "a queue");
    clRetainCommandQueue(handle);
    queue->handle = handle;
    queue->ocl = cld_ocl_retain(ocl);
    *out = queue;
    return CLADE_OK;
}

void cld_queue_free(cld_queue *queue) {
    if (!queue || cld_forked())
        return;
    (void)cld_queue_finish(queue, NULL);
    cld_queue_clear_timings(queue);
    if (queue->handle)
        clReleaseCommandQueue(queue->handle);
    cld_ocl_release(queue->ocl);
    cld_free(queue->events);
    cld_free(queue->timings);
    cld_free(queue);
}

/* For drivers whose clFinish burns a core: looks at a marker, at first at once again, so that short runs end promptly,
 * then with pauses that grow to 0.2 ms, so that long ones cost nothing. */
static cl_int wait_politely(cl_command_queue queue) {
    cl_event marker;
    cl_int code = clEnqueueMarkerWithWaitList(queue, 0, NULL, &marker), state = CL_QUEUED;
    if (code != CL_SUCCESS)
        return code;
    code = clFlush(queue);
    for (long looks = 0; code == CL_SUCCESS; looks++) {
        code = clGetEventInfo(marker, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
        if (code == CL_SUCCESS && state <= CL_COMPLETE)
            break;
        if (looks < 100)
            sched_yield();
        else
            nanosleep(&(struct timespec){ .tv_nsec = CLD_MIN(looks * 100, 200000L) }, NULL);
    }
    clReleaseEvent(marker);
    return code != CL_SUCCESS ? code : CLD_MIN(state, CL_SUCCESS);
}

clade_status cld_queue_finish(cld_queue *queue, clade_error *err) {
    CLD_RETURN(cld_cl_enter(err));
    if (!queue->handle)
        return CLADE_OK;
    cl_int code = queue->ocl->quirks & CLD_QUIRK_SPINS ? wait_politely(queue->handle) : CL_SUCCESS;
    if (code == CL_SUCCESS)
        code = clFinish(queue->handle);
    return code == CL_SUCCESS ? CLADE_OK : cld_cl_fail(err, code, "device '%s' failed", queue->ocl->info.name);
}

/* ---- timings ---------------------------------------------------------------------------------------------------- */

cl_event *cld_queue_event(cld_queue *queue, cld_event *event, const void *tag) {
    *event = (cld_event){ .tag = tag };
    return queue->profile ? &event->end : NULL;
}

static void release(const cld_event *event) {
    if (cld_forked())
        return;
    if (event->begin)
        clReleaseEvent(event->begin);
    if (event->end)
        clReleaseEvent(event->end);
}

/* Doubles *array when it is full. */
static bool grow(void **array, size_t *capacity, size_t count, size_t item_bytes) {
    size_t wanted = *capacity ? *capacity * 2 : 256;
    if (count < *capacity)
        return true;
    void *grown = cld_realloc(*array, wanted, item_bytes);
    if (!grown)
        return false;
    *array = grown;
    *capacity = wanted;
    return true;
}

clade_status cld_queue_note(cld_queue *queue, const cld_event *event, clade_error *err) {
    if (!event->end)
        return CLADE_OK;
    if (!grow((void **)&queue->events, &queue->cap_events, queue->n_events, sizeof *event)) {
        release(event);
        return cld_no_memory(err, "the profile");
    }
    queue->events[queue->n_events++] = *event;
    return CLADE_OK;
}

static uint64_t event_time(cl_event event, cl_profiling_info what) {
    cl_ulong ns = 0;
    (void)clGetEventProfilingInfo(event, what, sizeof ns, &ns, NULL);
    return ns;
}

size_t cld_queue_timings(cld_queue *queue, const cld_timing **out) {
    for (size_t i = 0; i < queue->n_events; i++) {
        const cld_event *event = &queue->events[i];
        cl_event first = event->begin ? event->begin : event->end;
        if (grow((void **)&queue->timings, &queue->cap_timings, queue->n_timings, sizeof **out))
            queue->timings[queue->n_timings++] = (cld_timing){
                .tag = event->tag,
                .queued_ns = event_time(first, CL_PROFILING_COMMAND_QUEUED),
                .start_ns = event_time(first, event->begin ? CL_PROFILING_COMMAND_END : CL_PROFILING_COMMAND_START),
                .end_ns = event_time(event->end, CL_PROFILING_COMMAND_END),
            };
        release(event);
    }
    queue->n_events = 0;
    *out = queue->timings;
    return queue->n_timings;
}

void cld_queue_clear_timings(cld_queue *queue) {
    for (size_t i = 0; i < queue->n_events; i++)
        release(&queue->events[i]);
    queue->n_events = 0;
    queue->n_timings = 0;
}
