/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of tune share. */
#ifndef CLD_TUNE_INTERNAL_H
#define CLD_TUNE_INTERNAL_H

#include "tune/tune.h"

/* ---- workbench.c: one node alone, with inputs, on the device ----------------------------------------------------- */

typedef struct cld_workbench {
    const cld_tune_order *order;
    cld_graph *graph; /* of that node; constants are those of the graph that it is from */
    const cld_op *op;
    cld_exec *exec;
    cld_mem **inputs;   /* [graph->n_inputs] */
    clade_tensor *want; /* [graph->n_outputs] what the reference row gives */
    uint64_t random;
} cld_workbench;

/* The node can be run alone: *problem, in the arena, names what it solves. NULL: it cannot, or it has no such name. */
clade_status cld_workbench_problem(const char **problem, cld_arena *arena, const cld_tune_order *order,
                                   const cld_graph *graph, int32_t node, clade_error *err);
clade_status cld_workbench_new(cld_workbench **out, const cld_tune_order *order, const cld_graph *graph, int32_t node,
                               clade_error *err);
void cld_workbench_free(cld_workbench *bench);
uint64_t cld_workbench_random(cld_workbench *bench);

/* ---- candidate.c: choices as text -------------------------------------------------------------------------------- */

enum { CLD_MAX_DEPTH = 3, CLD_GUARD_BYTES = 4096 };

/* A choice as the planner makes it: the row of the problem, of the one within, and so on. */
typedef struct cld_level {
    const cld_impl *rows, *row;
    int32_t value[CLD_MAX_PARAMS], usual[CLD_MAX_PARAMS];
    uint64_t applicable; /* bit k: of rows[k] */
} cld_level;

typedef struct cld_candidate {
    cld_level level[CLD_MAX_DEPTH];
    int32_t depth;
    double cost;      /* estimated seconds; 0: there is no estimate */
    const char *text; /* in full; in the arena */
    const char *problem;
} cld_candidate;

/* Plans the bench's node as `choice` says (NULL: as it is chosen now). The caller frees *plan, if wanted. */
clade_status cld_candidate_plan(cld_candidate *out, cld_plan **plan, cld_arena *arena, const cld_workbench *bench,
                                const char *choice, clade_error *err);
/* Its rows, with those parameters only that are not as usual. That is what is recorded: for the very problem it says
 * the same, and what nearby sizes take of it is what measuring has changed, not what follows from the sizes. In the
 * arena; NULL: no memory. */
const char *cld_candidate_changes(const cld_candidate *candidate, cld_arena *arena);
/* Calls `add` with the text of each choice that differs in one parameter, by one or two of its steps. */
typedef clade_status (*cld_candidate_fn)(void *user, const char *choice, clade_error *err);
clade_status cld_candidate_neighbours(const cld_candidate *from, cld_candidate_fn add, void *user, clade_error *err);
/* And of each set that its rows have as seeds. */
clade_status cld_candidate_seeds(const cld_candidate *from, cld_candidate_fn add, void *user, clade_error *err);
/* And of each other row, its parameters as usual: of the problem itself where `all`, and within. */
clade_status cld_candidate_rows(const cld_candidate *from, bool all, cld_candidate_fn add, void *user,
                                clade_error *err);

/* ---- trial.c: a candidate on the device ---------------------------------------------------------------------------
 */

typedef struct cld_trial {
    cld_workbench *bench;
    cld_plan *plan;
    cld_prepared *prepared;
    const char *text;
    double seconds; /* of one run */
    double error;
    double handicap; /* its seconds count so often: see tune.h */
    int32_t repeats; /* runs of a sample */
} cld_trial;

/* Runs it once and compares. `plan` is taken, also on failure. ERR_ARGUMENT: the outputs are wrong. */
clade_status cld_trial_new(cld_trial **out, cld_workbench *bench, cld_plan *plan, const char *text, clade_error *err);
void cld_trial_free(cld_trial *trial);
/* The median of `samples` into trial->seconds. */
clade_status cld_trial_time(cld_trial *trial, int32_t samples, clade_error *err);
clade_status cld_trial_sample(cld_trial *trial, double *seconds, clade_error *err);
/* What a run of the plan leaves in its outputs, which the caller owns. */
clade_status cld_trial_outputs(clade_tensor *out, cld_workbench *bench, const cld_plan *plan, clade_error *err);

/* ---- search.c -----------------------------------------------------------------------------------------------------
 */

/* Finds, within the seconds, and fills all of *out but `nodes`; its texts are in the arena. */
clade_status cld_search(cld_tuned *out, cld_arena *arena, cld_workbench *bench, double seconds, clade_error *err);
/* The whole tuning ends with such an error; with others only what met it does. */
bool cld_tune_ends(clade_status status);
/* What is chosen now, timed: in *seconds. */
clade_status cld_search_weigh(cld_workbench *bench, double *seconds, clade_error *err);

#endif
