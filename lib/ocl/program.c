/* SPDX-License-Identifier: Apache-2.0 */
/* Programs: the kernel instances of a plan that the device does not have yet become one program.
 *
 * One program, because every build has a large fixed cost. The device's lock is held while one is built, so that two
 * threads that want the same instance build it once. Programs nobody uses are kept for plans to come, up to a number.
 */
#include "ocl/internal.h"

#include <stdio.h>
#include <time.h>

/* No -cl-fast-relaxed-math and nothing of its kind: NaN and infinity must come out right. No warnings: some drivers
 * print their number on the process's standard error. */
#define BUILD_OPTIONS "-cl-std=CL1.2 -w"

/* By default a quotient may be off by 2.5 units in the last place: enough to quantise to the neighbour. */
#define ROUNDED " -cl-fp32-correctly-rounded-divide-sqrt"
#define TRIG_APART " -DCLADE_TRIG_APART"

/* They are part of a program's key in the store. */
static const char *build_options(const cld_ocl *ocl) {
    static const char *const options[2][2] = { { BUILD_OPTIONS, BUILD_OPTIONS TRIG_APART },
                                               { BUILD_OPTIONS ROUNDED, BUILD_OPTIONS ROUNDED TRIG_APART } };
    return options[ocl->caps.rounds][(ocl->quirks & CLD_QUIRK_TRIG_APART) != 0];
}
enum { MAX_IDLE_PROGRAMS = 128 };

typedef struct batch_entry {
    int32_t paste;
    char *name;
} batch_entry;

struct cld_batch {
    cld_ocl *ocl; /* retained */
    cld_arena *arena;
    cld_paste **pastes;
    cld_program **programs; /* of each paste, once built */
    int32_t n_pastes, cap_pastes;
    batch_entry *entries; /* a handle is an index here */
    int32_t n_entries, cap_entries;
    cld_program_stats stats;
};

/* ---- programs of the device ------------------------------------------------------------------------------------- */

static void program_free(cld_program *program) {
    if (program->handle)
        clReleaseProgram(program->handle);
    cld_arena_free(program->arena); /* holds the program itself */
}

void cld_programs_drop(cld_ocl *ocl) {
    for (int32_t i = 0; i < ocl->n_programs; i++)
        program_free(ocl->programs[i]);
    cld_free(ocl->programs);
}

/* The program that holds the instance, counting one more user; NULL: none does. */
static cld_program *use_program(cld_ocl *ocl, const cld_paste *paste) {
    for (int32_t p = 0; p < ocl->n_programs; p++)
        for (int32_t i = 0; i < ocl->programs[p]->n_ids; i++)
            if (strcmp(ocl->programs[p]->ids[i], paste->id) == 0) {
                ocl->programs[p]->users++;
                ocl->programs[p]->last_use = ++ocl->uses;
                return ocl->programs[p];
            }
    return NULL;
}

/* Makes room for one more program by dropping the one that has been idle longest, if there are many. */
static void drop_idle(cld_ocl *ocl) {
    int32_t idle = 0, oldest = -1;
    for (int32_t i = 0; i < ocl->n_programs; i++) {
        if (ocl->programs[i]->users > 0)
            continue;
        idle++;
        if (oldest < 0 || ocl->programs[i]->last_use < ocl->programs[oldest]->last_use)
            oldest = i;
    }
    if (idle < MAX_IDLE_PROGRAMS)
        return;
    program_free(ocl->programs[oldest]);
    ocl->programs[oldest] = ocl->programs[--ocl->n_programs];
}

static clade_status program_new(cld_program **out, cld_ocl *ocl, cld_paste *const *pastes, int32_t count,
                                clade_error *err) {
    cld_arena *arena = cld_arena_new();
    cld_program *program = arena ? cld_arena_alloc(arena, sizeof *program) : NULL;
    drop_idle(ocl);
    cld_program **grown = cld_realloc(ocl->programs, (size_t)ocl->n_programs + 1, sizeof *grown);
    if (grown)
        ocl->programs = grown;
    if (program)
        program->ids = cld_arena_calloc(arena, (size_t)count, sizeof *program->ids);
    bool complete = program && program->ids && grown;
    for (int32_t i = 0; i < count && complete; i++)
        complete = (program->ids[i] = cld_arena_text(arena, pastes[i]->id)) != NULL;
    if (!complete) {
        cld_arena_free(arena);
        return cld_no_memory(err, "a program");
    }
    program->arena = arena;
    program->n_ids = count;
    *out = program;
    return CLADE_OK;
}

