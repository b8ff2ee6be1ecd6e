/* SPDX-License-Identifier: Apache-2.0 */
/* Sessions: a model compiled for a device, run on inputs.
 *
 * A session is used by one thread at a time, but for clade_session_call (clade/call.h), which any number of threads may
 * make on one session; several sessions may run on one device in several threads. A call that
 * overlaps another on the same session, also one out of a callback of it, is ERR_ARGUMENT. Between calls a session may
 * go from thread to thread, with one rule, so that no thread reads what another asked: an input that several threads
 * have set is run only by the one that set it last, and then a run is read only by the thread that made it; else
 * ERR_ARGUMENT. The life of a run: set every input, run, read the outputs. Plans are made per combination of input
 * shapes and kept, so a shape that comes again costs nothing.
 */
#ifndef CLADE_SESSION_H
#define CLADE_SESSION_H

#include "device.h"
#include "model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct clade_session clade_session;

typedef struct clade_session_options {
    size_t size_bytes;       /* sizeof(clade_session_options): start from CLADE_SESSION_OPTIONS_INIT */
    int profile;             /* 1: time every kernel; clade_session_write_trace then has something to write */
    int no_blas;             /* 1: never take a CLBlast row */
    const char *prefer_impl; /* NULL, or "Op=row[,Op=row...]": take that row of that operator where it is applicable,
                              * as a dump names it: "Conv=im2col > panels(kb 64)" also says parameters and the row
                              * of the problem within; ERR_NOT_FOUND lists what there is */
    size_t max_plans;        /* plans kept, least recently used dropped first; 0: 16. One for each combination of input
                              * shapes and of the values that decide shapes or control flow */
    size_t max_device_bytes; /* device memory that the session may hold; 0: what the device has. To stay below it plans
                              * are dropped, least recently used first; a run that needs more by itself is refused
                              * (ERR_LIMIT, with the number it needs; ERR_DEVICE_MEMORY) */
    clade_progress_fn
        progress; /* called while plans are made, around the build of kernels, at each step of a plan's first run, where
                   * drivers compile too, and around saving to the cache; may cancel; NULL: none */
    void *progress_user;
    int unchecked_indices; /* 1: an index that the device meets and that is out of range is taken for the nearest one in
                            * range, in silence. 0: clade_session_run fails */
    size_t max_host_bytes; /* host memory that plans and what is computed for them may take (ERR_LIMIT names the node
                            * that is too much); 0: 2 GiB. Beyond half of it fewer than max_plans are kept */
    size_t max_cuts;  /* values that one run may read to decide what follows: one per step of a loop whose condition is
                       * computed (ERR_LIMIT names the loop); 0: 20,000 */
    size_t max_calls; /* clade_session_call: so many at a time, each with plans and an arena of its own; 0: 8 */
    int no_records;   /* 1: rows are chosen by estimated cost alone, not by what was measured on this device */
    double tune_seconds;   /* above 0: before a plan is made, the problems in it that nothing was measured for are tuned
                            * for about so long, lightly: without CLBlast, and without a look at the whole model, as
                            * clade_session_tune (clade/tune.h) has it. Not with no_records; ERR_ARGUMENT where the device
                            * has no place for records */
    clade_dtype precision; /* CLADE_FLOAT16: what products, convolutions, recurrent layers and what lies between them
                            * read and write of float32 is held as float16, weights too; sums are float32, inputs and
                            * outputs keep their types. Half the memory and its traffic; each result in between is
                            * rounded to 11 bits (2^-11 of its size), and beyond 65504 it is infinite. CLADE_NONE,
                            * CLADE_FLOAT32: as the model has it. Others: ERR_ARGUMENT */
} clade_session_options;
#define CLADE_SESSION_OPTIONS_INIT CLADE_SIZED_INIT(clade_session_options)

/* Creates a session; it keeps references to `device` and `model`. Cheap: plans and programs come later. A model whose
 * operators are not all supported is refused here (ERR_UNSUPPORTED: names the node and the reason). `options` may be
 * NULL. The caller owns *out: clade_session_free. */
CLADE_API CLADE_NODISCARD clade_status clade_session_create(clade_session **out, clade_device *device,
                                                            clade_model *model, const clade_session_options *options,
                                                            clade_error *err);
/* NULL is fine. No call may be under way in another thread; in a callback of the session it takes effect afterwards. */
CLADE_API void clade_session_free(clade_session *session);

/* Sets one input. `name` NULL means the only input. Checks name, dtype and shape against the model; copies the data, so
 * the caller may reuse `tensor` at once. Inputs keep their value until set again.
 * ERR_NOT_FOUND, ERR_DTYPE, ERR_SHAPE, ERR_ARGUMENT, ERR_MEMORY. */
CLADE_API CLADE_NODISCARD clade_status clade_session_set_input(clade_session *session, const char *name,
                                                               const clade_tensor *tensor, clade_error *err);
/* The same from constant memory of any layout; the copy is dense. clade_session_set_input is this for a dense tensor
 * whose size_bytes is exact. */
