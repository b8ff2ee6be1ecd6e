/* SPDX-License-Identifier: Apache-2.0 */
/* See mlp.h. */
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mlp.h"
#include "test.h"

clade_model *mlp_load(void) { return model_load("mlp.onnx"); }

clade_model *model_load(const char *name) {
    clade_error err;
    clade_model *model;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/tests/data/%s", getenv("CLADE_SOURCE_DIR"), name);
    ck_ok(clade_model_load(&model, path, NULL, &err), err);
    return model;
}

clade_device *mlp_device(const char *cache_dir) {
    clade_error err;
    clade_device *device;
    clade_device_options options = CLADE_DEVICE_OPTIONS_INIT;
    options.cache_dir = cache_dir;
    ck_ok(clade_device_open(&device, NULL, &options, &err), err);
    return device;
}

clade_session *mlp_session(clade_device *device, clade_model *model, size_t max_plans) {
    clade_error err;
    clade_session *session;
    clade_session_options options = CLADE_SESSION_OPTIONS_INIT;
    options.max_plans = max_plans;
    ck_ok(clade_session_create(&session, device, model, &options, &err), err);
    return session;
}

static float x[MLP_MAX_BATCH * MLP_INPUTS];

static void fill(void) {
    for (int i = 0; i < MLP_MAX_BATCH * MLP_INPUTS; i++)
        x[i] = (float)(i % 13) * 0.25f - 1.5f;
}

clade_tensor mlp_input(int64_t batch) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    ck_assert_int_eq(pthread_once(&once, fill), 0);
    return (clade_tensor){ CLADE_FLOAT32, 2, { batch, MLP_INPUTS }, x, (size_t)batch * MLP_INPUTS * sizeof x[0] };
}

void mlp_predict(clade_session *session, int64_t batch, float *y) {
    clade_error err;
    clade_tensor input = mlp_input(batch), output;
    ck_ok(clade_session_set_input(session, "x", &input, &err), err);
    ck_ok(clade_session_run(session, &err), err);
    ck_ok(clade_session_get_output(session, "y", &output, &err), err);
    ck_assert_int_eq(output.rank, 2);
    ck_assert_int_eq(output.dims[0], batch);
    ck_assert_int_eq(output.dims[1], MLP_OUTPUTS);
    for (int64_t row = 0; row < batch; row++) {
        const float *p = (const float *)output.data + MLP_OUTPUTS * row;
        ck_assert_float_eq_tol(p[0] + p[1] + p[2] + p[3], 1.0f, 1e-5f);
    }
    if (y != NULL)
        memcpy(y, output.data, output.size_bytes);
    clade_tensor_free(&output);
}
