/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 7: what stands behind the public handles. Read compile.c first. */
#ifndef CLD_SESSION_INTERNAL_H
#define CLD_SESSION_INTERNAL_H

#include "clade/session.h"
#include "exec/exec.h"
#include "io/io.h"
#include "pass/pass.h"
#include "store/records.h"

/* The constants of a model on a device, as long as a session uses them. */
typedef struct cld_shared {
    struct cld_shared *next;
    const clade_model *model;
    cld_weights *weights;
    int32_t users;
} cld_shared;

struct clade_device {
    cld_refs refs;
    cld_ocl *ocl;
    cld_records *records;    /* choices that were measured; NULL: none. Atomic, once the device is open */
    char *records_key;       /* what its records are filed under; NULL: it has none, being only stated */
    char *records_directory; /* as the caller said; NULL: nothing */
    cld_lock *lock;          /* guards what follows */
    cld_shared *shared;
};

typedef struct cld_operator_use {
    const char *domain, *type;
    size_t count;
    const cld_op *op;
    char reason[160];
} cld_operator_use;

struct clade_model {
    cld_refs refs;
    cld_graph *graph;          /* after the model passes */
    cld_graph *open;           /* where nothing was made of the defaults of inputs; NULL: there are none */
    cld_derived *derived;      /* what passes make of its constants */
    int32_t n_required;        /* inputs without a default: the first ones */
    cld_names inputs, outputs; /* name -> number */
    cld_model_facts facts;
    cld_operator_use *operators; /* in the graph's arena */
    int32_t n_operators;
    size_t node_count, parameter_count, weight_bytes;
};

/* How a stage comes again (turn.c): a loop that makes the same segment in every iteration is planned once. */
typedef struct cld_turns {
    bool known, yes; /* whether it does; `repeat` says how, in the segment's arena */
    cld_repeat repeat;
    cld_prepared *other; /* the plan prepared once more: the two read each other's results */
    int64_t done;        /* in the run under way, or the last one */
    cld_mem **stack;     /* [repeat.n_rows] rows of the turns done, with room for `room` */
    int64_t room;
} cld_turns;

/* One compiled segment. Stages form a tree: a stage that ends at a cut has one child for each value that was read
 * there. */
typedef struct cld_stage {
    struct cld_stage *parent, *children, *sibling;
    struct cld_route *route; /* the one it belongs to */
    clade_tensor fed;        /* the value that led here (owned); dtype NONE at the root */
    cld_segment segment;     /* graph owned */
    cld_plan *plan;
    cld_prepared *prepared; /* NULL until it is about to run */
    cld_walk *walk;         /* the state behind the segment */
    cld_turns turns;
    int64_t after;      /* turns of the parent, where they matter */
    size_t cuts;        /* on the way here */
    size_t host_bytes;  /* of segment, plan and walk */
    size_t left_bytes;  /* on the device, of the line up to here: what its plans leave */
    size_t arena_bytes; /* the largest arena of the line up to here */
    uint64_t used;      /* the session's clock when a run last came here */
} cld_stage;

/* Everything made for one combination of input types. */
typedef struct cld_route {
    struct cld_route *next;
    cld_type *types; /* [n_inputs] */
    cld_stage *root;
} cld_route;

/* An input as the caller set it. */
typedef struct cld_input {
    clade_tensor tensor; /* host copy, in pages of its own; data NULL when it comes from a buffer */
    size_t room;         /* bytes of those pages */
    cld_mem *buffer;     /* caller's, retained; or NULL */
    size_t buffer_offset;
    cld_mem *mem;      /* the device copy, for every route; NULL until a stage takes it */
    uint64_t version;  /* 0: never set */
    uint64_t uploaded; /* the version on the device; 0: none */
    uintptr_t set_by;  /* thread */
    bool shared;       /* set by several threads */
} cld_input;

typedef struct cld_pool cld_pool;

struct clade_session {
    clade_device *device;
    clade_model *model;
    cld_weights *weights; /* the device's, for the model */
    cld_exec *exec;
    clade_session_options options;
    char *prefer_impl;
    cld_input *inputs; /* [model->graph->n_inputs] */
    cld_route *routes;
    cld_stage *last;           /* where the last run ended; NULL: nothing to read */
    cld_stage *keep;           /* the stage a call is at: its line is not dropped; NULL: none */
    cld_account own, *account; /* the latter is the one that counts: its owner's for a member of a pool */
    clade_session *owner;      /* of the pool it is a member of; NULL: the caller's session */
    size_t place;              /* in that pool */
    cld_pool *pool;            /* of a caller's session */
    uint64_t clock;
    uintptr_t in_use;  /* atomic: the thread whose call is under way; 0: none */
    uintptr_t run_by;  /* the thread of the last run */
    bool shared;       /* an input is */
    bool dropped;      /* to be freed when the call under way ends */
    size_t host_bytes; /* of all stages */
};

