/* SPDX-License-Identifier: Apache-2.0 */
/* Floor 4: files -> graph, files <-> tensors. Everything read here is hostile input. */
#ifndef CLD_IO_H
#define CLD_IO_H

#include "clade/model.h"
#include "op/core/op.h"

/* What a file says of itself. Everything lies in the graph's arena; no text is NULL. */
typedef struct cld_opset {
    const char *domain; /* "" is ai.onnx */
    int64_t version;
} cld_opset;
typedef struct cld_property {
    const char *key, *value;
} cld_property;
typedef struct cld_model_facts {
    const char *producer, *producer_version, *domain, *description, *graph_name, *graph_description;
    int64_t ir_version, model_version, opset;
    size_t n_opsets, n_properties;
    const cld_opset *opsets; /* as imported, in the file's order */
    const cld_property *properties;
} cld_model_facts;

/* ---- onnx_*.c: ONNX -> model graph ------------------------------------------------------------------------------ */

/* How a model is read; all zeros will do. */
typedef struct cld_onnx_options {
    size_t max_bytes;                     /* of host memory for tensors; 0: half of physical memory */
    const char *directory;                /* where external data lies; NULL: nowhere */
    clade_read_external_fn read_external; /* instead of the directory; or NULL */
    void *read_external_user;
    bool any_opset; /* an opset newer than the descriptors know is read as the newest they know */
    bool describe;  /* what is not supported is left out and noted in graph->unsupported */
    bool borrow;    /* the bytes outlive the graph, which then uses weights where they stand */
    bool map;       /* files are mapped rather than read; what is small or decides is copied all the same */
} cld_onnx_options;

/* The result is verified (cld_graph_verify) and has node->op filled where a descriptor takes the node. Errors name the
 * file. options->directory is the file's. The caller owns *out: cld_graph_free. */
clade_status cld_onnx_read(cld_graph **out, cld_model_facts *facts, const char *path, const cld_onnx_options *options,
                           clade_error *err);
clade_status cld_onnx_parse(cld_graph **out, cld_model_facts *facts, const void *data, size_t size_bytes,
                            const cld_onnx_options *options, clade_error *err);

/* ---- pb.c, npy.c, csv.c: one tensor <-> bytes; tensor_file.c has the table of suffixes behind clade_tensor_read/write
 * ---- */
/* decode: a tensor the caller owns (clade_tensor_free). `name` receives the stored name, or "" (NULL: not wanted).
 * encode: bytes that the caller frees. `what` names the file in errors. */
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
/* A regular file, whole (the caller frees), with one NUL byte behind it (not counted). ERR_LIMIT beyond
 * cld_file_limit(max_bytes). */
clade_status cld_file_read(void **out, size_t *size_bytes, const char *path, size_t max_bytes, clade_error *err);
/* The same mapped into *maps; false: it cannot be, and is to be read. */
bool cld_file_map(cld_mapping **maps, const void **out, size_t *size_bytes, const char *path, size_t max_bytes);
/* Writes to a temporary file beside it and renames. */
clade_status cld_file_write(const char *path, const void *data, size_t size_bytes, clade_error *err);

#endif
