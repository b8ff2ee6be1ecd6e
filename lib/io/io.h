/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 4: files -> graph, files <-> tensors. Everything read here is hostile input. */
#ifndef CLD_IO_H
#define CLD_IO_H

#include "clade/tensor.h"
#include "op/op.h"

typedef struct cld_model_facts {
    const char *producer, *graph_name; /* in the graph's arena; never NULL */
    int64_t ir_version, opset;
} cld_model_facts;

/* ---- onnx.c ... : ONNX -> model graph --------------------------------------------------------------------------- */

typedef struct cld_onnx_options { /* zeroed: the defaults; NULL is the same */
    size_t max_bytes;             /* bounds host memory for tensors; 0: half of physical memory */
    bool any_opset;               /* an opset newer than the descriptors know is read as the newest they know */
    bool describe;                /* what is not supported is left out and noted in graph->unsupported */
} cld_onnx_options;

/* The result is verified (cld_graph_verify) and has node->op filled where a descriptor takes the node. `directory` is
 * where external data lies; NULL refuses external data. The caller owns *out: cld_graph_free. */
clade_status cld_onnx_read(cld_graph **out, cld_model_facts *facts, const char *path, const cld_onnx_options *options,
                           clade_error *err);
clade_status cld_onnx_parse(cld_graph **out, cld_model_facts *facts, const void *data, size_t size_bytes,
                            const char *directory, const cld_onnx_options *options, clade_error *err);

/* ---- pb.c, npy.c, csv.c: one tensor <-> bytes; tensor_file.c has the table of suffixes behind clade_tensor_read/write
 * ---- */
/* decode: a tensor the caller owns (clade_tensor_free). `name` receives the stored name, or "" (NULL: not wanted).
 * encode: malloc'ed bytes. `what` names the file in errors. */
clade_status cld_pb_decode(clade_tensor *out, char *name, size_t name_size, const void *data, size_t size_bytes,
                           const char *what, clade_error *err);
clade_status cld_pb_encode(const clade_tensor *tensor, void **out, size_t *size_bytes, clade_error *err);
clade_status cld_npy_decode(clade_tensor *out, char *name, size_t name_size, const void *data, size_t size_bytes,
                            const char *what, clade_error *err);
clade_status cld_npy_encode(const clade_tensor *tensor, void **out, size_t *size_bytes, clade_error *err);
clade_status cld_csv_decode(clade_tensor *out, char *name, size_t name_size, const void *data, size_t size_bytes,
                            const char *what, clade_error *err);
clade_status cld_csv_encode(const clade_tensor *tensor, void **out, size_t *size_bytes, clade_error *err);

/* ---- file.c ----------------------------------------------------------------------------------------------------- */
/* max_bytes as it is given, and half of physical memory for 0: the bound on what a hostile file may make us hold. */
size_t cld_file_limit(size_t max_bytes);
/* A regular file, whole, malloc'ed with one NUL byte behind it (not counted). ERR_LIMIT beyond
 * cld_file_limit(max_bytes). */
clade_status cld_file_read(void **out, size_t *size_bytes, const char *path, size_t max_bytes, clade_error *err);
/* Writes to a temporary file beside it and renames. */
clade_status cld_file_write(const char *path, const void *data, size_t size_bytes, clade_error *err);

#endif
