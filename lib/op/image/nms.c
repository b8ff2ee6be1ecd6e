/* SPDX-License-Identifier: Apache-2.0 */
/* NonMaxSuppression: greedy selection of boxes by score, without boxes that overlap a selected one too much. How many
 * are left is data, so it runs on the host. */
#include "op/core/op.h"

#include <math.h>
#include <stdlib.h>

enum { BOXES, SCORES, MOST, IOU, SCORE };

typedef struct box {
    double x0, y0, x1, y1;
} box;

typedef struct candidate {
    double score;
    int64_t i;
} candidate;

typedef struct selection {
    int64_t count, capacity;
    int64_t (*rows)[3]; /* batch, class, box */
} selection;

static int best_first(const void *left, const void *right) {
    const candidate *a = left, *b = right;
    return a->score != b->score ? (a->score < b->score) - (a->score > b->score) : (a->i > b->i) - (a->i < b->i);
}

/* Corners in any order, or centre and size; out with x0 <= x1, y0 <= y1. */
static box read_box(const clade_tensor *boxes, int64_t i, bool centre) {
    double v[4];
    for (int k = 0; k < 4; k++)
        v[k] = cld_tensor_get(boxes, i * 4 + k);
    if (centre)
        return (box){ v[0] - v[2] / 2, v[1] - v[3] / 2, v[0] + v[2] / 2, v[1] + v[3] / 2 };
    return (box){ fmin(v[1], v[3]), fmin(v[0], v[2]), fmax(v[1], v[3]), fmax(v[0], v[2]) };
}

static double area(const box *b) { return (b->x1 - b->x0) * (b->y1 - b->y0); }

static bool overlap(const box *a, const box *b, double threshold) {
    box both = { fmax(a->x0, b->x0), fmax(a->y0, b->y0), fmin(a->x1, b->x1), fmin(a->y1, b->y1) };
    if (both.x1 <= both.x0 || both.y1 <= both.y0)
        return false;
    double common = area(&both), all = area(a) + area(b) - common;
    return all > 0 && common / all > threshold;
}

static double number(const cld_call *call, int32_t k, double otherwise) {
    return cld_call_has(call, k) ? cld_tensor_get(call->value[k], 0) : otherwise;
}

/* At most `most` boxes of one batch and class; `order` and `box` have room for all of them. */
static void select_class(const cld_call *call, int64_t batch, int64_t class, const box *boxes, candidate *order,
                         int64_t most, selection *out) {
    int64_t classes = call->in[SCORES].dims[1], n = call->in[SCORES].dims[2], kept = 0, first = out->count;
    double iou = number(call, IOU, 0), least = number(call, SCORE, -INFINITY);
    for (int64_t i = 0; i < n; i++) {
        double score = cld_tensor_get(call->value[SCORES], (batch * classes + class) * n + i);
        if (cld_call_has(call, SCORE) ? score > least : score == score)
            order[kept++] = (candidate){ score, i };
    }
    qsort(order, (size_t)kept, sizeof *order, best_first);
    for (int64_t k = 0; k < kept && out->count - first < most; k++) {
        bool free = true;
        for (int64_t s = first; s < out->count && free; s++)
            free = !overlap(&boxes[out->rows[s][2]], &boxes[order[k].i], iou);
        if (!free)
            continue;
        int64_t *row = out->rows[out->count++];
        row[0] = batch, row[1] = class, row[2] = order[k].i;
    }
}

static clade_status select_boxes(const cld_call *call, selection *out, clade_error *err) {
    int64_t batches = call->in[SCORES].dims[0], classes = call->in[SCORES].dims[1], n = call->in[SCORES].dims[2];
    int64_t most = cld_call_has(call, MOST) ? cld_tensor_get_int(call->value[MOST], 0) : 0;
    int64_t each = CLD_MIN(CLD_MAX(most, 0), n);
    *out = (selection){ .capacity = batches * classes * each };
    out->rows = cld_arena_calloc(call->arena, (size_t)out->capacity, sizeof *out->rows);
    candidate *order = cld_arena_calloc(call->arena, (size_t)n, sizeof *order);
    box *boxes = cld_arena_calloc(call->arena, (size_t)n, sizeof *boxes);
    if (!out->rows || !order || !boxes)
        return cld_no_memory(err, "selected boxes");
    for (int64_t b = 0; b < batches; b++) {
        for (int64_t i = 0; i < n; i++)
            boxes[i] = read_box(call->value[BOXES], b * n + i, cld_attr_int(call->node, "center_point_box", 0) != 0);
        for (int64_t c = 0; c < classes; c++)
            select_class(call, b, c, boxes, order, each, out);
    }
    return CLADE_OK;
}

static clade_status infer(cld_call *call, clade_error *err) {
    const cld_type *boxes = &call->in[BOXES], *scores = &call->in[SCORES];
    selection found;
    CLD_RETURN(cld_call_dtype(call, BOXES, CLD_FLOATS, err));
    CLD_RETURN(cld_call_dtype(call, SCORES, CLD_FLOATS, err));
    if (boxes->rank != 3 || boxes->dims[2] != 4 || scores->rank != 3 || scores->dims[0] != boxes->dims[0] ||
        scores->dims[2] != boxes->dims[1])
        return cld_call_fail(call, err, CLADE_ERR_SHAPE, "boxes are %s, scores are %s", CLD_TYPE_TEXT(boxes),
                             CLD_TYPE_TEXT(scores));
    for (int32_t k = BOXES; k <= SCORE; k++) {
        if (!cld_call_has(call, k))
            continue;
        if (k >= MOST)
            CLD_RETURN(cld_call_dtype(call, k, k == MOST ? CLD_BIT(INT64) | CLD_BIT(INT32) : CLD_FLOATS, err));
        if (k >= MOST && cld_type_count(&call->in[k]) != 1)
            return cld_call_fail(call, err, CLADE_ERR_SHAPE, "input %d is %s, not one number", k,
                                 CLD_TYPE_TEXT(&call->in[k]));
        if (!cld_call_value(call, k))
            return CLD_PENDING;
    }
    CLD_RETURN(select_boxes(call, &found, err));
    call->out[0] = (cld_type){ .dtype = CLADE_INT64, .rank = 2, .dims = { found.count, 3 } };
    return CLADE_OK;
}

static clade_status eval(const cld_call *call, clade_tensor *const *out, clade_error *err) {
    selection found;
    CLD_RETURN(select_boxes(call, &found, err));
    for (int64_t k = 0; k < found.count * 3; k++)
        cld_tensor_set_int(out[0], k, found.rows[k / 3][k % 3]);
    return CLADE_OK;
}

const cld_op cld_op_NonMaxSuppression = {
    .domain = "",
    .name = "NonMaxSuppression",
    .doc = "indices [batch, class, box] of boxes selected greedily by score, without those that overlap a selected one",
    .since = 10,
    .attrs = "center_point_box:int",
    .min_in = 2,
    .max_in = 5,
    .min_out = 1,
    .max_out = 1,
    .infer = infer,
    .eval = eval,
};
