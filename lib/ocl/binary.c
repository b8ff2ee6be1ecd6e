/* SPDX-License-Identifier: Apache-2.0 */
/* Program binaries in the store. The key covers all that may change a binary's meaning; a binary that does not load for
 * any reason is removed and the caller compiles from source, so the cache changes time and never results.
 */
#include "ocl/internal.h"

/* Raised when what is stored under a key changes its meaning. */
#define BINARY_FORMAT "clade program 1"

void cld_binary_key(char key[CLD_DIGEST_HEX], const cld_ocl *ocl, const char *options, const char *source) {
    cld_digest digest;
    const char *parts[] = { BINARY_FORMAT,
                            ocl->info.platform_name,
                            ocl->platform_version,
                            ocl->info.name,
                            ocl->info.vendor,
                            ocl->info.version,
                            ocl->info.driver,
                            options,
                            source };
    cld_digest_start(&digest);
    for (size_t i = 0; i < CLD_COUNT(parts); i++)
        cld_digest_add_text(&digest, parts[i]);
    cld_digest_hex(&digest, key);
}

bool cld_binary_wanted(const cld_ocl *ocl) { return ocl->store && !(ocl->quirks & CLD_QUIRK_NO_BINARY); }

bool cld_binary_load(cld_program *program, const cld_ocl *ocl, const char *options) {
    void *data = NULL;
    size_t bytes = 0;
    if (!cld_binary_wanted(ocl) || !cld_store_get(ocl->store, "program", program->key, &data, &bytes))
        return false;
    const unsigned char *binary = data;
    cl_int code = CL_INVALID_BINARY, status = CL_SUCCESS;
    if (bytes > 0)
        program->handle = clCreateProgramWithBinary(ocl->context, 1, &ocl->device, &bytes, &binary, &status, &code);
    if (code == CL_SUCCESS)
        code = status;
    if (code == CL_SUCCESS)
        code = clBuildProgram(program->handle, 1, &ocl->device, options, NULL, NULL);
    cld_free(data);
    if (code == CL_SUCCESS) {
        program->stored_bytes = bytes;
        return true;
    }
    cld_log(CLADE_LOG_WARNING, "a cached program does not load on device '%s' (%s): compiling it again", ocl->info.name,
            cld_cl_text(code));
    if (program->handle)
        clReleaseProgram(program->handle);
    program->handle = NULL;
    cld_store_remove(ocl->store, "program", program->key);
    return false;
}

void cld_binary_save(cld_program *program, const cld_ocl *ocl) {
    size_t bytes = 0;
    if (!cld_binary_wanted(ocl) ||
        clGetProgramInfo(program->handle, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL) != CL_SUCCESS ||
        bytes == 0 || bytes == program->stored_bytes)
        return;
    unsigned char *data = cld_calloc(bytes, 1);
    if (data && clGetProgramInfo(program->handle, CL_PROGRAM_BINARIES, sizeof data, &data, NULL) == CL_SUCCESS) {
        cld_store_put(ocl->store, "program", program->key, data, bytes);
        program->stored_bytes = bytes;
    }
    cld_free(data);
}