static double now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

/* ---- compiling -------------------------------------------------------------------------------------------------- */

/* The build log, line by line to the log hook; its first error into `line`. */
static void report_log(const cld_ocl *ocl, cl_program program, char *line, size_t line_size) {
    size_t bytes = 0;
    (void)clGetProgramBuildInfo(program, ocl->device, CL_PROGRAM_BUILD_LOG, 0, NULL, &bytes);
    char *log = cld_calloc(1, bytes + 1);
    if (log)
        (void)clGetProgramBuildInfo(program, ocl->device, CL_PROGRAM_BUILD_LOG, bytes, log, NULL);
    snprintf(line, line_size, "the driver says nothing");
    bool found = false;
    for (char *rest = log, *text; rest && (text = strsep(&rest, "\n"));) {
        if (!text[0])
            continue;
        cld_log(CLADE_LOG_WARNING, "%s", text);
        if (!found) /* the first line, until one with an error comes */
            found = strstr(text, "error") || strstr(text, "ERROR"), snprintf(line, line_size, "%s", text);
    }
    cld_free(log);
}

static cl_int compile(cl_program *out, const cld_ocl *ocl, const char *source) {
    cl_int code;
    *out = clCreateProgramWithSource(ocl->context, 1, &source, NULL, &code);
    return code == CL_SUCCESS ? clBuildProgram(*out, 1, &ocl->device, build_options(ocl), NULL, NULL) : code;
}

/* Each instance on its own, to find the one at fault; only on the way to an error. A code that does not speak of the
 * source (out of memory, a lost device) says all there is to say. */
static clade_status blame(const cld_ocl *ocl, cl_program whole, cld_paste **pastes, int32_t count, cl_int code,
                          clade_error *err) {
    char line[200] = "";
    if (cld_cl_status(code) != CLADE_ERR_BUILD)
        return cld_cl_fail(err, code, "%d kernels cannot be compiled on device '%s'", (int)count, ocl->info.name);
    for (int32_t i = 0; i < count; i++) {
        char *source;
        cl_program alone = NULL;
        CLD_RETURN(cld_source_text(&source, &pastes[i], 1, err));
        cl_int own = compile(&alone, ocl, source);
        if (own != CL_SUCCESS && alone)
            report_log(ocl, alone, line, sizeof line);
        if (alone)
            clReleaseProgram(alone);
        cld_free(source);
        if (own != CL_SUCCESS)
            return cld_fail(err, CLADE_ERR_BUILD, "node '%s': cl/%s.cl does not compile on device '%s': %s (%s)",
                            pastes[i]->node, pastes[i]->family, ocl->info.name, line, cld_cl_text(own));
    }
    if (whole) /* each compiles alone: two of them clash */
        report_log(ocl, whole, line, sizeof line);
    return cld_fail(err, CLADE_ERR_BUILD, "the kernels do not compile together on device '%s': %s (%s)", ocl->info.name,
                    line, cld_cl_text(code));
}

/* Loads or compiles the missing instances as one program and gives it to the device. */
static clade_status build_missing(cld_batch *batch, cld_paste **missing, int32_t count, clade_error *err) {
    cld_ocl *ocl = batch->ocl;
    cld_program *program = NULL;
    char *source = NULL;
    clade_status status;
    const double start = now_ms();
    CLD_TRY(program_new(&program, ocl, missing, count, err));
    CLD_TRY(cld_source_text(&source, missing, count, err));
    cld_binary_key(program->key, ocl, build_options(ocl), source);
    bool cached = cld_binary_load(program, ocl, build_options(ocl));
    if (!cached) {
        cl_int code = compile(&program->handle, ocl, source);
        if (code != CL_SUCCESS)
            CLD_TRY(blame(ocl, program->handle, missing, count, code, err));
    }
    *(cached ? &batch->stats.cache_hits : &batch->stats.builds) += 1;
    cld_log(CLADE_LOG_INFO, "%d kernels %s in %.0f ms", (int)count, cached ? "from the cache" : "compiled",
            now_ms() - start);
    ocl->programs[ocl->n_programs++] = program;
    program = NULL;
fail:
    cld_free(source);
    if (program)
        program_free(program);
    return status;
}

