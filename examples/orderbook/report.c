/* SPDX-License-Identifier: Apache-2.0 */
/* What a pass over the stream came to, as text on standard output. */
#include "orderbook.h"

#include <inttypes.h>
#include <stdio.h>

void print_report(const prediction_report *r, size_t batch, size_t horizon) {
    printf("batch %zu\n", batch);
    printf("  speed     %.0f predictions/s; latency of a call: p50 %.3f ms, p95 %.3f ms, p99 %.3f ms\n", r->per_second,
           r->p50_ms, r->p95_ms, r->p99_ms);
    printf("            %zu predictions in %zu calls; the first call, which compiles, took %.1f ms\n", r->predictions,
           r->calls, r->first_ms);
    printf("  classes   up %" PRIu64 ", stationary %" PRIu64 ", down %" PRIu64 "\n", r->classes[0], r->classes[1],
           r->classes[2]);
    const uint64_t labelled = confusion_total(&r->confusion);
    if (labelled)
        printf("  quality   accuracy %.4f, macro-F1 %.4f over %" PRIu64 " labels %zu events ahead\n",
               confusion_accuracy(&r->confusion), confusion_macro_f1(&r->confusion), labelled, horizon);
    fflush(stdout);
}

/* Medians: a machine that was busy for a while moves them least. */
void print_comparison(const prediction_report *reports, const size_t *batches, size_t count, clade_device_kind kind) {
    size_t best = 0;
    for (size_t i = 0; count > 1 && i < count; i++) {
        const double each = reports[i].p50_ms / (double)batches[i];
        printf("%s batch %zu: %.3f ms", i ? "," : "a prediction at the median call:", batches[i], each);
        if (each < reports[best].p50_ms / (double)batches[best])
            best = i;
    }
    if (count < 2)
        return;
    putchar('\n');
    if (kind == CLADE_DEVICE_CPU && batches[best] == 1)
        puts("  One window keeps every core of this CPU busy, and its arrays stay in the nearest cache, so a batch "
             "gains\n"
             "  nothing here while the machine is busy with other work; it does on idle cores, and on a GPU.");
}