CLADE_API CLADE_NODISCARD clade_status clade_session_set_input_view(clade_session *session, const char *name,
                                                                    const clade_view *view, clade_error *err);

/* Gives an input back its default. ERR_ARGUMENT: it has none. */
CLADE_API CLADE_NODISCARD clade_status clade_session_reset_input(clade_session *session, const char *name,
                                                                 clade_error *err);

/* Plans, allocates and compiles everything the present input shapes need, as far as that is known before running, and
 * does not run. clade_session_run does it when it was not done. */
CLADE_API CLADE_NODISCARD clade_status clade_session_compile(clade_session *session, clade_error *err);

/* Device bytes the plan for the present input shapes needs: exact, and known before any of it is allocated.
 * Every input must be set (only its dtype and shape matter, unless its value decides a shape). A model whose later
 * shapes depend on data reports the part that can be planned before running; where that part comes in several pieces,
 * weights that two of them read count twice. */
CLADE_API CLADE_NODISCARD clade_status clade_session_required_bytes(clade_session *session, size_t *out,
                                                                    clade_error *err);

/* Runs on the inputs set; returns when the outputs can be read. ERR_ARGUMENT names an input that is not set, or the
 * node that met an index (of Gather, ScatterND, ..., also a class of a loss, a sequence length) out of range, with the
 * index and the number of entries: the first one the device met, of several in one node any. Nothing is left to read
 * then, and the session can be used on. */
CLADE_API CLADE_NODISCARD clade_status clade_session_run(clade_session *session, clade_error *err);

/* Gives output `name` (NULL: the only one) of the last run as a tensor the caller owns: clade_tensor_free.
 * ERR_ARGUMENT: that run failed, or its plan has been dropped since to make room for another. ERR_NOT_FOUND. */
CLADE_API CLADE_NODISCARD clade_status clade_session_get_output(clade_session *session, const char *name,
                                                                clade_tensor *out, clade_error *err);
/* Reads output `name` of the last run into memory of the caller: `tensor->data` with `tensor->size_bytes` bytes, which
 * must be exactly enough; dtype and dims are filled in. */
CLADE_API CLADE_NODISCARD clade_status clade_session_read_output_into(clade_session *session, const char *name,
                                                                      clade_tensor *tensor, clade_error *err);

/* Gives back the device memory that is not in use: the arena, device copies of inputs, plans other than the last run's,
 * whose results stay readable. What is needed again is made again. */
CLADE_API CLADE_NODISCARD clade_status clade_session_trim(clade_session *session, clade_error *err);

typedef struct clade_session_stats {
    size_t size_bytes; /* sizeof(clade_session_stats): start from CLADE_SESSION_STATS_INIT */
    size_t plans;      /* plans held now. Plans, programs and launches of calls (clade/call.h) do not count, bytes do */
    size_t program_cache_hits; /* programs loaded from the store */
    size_t program_builds;     /* programs compiled from source */
    size_t weight_bytes;       /* device bytes of the model's weights, packed copies and those that a CPU reads in
                                * place included; all its sessions on the device share them */
    size_t peak_bytes;         /* device bytes held at most, weights included */
    size_t launches;           /* steps of the last run: kernels, BLAS calls, copies and fills */
    size_t held_bytes;         /* device bytes held now, weights included */
} clade_session_stats;
#define CLADE_SESSION_STATS_INIT CLADE_SIZED_INIT(clade_session_stats)
CLADE_API CLADE_NODISCARD clade_status clade_session_get_stats(const clade_session *session, clade_session_stats *out,
                                                               clade_error *err);

typedef enum clade_dump_format { CLADE_DUMP_TEXT, CLADE_DUMP_DOT } clade_dump_format;
/* The compiled graph and plan as text for a person, or as Graphviz input. The caller frees *out: clade_string_free. */
CLADE_API CLADE_NODISCARD clade_status clade_session_dump(clade_session *session, clade_dump_format format, char **out,
                                                          clade_error *err);
/* The graph behind the named pass, or (before: not 0) in front of it: "specialise" makes it from the model for the
 * present inputs, then come the passes that `clade dump --after` lists. Of a run that reads values which decide what
 * follows, the part up to the first of them. ERR_NOT_FOUND lists the passes. */
CLADE_API CLADE_NODISCARD clade_status clade_session_dump_pass(clade_session *session, const char *pass, int before,
                                                               clade_dump_format format, char **out, clade_error *err);
/* Writes the OpenCL C of the kernels that the same plan launches into `directory`, which must be there: a file
 * FAMILY.cl for each file of Clade's cl/ that it takes some of, complete as it stands. For a compiler, for a person. */
CLADE_API CLADE_NODISCARD clade_status clade_session_write_programs(clade_session *session, const char *directory,
                                                                    clade_error *err);
/* Writes the last run as a Chrome trace (JSON) with the device time of every launch. Needs options.profile
 * and, like reading an output, a run that has finished and whose plan has not been dropped since. */
CLADE_API CLADE_NODISCARD clade_status clade_session_write_trace(clade_session *session, const char *path,
                                                                 clade_error *err);

#ifdef __cplusplus
}
#endif
#endif