/* ---- the batch -------------------------------------------------------------------------------------------------- */

clade_status cld_batch_new(cld_batch **out, cld_ocl *ocl, clade_error *err) {
    cld_arena *arena = cld_arena_new();
    cld_batch *batch = arena ? cld_arena_alloc(arena, sizeof *batch) : NULL;
    if (!batch) {
        cld_arena_free(arena);
        return cld_no_memory(err, "a batch of programs");
    }
    batch->arena = arena;
    batch->ocl = cld_ocl_retain(ocl);
    *out = batch;
    return CLADE_OK;
}

static void release_programs(cld_batch *batch) {
    for (int32_t i = 0; batch->programs && i < batch->n_pastes; i++)
        if (batch->programs[i])
            batch->programs[i]->users--;
    batch->programs = NULL;
}

void cld_batch_free(cld_batch *batch) {
    if (!batch || cld_forked())
        return;
    cld_ocl *ocl = batch->ocl;
    cld_lock_take(ocl->lock);
    release_programs(batch);
    cld_lock_drop(ocl->lock);
    cld_arena_free(batch->arena);
    cld_ocl_release(ocl);
}

static clade_status find_or_add_paste(cld_batch *batch, const cld_step *step, int32_t *index, clade_error *err) {
    cld_paste *paste;
    CLD_RETURN(cld_paste_new(&paste, batch->arena, step, err));
    for (*index = 0; *index < batch->n_pastes; ++*index)
        if (strcmp(batch->pastes[*index]->id, paste->id) == 0)
            return CLADE_OK;
    if (!cld_arena_grow(batch->arena, (void **)&batch->pastes, &batch->cap_pastes, batch->n_pastes + 1, sizeof paste))
        return cld_no_memory(err, "a batch of programs");
    batch->pastes[batch->n_pastes++] = paste;
    return CLADE_OK;
}

clade_status cld_batch_add(cld_batch *batch, const cld_step *step, int32_t *handle, clade_error *err) {
    int32_t paste;
    CLD_RETURN(find_or_add_paste(batch, step, &paste, err));
    for (*handle = 0; *handle < batch->n_entries; ++*handle)
        if (batch->entries[*handle].paste == paste && strcmp(batch->entries[*handle].name, step->entry) == 0)
            return CLADE_OK;
    char *name = cld_arena_text(batch->arena, step->entry);
    if (!name || !cld_arena_grow(batch->arena, (void **)&batch->entries, &batch->cap_entries, batch->n_entries + 1,
                                 sizeof *batch->entries))
        return cld_no_memory(err, "a batch of programs");
    batch->entries[batch->n_entries++] = (batch_entry){ paste, name };
    return CLADE_OK;
}

/* Instances of the family of number `first`, from it on; none if it is not the first of its family. */
static int32_t take_family(cld_paste **out, const cld_batch *batch, int32_t first) {
    int32_t count = 0;
    for (int32_t i = 0; i < batch->n_pastes; i++)
        if (strcmp(batch->pastes[i]->family, batch->pastes[first]->family) == 0) {
            if (i < first)
                return 0;
            out[count++] = batch->pastes[i];
        }
    return count;
}

