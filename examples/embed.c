/* SPDX-License-Identifier: Apache-2.0 */
/* The least a program needs to run a model: cc embed.c $(pkg-config --cflags --libs clade) && ./a.out MODEL.onnx
 * The input is all zeros, free dimensions being 1. */
#include <clade.h>
#include <stdio.h>

int main(int argc, char **argv) {
    clade_error err = { .status = CLADE_OK };
    clade_device *device = NULL;
    clade_model *model = NULL;
    clade_session *session = NULL;
    clade_tensor input = { .data = NULL }, output = { .data = NULL };
    clade_value_info value = CLADE_VALUE_INFO_INIT;

    /* Every call returns a status; the first that fails leaves its line in err and ends the chain. */
    if (argc == 2 && clade_device_open(&device, NULL, NULL, &err) == CLADE_OK &&
        clade_model_load(&model, argv[1], NULL, &err) == CLADE_OK &&
        clade_session_create(&session, device, model, NULL, &err) == CLADE_OK &&
        clade_model_input(model, 0, &value, &err) == CLADE_OK) {
        for (int i = 0; i < value.rank; i++)
            value.dims[i] = value.dims[i] < 0 ? 1 : value.dims[i];
        if (clade_tensor_alloc(&input, value.dtype, value.rank, value.dims, &err) == CLADE_OK &&
            clade_session_set_input(session, value.name, &input, &err) == CLADE_OK &&
            clade_session_run(session, &err) == CLADE_OK &&
            clade_session_get_output(session, NULL, &output, &err) == CLADE_OK && output.dtype == CLADE_FLOAT32) {
            for (int64_t i = 0; i < clade_tensor_count(&output); i++)
                printf("%g\n", ((const float *)output.data)[i]);
        }
    }
    if (err.status != CLADE_OK)
        fprintf(stderr, "%s\n", err.message);
    clade_tensor_free(&output);
    clade_tensor_free(&input);
    clade_session_free(session);
    clade_model_free(model);
    clade_device_close(device);
    return err.status == CLADE_OK && argc == 2 ? 0 : 1;
}
