/* SPDX-License-Identifier: Apache-2.0 */
/* A small model for tests of sessions: data/mlp.onnx, x [batch, 8] -> y [batch, 4], rows of probabilities. */
#ifndef CLADE_TEST_MLP_H
#define CLADE_TEST_MLP_H

#include "clade.h"

#define MLP_INPUTS 8
#define MLP_OUTPUTS 4
#define MLP_MAX_BATCH 64

/* The model, and the selected device with its cache in this directory (NULL: the environment's). */
clade_model *mlp_load(void);
clade_model *model_load(const char *name); /* another one in data/ */
clade_device *mlp_device(const char *cache_dir);
/* A session; the caller frees it. */
clade_session *mlp_session(clade_device *device, clade_model *model, size_t max_plans);
/* An input tensor of `batch` rows whose values depend on the position only. Borrowed static memory, the same for all.
 */
clade_tensor mlp_input(int64_t batch);
/* One run on mlp_input(batch); checks the shape and that each row adds up to 1. `y`: NULL, or batch x 4 floats. */
void mlp_predict(clade_session *session, int64_t batch, float *y);

#endif
