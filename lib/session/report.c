/* SPDX-License-Identifier: Apache-2.0 */
/* What a session looks like from outside: graph and plan as text or Graphviz, and the last run as a Chrome trace. */
#include "session/session_internal.h"

#include <stdlib.h>

/* Stages of the path that ends at `last`, first one first. */
static void add_stages(const cld_stage *last, clade_dump_format format, cld_text *out) {
    if (last->parent)
        add_stages(last->parent, format, out);
    if (format == CLADE_DUMP_DOT) {
        cld_graph_dot(last->segment.graph, out);
        return;
    }
    cld_graph_text(last->segment.graph, false, out);
    cld_plan_text(last->plan, out);
    if (last->segment.cut_slot)
        cld_text_printf(out, "cut: node '%s' needs a value\n", last->segment.cut_node->name);
}

static clade_status check_format(clade_dump_format format, char **out, clade_error *err) {
    if (out && (format == CLADE_DUMP_TEXT || format == CLADE_DUMP_DOT))
        return CLADE_OK;
    return cld_fail(err, CLADE_ERR_ARGUMENT, "out must not be NULL, format is text or dot");
}

/* Takes the text. */
static clade_status hand_out(cld_text *text, char **out, clade_error *err) {
    if (text->failed || !text->data) {
        cld_text_free(text);
        return cld_no_memory(err, "a dump");
    }
    /* Names from a model file end up here, and this may end up on a terminal. */
    for (char *c = text->data; *c; c++)
        if (((unsigned char)*c < 0x20 && *c != '\n') || *c == 0x7f)
            *c = ' ';
    *out = text->data;
    return CLADE_OK;
}

static clade_status dump(clade_session *session, clade_dump_format format, char **out, clade_error *err) {
    cld_text text = { 0 };
    CLD_RETURN(check_format(format, out, err));
    cld_stage *last = session->last;
    if (cld_session_own_run(session, NULL) != CLADE_OK)
        CLD_RETURN(cld_session_plan(session, &last, err));
    add_stages(last, format, &text);
    return hand_out(&text, out, err);
}

clade_status clade_session_dump(clade_session *session, clade_dump_format format, char **out, clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, dump(session, format, out, err));
}

/* ---- behind a pass ---- */

static const char specialise[] = "specialise";

/* How many of the static passes run up to there; -1: none of them is meant. */
static int32_t passes_until(const char *pass, bool before) {
    if (strcmp(pass, specialise) == 0)
        return before ? -1 : 0;
    for (int32_t k = 0; cld_static_passes[k].name; k++)
        if (strcmp(pass, cld_static_passes[k].name) == 0)
            return before ? k : k + 1;
    return -1;
}

static clade_status unknown_pass(const char *pass, clade_error *err) {
    cld_text names = { 0 };
    for (int32_t k = 0; cld_static_passes[k].name; k++)
        cld_text_printf(&names, ", %s", cld_static_passes[k].name);
    clade_status status = cld_fail(err, CLADE_ERR_NOT_FOUND, "there is nothing to show at '%s'; the passes are %s%s",
                                   pass, specialise, names.data ? names.data : "");
    cld_text_free(&names);
    return status;
}

static clade_status dump_pass(clade_session *session, const char *pass, bool before, clade_dump_format format,
                              char **out, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_text text = { 0 };
    cld_walk *walk = NULL;
    cld_segment segment = { 0 };
    cld_stage *last;
    CLD_RETURN(check_format(format, out, err));
    if (!pass)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "pass must not be NULL");
    const int32_t count = passes_until(pass, before);
    if (count < 0)
        return unknown_pass(pass, err);
    CLD_RETURN(cld_session_plan(session, &last, err));
    CLD_TRY(cld_walk_new(&walk, cld_compile_graph(session), last->route->types, NULL, err));
    CLD_TRY(cld_walk_next(walk, &segment, err));
    CLD_TRY(cld_compile_passes(session, segment.graph, count, err));
    if (format == CLADE_DUMP_DOT)
        cld_graph_dot(segment.graph, &text);
    else
        cld_graph_text(segment.graph, false, &text);
    CLD_TRY(hand_out(&text, out, err));