clade_status cld_batch_text(char **out, const char **family, const cld_batch *batch, int32_t k, clade_error *err) {
    cld_paste **of = cld_calloc((size_t)batch->n_pastes + 1, sizeof *of);
    int32_t count = 0;
    if (!of)
        return cld_no_memory(err, "the kernels' source");
    *out = NULL;
    for (int32_t i = 0; i < batch->n_pastes && k >= 0; i++)
        if ((count = take_family(of, batch, i)) > 0 && k-- == 0)
            break;
    clade_status status = CLADE_OK;
    if (k < 0) {
        *family = of[0]->family;
        status = cld_source_text(out, of, count, err);
    }
    cld_free(of);
    return status;
}

/* With the device's lock held. */
static clade_status build_locked(cld_batch *batch, clade_error *err) {
    cld_ocl *ocl = batch->ocl;
    int32_t n_missing = 0;
    cld_paste **missing = cld_arena_calloc(batch->arena, (size_t)batch->n_pastes, sizeof *missing);
    cld_program **programs = cld_arena_calloc(batch->arena, (size_t)batch->n_pastes, sizeof *programs);
    if (!missing || !programs)
        return cld_no_memory(err, "a batch of programs");
    release_programs(batch);
    batch->programs = programs;
    for (int32_t i = 0; i < batch->n_pastes; i++)
        if (!(programs[i] = use_program(ocl, batch->pastes[i]))) /* in use now, so that no other build drops it */
            missing[n_missing++] = batch->pastes[i];
    if (n_missing > 0)
        CLD_RETURN(build_missing(batch, missing, n_missing, err));
    for (int32_t i = 0; i < batch->n_pastes; i++)
        if (!programs[i])
            programs[i] = use_program(ocl, batch->pastes[i]);
    return CLADE_OK;
}

clade_status cld_batch_build(cld_batch *batch, clade_progress_fn progress, void *user, clade_error *err) {
    CLD_RETURN(cld_cl_enter(err));
    /* Outside the lock: the callback is the caller's code. */
    if (progress && progress(user, "compiling kernels", 0, (size_t)batch->n_pastes))
        return cld_fail(err, CLADE_ERR_CANCELLED, "cancelled before the kernels were compiled");
    cld_lock_take(batch->ocl->lock);
    clade_status status = build_locked(batch, err);
    cld_lock_drop(batch->ocl->lock);
    if (status == CLADE_OK && progress &&
        progress(user, "compiling kernels", (size_t)batch->n_pastes, (size_t)batch->n_pastes))
        return cld_fail(err, CLADE_ERR_CANCELLED, "cancelled after the kernels were compiled");
    return status;
}

clade_status cld_batch_save(cld_batch *batch, clade_progress_fn progress, void *user, clade_error *err) {
    if (!batch->programs || !cld_binary_wanted(batch->ocl))
        return CLADE_OK;
    /* Some CPU drivers compile every kernel once more when they are asked for the binary. */
    if (progress && progress(user, "saving compiled kernels", 0, 1))
        return cld_fail(err, CLADE_ERR_CANCELLED, "cancelled before the compiled kernels were saved");
    cld_lock_take(batch->ocl->lock);
    for (int32_t i = 0; i < batch->n_pastes; i++)
        cld_binary_save(batch->programs[i], batch->ocl);
    cld_lock_drop(batch->ocl->lock);
    if (progress && progress(user, "saving compiled kernels", 1, 1))
        return cld_fail(err, CLADE_ERR_CANCELLED, "cancelled after the compiled kernels were saved");
    return CLADE_OK;
}

void cld_batch_stats(const cld_batch *batch, cld_program_stats *out) { *out = batch->stats; }

clade_status cld_batch_find(const cld_batch *batch, int32_t handle, cld_instance *out, clade_error *err) {
    if (handle < 0 || handle >= batch->n_entries || !batch->programs)
        return cld_fail(err, CLADE_ERR_INTERNAL, "kernel %d of a batch of %d that is %sbuilt", handle, batch->n_entries,
                        batch->programs ? "" : "not ");
    const batch_entry *entry = &batch->entries[handle];
    const cld_paste *paste = batch->pastes[entry->paste];
    *out =
        (cld_instance){ batch->ocl, batch->programs[entry->paste]->handle, paste->family, entry->name, paste->suffix };
    return CLADE_OK;
}