/* ---- guard.c ---------------------------------------------------------------------------------------------------- */

/* Around every public call: ERR_ARGUMENT when the session is NULL or in use. leave gives `status` back. */
clade_status cld_session_enter(clade_session *session, clade_error *err);
clade_status cld_session_leave(clade_session *session, clade_status status);
bool cld_session_holds(const clade_session *session); /* the caller is within a call */
/* Input `index` has a new value, which this thread gave; not `given`: its default. */
void cld_session_input_set(clade_session *session, int32_t index, bool given);
/* Frees what it was set to. */
void cld_input_clear(cld_input *input);
/* ERR_ARGUMENT when an input's value, or the last run, is another thread's; or when there is no run to read. */
clade_status cld_session_own_inputs(const clade_session *session, clade_error *err);
clade_status cld_session_own_run(const clade_session *session, clade_error *err);

/* ---- stage.c --------------------------------------------------------------------------------------------------- */

/* Host bytes the stages of a session may take. */
size_t cld_session_host_limit(const clade_session *session);
/* ERR_LIMIT: so many cuts are too much for one run; `cut` names the node. */
clade_status cld_check_cuts(const clade_session *session, const cld_stage *cut, size_t cuts, clade_error *err);
/* Two values, read at the same cut, lead to the same stage. */
bool cld_stage_same(const clade_tensor *a, const clade_tensor *b);
void cld_stage_free(clade_session *session, cld_stage *stage); /* with its subtree; prepared ones must not be running */
void cld_route_free(clade_session *session, cld_route *route);

/* ---- value.c: on the device ------------------------------------------------------------------------------------- */

/* Where a slot lies on the device; NULL: it is an input no stage has taken, or its stage is not prepared. */
cld_mem *cld_value_locate(const clade_session *session, const cld_slot *slot);
/* The same for input k of a stage's graph, which may be what the stage left when it ran last. */
cld_mem *cld_value_input(const clade_session *session, const cld_stage *stage, int32_t k);
/* Room for the device copy of an input; and the copy, up to date. Where that changes a result of the last run, there is
 * none to read any more. */
clade_status cld_value_reserve(clade_session *session, int32_t input, clade_error *err);
clade_status cld_value_upload(clade_session *session, int32_t input, clade_error *err);
/* Input k, as it stands on the device, is a result of the last run. */
bool cld_value_is_result(const clade_session *session, int32_t k);

/* ---- compile.c ------------------------------------------------------------------------------------------------ */

/* Where a walk starts. Passes have made other constants of the defaults of inputs, so a run that sets one of those
 * starts where they have not. */
const cld_graph *cld_compile_graph(const clade_session *session);
/* The first `count` static passes (-1: all), as the session wants them. */
clade_status cld_compile_passes(const clade_session *session, cld_graph *graph, int32_t count, clade_error *err);
/* The stage behind `parent` (NULL: the root): segment, passes, plan. `fed` (moved into the stage; NULL at the root) is
 * the value the parent's cut asked for. ERR_LIMIT names the node that asked. */
clade_status cld_compile_stage(cld_stage **out, clade_session *session, cld_route *route, cld_stage *parent,
                               clade_tensor *fed, clade_error *err);
/* Allocates, builds and binds the stage, if it is not yet. */
clade_status cld_prepare_stage(clade_session *session, cld_stage *stage, clade_error *err);

/* ---- route.c: from inputs to stages ---------------------------------------------------------------------------- */

/* The route of the inputs set now, made if need be, with its root planned. */
clade_status cld_route_find(cld_route **out, clade_session *session, clade_error *err);
/* The stage behind a cut, for the value read there (taken on success and on failure). */
clade_status cld_route_follow(cld_stage **out, clade_session *session, cld_stage *stage, clade_tensor *value,
                              clade_error *err);

/* ---- turn.c ---------------------------------------------------------------------------------------------------- */

/* `value`, read at the stage's cut, leads to the stage itself. */
bool cld_turn_comes(cld_stage *stage, const clade_tensor *value);
/* Makes the stage ready to run again behind what it has just enqueued. */
clade_status cld_turn(clade_session *session, cld_stage *stage, clade_error *err);
/* How often the stage came again, where the child that `value` leads to depends on it; else 0. */
int64_t cld_turn_count(const cld_stage *stage, const clade_tensor *value);
/* Output k of the stage's graph on the device, or its stack of rows; NULL: not prepared. */
cld_mem *cld_turn_output(const cld_stage *stage, int32_t k);