fail:
    cld_graph_free(segment.graph);
    cld_walk_free(walk);
    return status;
}

clade_status clade_session_dump_pass(clade_session *session, const char *pass, int before, clade_dump_format format,
                                     char **out, clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, dump_pass(session, pass, before != 0, format, out, err));
}

/* ---- programs --------------------------------------------------------------------------------------------------- */

static clade_status add_kernels(cld_batch *batch, const cld_stage *last, clade_error *err) {
    int32_t handle;
    for (const cld_stage *stage = last; stage; stage = stage->parent)
        for (int32_t s = 0; s < stage->plan->steps.n_steps; s++)
            if (stage->plan->steps.steps[s].kind == CLD_STEP_KERNEL)
                CLD_RETURN(cld_batch_add(batch, &stage->plan->steps.steps[s], &handle, err));
    return CLADE_OK;
}

static clade_status write_program(const char *directory, const char *family, const char *text, clade_error *err) {
    cld_text path = { 0 };
    cld_text_printf(&path, "%s/%s.cl", directory, family);
    clade_status status =
        path.failed ? cld_no_memory(err, "a path") : cld_file_write(path.data, text, strlen(text), err);
    cld_text_free(&path);
    return status;
}

static clade_status write_programs(clade_session *session, const char *directory, clade_error *err) {
    cld_batch *batch = NULL;
    cld_stage *last = session->last;
    const char *family;
    if (!directory)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "directory must not be NULL");
    if (cld_session_own_run(session, NULL) != CLADE_OK)
        CLD_RETURN(cld_session_plan(session, &last, err));
    clade_status status = cld_batch_new(&batch, session->device->ocl, err);
    if (status == CLADE_OK)
        status = add_kernels(batch, last, err);
    for (int32_t k = 0; status == CLADE_OK; k++) {
        char *text;
        status = cld_batch_text(&text, &family, batch, k, err);
        if (status != CLADE_OK || !text)
            break;
        status = write_program(directory, family, text, err);
        cld_free(text);
    }
    cld_batch_free(batch);
    return status;
}

clade_status clade_session_write_programs(clade_session *session, const char *directory, clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, write_programs(session, directory, err));
}

/* Trace Event Format, "X" (complete) events; times are microseconds from the first start. */
static clade_status write_trace(clade_session *session, const char *path, clade_error *err) {
    const cld_timing *timings;
    cld_text text = { 0 };
    if (!path)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "path must not be NULL");
    if (!session->options.profile)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "the session was not created with options.profile");
    CLD_RETURN(cld_session_own_run(session, err)); /* the steps that were timed belong to a plan that may be gone */
    size_t count = cld_queue_timings(cld_exec_queue(session->exec), &timings);
    cld_text_add(&text, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
    bool first = true;
    for (size_t k = 0; k < count; k++) {
        const cld_step *step = timings[k].tag;
        if (!step) /* an upload */
            continue;
        cld_text_add(&text, first ? "\n{\"name\":" : ",\n{\"name\":");
        cld_text_json(&text, step->node);
        cld_text_printf(
            &text, ",\"cat\":\"%s\",\"ph\":\"X\",\"pid\":1,\"tid\":1,\"ts\":%.3f,\"dur\":%.3f,\"args\":{\"row\":",
            step->entry ? step->entry : "transfer", (double)(timings[k].start_ns - timings[0].start_ns) / 1e3,
            (double)(timings[k].end_ns - timings[k].start_ns) / 1e3);
        cld_text_json(&text, step->impl);
        cld_text_add(&text, "}}");
        first = false;
    }
    cld_text_add(&text, "\n]}\n");
    clade_status status = text.failed ? cld_no_memory(err, "a trace") : cld_file_write(path, text.data, text.size, err);
    cld_text_free(&text);
    return status;
}

clade_status clade_session_write_trace(clade_session *session, const char *path, clade_error *err) {
    CLD_RETURN(cld_session_enter(session, err));
    return cld_session_leave(session, write_trace(session, path, err));
}
