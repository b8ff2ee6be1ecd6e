/* SPDX-License-Identifier: Apache-2.0 */
/* Where rows come from: .npy files, or the simulator. */
#include "orderbook.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static clade_status refuse(clade_error *err, const char *path, const char *want, const clade_tensor *got) {
    char dims[CLADE_MAX_RANK * 22] = "";
    for (int32_t i = 0; i < got->rank; i++) {
        const size_t used = strlen(dims);
        snprintf(dims + used, sizeof dims - used, "%s%" PRId64, i ? "," : "", got->dims[i]);
    }
    err->status = CLADE_ERR_SHAPE;
    snprintf(err->message, sizeof err->message, "%.200s: expected %s, found %s [%s]", path, want,
             clade_dtype_name(got->dtype), dims);
    return err->status;
}

clade_status feed_read(row_feed *out, const char *features_path, const char *labels_path, clade_error *err) {
    *out = (row_feed){ .rows = 0 };
    clade_tensor *features = &out->feature_tensor, *labels = &out->label_tensor;
    clade_status status = clade_tensor_read(features, features_path, err);
    if (status != CLADE_OK)
        return status;
    if (features->dtype != CLADE_FLOAT32 || features->rank != 2 || features->dims[1] != FEATURES)
        return refuse(err, features_path, "float32 [T,40]", features);
    out->rows = (size_t)features->dims[0];
    out->features = features->data;
    if (labels_path == NULL)
        return CLADE_OK;
    status = clade_tensor_read(labels, labels_path, err);
    if (status != CLADE_OK)
        return status;
    if (labels->dtype != CLADE_INT64 || labels->rank != 2 || labels->dims[0] != features->dims[0])
        return refuse(err, labels_path, "int64 [T,H] with T as in the features", labels);
    out->label_columns = (size_t)labels->dims[1];
    out->labels = labels->data;
    return CLADE_OK;
}

clade_status feed_simulate(row_feed *out, size_t rows, uint64_t seed, clade_error *err) {
    *out = (row_feed){ .rows = rows };
    const int64_t dims[] = { (int64_t)rows, FEATURES };
    const clade_status status = clade_tensor_alloc(&out->feature_tensor, CLADE_FLOAT32, 2, dims, err);
    if (status != CLADE_OK)
        return status;
    simulate_book(out->feature_tensor.data, rows, seed);
    out->features = out->feature_tensor.data;
    return CLADE_OK;
}

void feed_free(row_feed *feed) {
    clade_tensor_free(&feed->feature_tensor);
    clade_tensor_free(&feed->label_tensor);
}
