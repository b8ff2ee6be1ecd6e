/* SPDX-License-Identifier: Apache-2.0 */
/* Figures of merit: accuracy, macro-F1, percentiles. */
#include "orderbook.h"

#include <math.h>
#include <stdlib.h>

void confusion_add(confusion *c, int64_t label, size_t prediction) {
    if (label >= 0 && label < CLASSES)
        c->count[label][prediction]++;
}

uint64_t confusion_total(const confusion *c) {
    uint64_t total = 0;
    for (int label = 0; label < CLASSES; label++)
        for (int prediction = 0; prediction < CLASSES; prediction++)
            total += c->count[label][prediction];
    return total;
}

double confusion_accuracy(const confusion *c) {
    uint64_t right = 0;
    const uint64_t total = confusion_total(c);
    for (int i = 0; i < CLASSES; i++)
        right += c->count[i][i];
    return total ? (double)right / (double)total : 0;
}

double confusion_macro_f1(const confusion *c) {
    double sum = 0;
    for (int i = 0; i < CLASSES; i++) {
        uint64_t labelled = 0, predicted = 0;
        for (int j = 0; j < CLASSES; j++) {
            labelled += c->count[i][j];
            predicted += c->count[j][i];
        }
        if (labelled + predicted)
            sum += 2 * (double)c->count[i][i] / (double)(labelled + predicted);
    }
    return sum / CLASSES;
}

size_t largest_class(const float *probabilities) {
    size_t best = 0;
    for (size_t i = 1; i < CLASSES; i++)
        best = probabilities[i] > probabilities[best] ? i : best;
    return best;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double percentile(double *samples, size_t count, double percent) {
    if (count == 0)
        return 0;
    qsort(samples, count, sizeof *samples, compare);
    const size_t rank = (size_t)ceil(percent / 100 * (double)count);
    return samples[rank ? rank - 1 : 0];
}
