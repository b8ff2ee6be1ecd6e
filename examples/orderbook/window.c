/* SPDX-License-Identifier: Apache-2.0 */
/* The last WINDOW rows of a stream, always contiguous in memory: rows are appended to a buffer of twice the size, and
 * only when it is full the newest are moved to its beginning.
 *
 * Recordings of several instruments one after another must not be mixed in a window. Prices are z-scored, so within one
 * instrument the best ask moves by hundredths from row to row; a larger step is a seam.
 */
#include "orderbook.h"

#include <math.h>
#include <string.h>

void window_init(row_window *w, double gap) {
    w->end = w->filled = 0;
    w->gap = gap;
}

const float *window_push(row_window *w, const float *row) {
    if (w->filled && w->gap > 0 && fabs((double)row[0] - (double)w->rows[w->end - 1][0]) > w->gap)
        w->filled = 0;
    if (w->end == 2 * WINDOW) {
        memcpy(w->rows[0], w->rows[WINDOW + 1], (WINDOW - 1) * sizeof *w->rows);
        w->end = WINDOW - 1;
    }
    memcpy(w->rows[w->end++], row, sizeof *w->rows);
    w->filled += w->filled < WINDOW;
    return w->filled == WINDOW ? w->rows[w->end - WINDOW] : NULL;
}
