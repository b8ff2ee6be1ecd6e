/* SPDX-License-Identifier: Apache-2.0 */
/* All problems of some graphs: those that take most of the time first, each with its share of the seconds. */
#include "clade/version.h"
#include "tune/tune_internal.h"

#include <stdlib.h>
#include <time.h>

typedef struct task {
    const cld_graph *graph;
    int32_t node, nodes;
    const char *problem;
    double weight; /* seconds of all its nodes, as they are chosen now */
} task;

typedef struct tuning {
    const cld_tune_order *order;
    cld_arena *arena;
    task *tasks;
    int32_t n_tasks, cap_tasks;
} tuning;

static bool is_measured(const tuning *t, const char *problem) {
    const cld_measured *measured = t->order->measured;
    bool nearby = false;
    return measured && measured->find(measured->user, problem, t->arena, &nearby) && !nearby;
}

static clade_status add_task(tuning *t, const cld_graph *graph, int32_t node, clade_error *err) {
    const char *problem;
    CLD_RETURN(cld_workbench_problem(&problem, t->arena, t->order, graph, node, err));
    for (int32_t k = 0; problem && k < t->n_tasks; k++)
        if (strcmp(t->tasks[k].problem, problem) == 0) {
            t->tasks[k].nodes++;
            return CLADE_OK;
        }
    if (!problem || (t->order->only_new && is_measured(t, problem)))
        return CLADE_OK;
    if (!cld_arena_grow(t->arena, (void **)&t->tasks, &t->cap_tasks, t->n_tasks + 1, sizeof *t->tasks))
        return cld_no_memory(err, "problems to tune");
    t->tasks[t->n_tasks++] = (task){ .graph = graph, .node = node, .nodes = 1, .problem = problem };
    return CLADE_OK;
}

bool cld_tune_ends(clade_status status) {
    return status == CLADE_ERR_CANCELLED || status == CLADE_ERR_MEMORY || status == CLADE_ERR_DEVICE_LOST ||
           status == CLADE_ERR_IO;
}

/* A problem that cannot be tuned keeps its choice. */
static clade_status leave(clade_status status, const task *of, const clade_error *why, clade_error *err) {
    if (cld_tune_ends(status)) {
        if (err)
            *err = *why;
        return status;
    }
    if (status != CLADE_OK)
        cld_log(CLADE_LOG_WARNING, "%s is not tuned: %s", of->problem, why->message);
    return CLADE_OK;
}

static int by_weight(const void *a, const void *b) {
    const task *x = a, *y = b;
    return x->weight != y->weight ? (x->weight < y->weight ? 1 : -1) : strcmp(x->problem, y->problem);
}

static clade_status weigh_one(tuning *t, task *of, clade_error *err) {
    cld_workbench *bench;
    CLD_RETURN(cld_workbench_new(&bench, t->order, of->graph, of->node, err));
    clade_status status = cld_search_weigh(bench, &of->weight, err);
    cld_workbench_free(bench);
    of->weight *= of->nodes;
    return status;
}

/* What nobody got round to weighing within half the time weighs nothing, and comes last. */
static clade_status weigh(tuning *t, double end, clade_error *err) {
    for (int32_t k = 0; k < t->n_tasks && cld_tune_now() < end; k++) {
        clade_error why;
        CLD_RETURN(cld_watch_ask(&t->order->watch, "weighing problems", (size_t)k, (size_t)t->n_tasks, err));
        clade_status status = weigh_one(t, &t->tasks[k], &why);
        CLD_RETURN(leave(status, &t->tasks[k], &why, err));
    }
    if (t->n_tasks > 0)
        qsort(t->tasks, (size_t)t->n_tasks, sizeof *t->tasks, by_weight);
    return CLADE_OK;
}

static clade_status record(const cld_workbench *bench, cld_arena *arena, const cld_tuned *found, clade_error *err) {
    const cld_tune_order *order = bench->order;
    cld_candidate candidate;
    CLD_RETURN(cld_candidate_plan(&candidate, NULL, arena, bench, found->after, err));
    const char *changes = cld_candidate_changes(&candidate, arena);
    if (!changes)
        return cld_no_memory(err, "a tuning record");
    const cld_record what = { .device = order->device,
                              .problem = found->problem,
                              .driver = order->driver,
                              .library = clade_version(),
                              .choice = changes,
                              .seconds = found->after_s,
                              .error = found->error,
                              .tried = found->tried,
                              .date = (int64_t)time(NULL) };
    return cld_records_put(order->records, &what, err);
}

static clade_status tune_one(tuning *t, const task *of, double seconds, clade_error *err) {
    clade_status status = CLADE_OK;
    cld_workbench *bench = NULL;
    cld_tuned found = { .problem = of->problem, .op = of->graph->nodes[of->node].op->name, .nodes = of->nodes };
    cld_arena *arena = cld_arena_new();
    if (!arena)
        return cld_no_memory(err, "a problem to tune");
    CLD_TRY(cld_workbench_new(&bench, t->order, of->graph, of->node, err));
    CLD_TRY(cld_search(&found, arena, bench, seconds, err));
    if (t->order->found)
        CLD_TRY(t->order->found(t->order->user, &found, err));
    CLD_TRY(record(bench, arena, &found, err));
fail:
    cld_workbench_free(bench);
    cld_arena_free(arena);
    return status;
}

static clade_status tune_all(tuning *t, clade_error *err) {
    const double end = cld_tune_now() + t->order->seconds;
    double left = 0;
    CLD_RETURN(weigh(t, end - t->order->seconds / 2, err));
    for (int32_t k = 0; k < t->n_tasks; k++)
        left += t->tasks[k].weight;
    for (int32_t k = 0; k < t->n_tasks && cld_tune_now() < end; k++) {
        const double share = left > 0 ? t->tasks[k].weight / left : 1;
        clade_error why;
        clade_status status = tune_one(t, &t->tasks[k], (end - cld_tune_now()) * share, &why);
        CLD_RETURN(leave(status, &t->tasks[k], &why, err));
        left -= t->tasks[k].weight;
    }
    return CLADE_OK;
}

clade_status cld_tune(const cld_tune_order *order, const cld_graph *const *graphs, int32_t count, clade_error *err) {
    tuning t = { .order = order, .arena = cld_arena_new() };
    clade_status status = CLADE_OK;
    if (!t.arena)
        return cld_no_memory(err, "problems to tune");
    for (int32_t g = 0; g < count && status == CLADE_OK; g++)
        for (int32_t n = 0; n < graphs[g]->n_nodes && status == CLADE_OK; n++)
            status = add_task(&t, graphs[g], n, err);
    if (status == CLADE_OK)
        status = tune_all(&t, err);
    cld_arena_free(t.arena);
    return status;
}