/* ---- pool.c ---------------------------------------------------------------------------------------------------- */

clade_status cld_pool_new(cld_pool **out, size_t max_calls, clade_error *err);
void cld_pool_free(cld_pool *pool);
/* A member for the calling thread alone, until it is given back; waits for one. */
clade_status cld_pool_take(clade_session **out, clade_session *session, clade_error *err);
void cld_pool_give(clade_session *session, clade_session *member);
/* A call under way has a member: of the calling thread (mine), or of any. */
bool cld_pool_busy(cld_pool *pool, bool mine);
/* Empties an idle member; false: there is none that holds anything. */
bool cld_pool_spare(clade_session *session);

/* ---- room.c: how many lines are kept, and what goes ---------------------------------------------------------------
 */

size_t cld_room_lines(const clade_session *session);
/* Before a line is added that branches off at `from` (NULL: a new route), or `from` grows. */
void cld_room_make(clade_session *session, const cld_stage *from);
/* Gives back device memory that the call under way does not need: a line, else the arena. False: there is no more. */
bool cld_room_spare(void *session);
/* Gives back all that a session holds on the device which the last run's results do not need. False: nothing. */
bool cld_room_empty(clade_session *session);

/* ---- run.c ----------------------------------------------------------------------------------------------------- */

/* Follows the cuts whose values are known without running, from the root. */
clade_status cld_session_plan(clade_session *session, cld_stage **out, clade_error *err);

/* ---- output.c -------------------------------------------------------------------------------------------------- */

/* One output of the last run. */
typedef struct cld_result {
    const char *name; /* the model's */
    cld_type type;
    const clade_tensor *known; /* a constant; else NULL */
    const cld_mem *mem;        /* where it lies otherwise */
} cld_result;
clade_status cld_session_find_output(const clade_session *session, const char *name, int32_t *index, clade_error *err);
/* Output `name` (NULL: the only one), once there is a run to read from. */
clade_status cld_session_result(const clade_session *session, const char *name, cld_result *out, clade_error *err);

/* ---- input.c --------------------------------------------------------------------------------------------------- */

clade_status cld_session_find_input(const clade_session *session, const char *name, int32_t *index, clade_error *err);
const char *cld_session_input_name(const clade_session *session, int32_t index);
/* Checks dtype and shape of what is to be set as input `index`. */
clade_status cld_session_check_input(const clade_session *session, int32_t index, const cld_type *type,
                                     clade_error *err);
/* ---- session.c, model.c, device.c ------------------------------------------------------------------------------ */

/* Takes `queue`; NULL makes one. owner: whose pool the session is a member of, or NULL. Behind every way to create a
 * session. */
clade_status cld_session_new(clade_session **out, clade_device *device, clade_model *model, cld_queue *queue,
                             const clade_session_options *options, clade_session *owner, clade_error *err);
clade_model *cld_model_retain(clade_model *model);
clade_device *cld_device_retain(clade_device *device);
/* The caller's options, NULL or older ones too, as this version knows them. */
clade_status cld_device_options(clade_device_options *out, const clade_device_options *given, clade_error *err);
/* A handle on `ocl` (taken, also on failure). */
clade_status cld_device_wrap(clade_device **out, cld_ocl *ocl, const clade_device_options *options, clade_error *err);
/* measured.c: opens the device's tuning records, if there are any; closes them; as the chooser asks for them. */
void cld_device_recall(clade_device *device, const char *directory);
void cld_device_unrecall(clade_device *device);
cld_measured cld_device_measured(clade_device *device);
/* tune.c: measures the problems of a graph that nothing was measured for, within options.tune_seconds. */
clade_status cld_session_tune_new(clade_session *session, const cld_graph *graph, clade_error *err);
/* Those records, to be written; borrowed. ERR_ARGUMENT: it has no place for any. */
clade_status cld_device_records(cld_records **out, clade_device *device, clade_error *err);
/* The constants of `model` on the device; each use is given back by a drop, after the executors that use them. */
clade_status cld_device_weights(cld_weights **out, clade_device *device, const clade_model *model, clade_error *err);
void cld_device_weights_drop(clade_device *device, const clade_model *model);
/* ERR_UNSUPPORTED naming the first node without a descriptor. */
clade_status cld_model_check_supported(const clade_model *model, clade_error *err);

#endif
