/* SPDX-License-Identifier: Apache-2.0 */
/* Models: read an ONNX file and look at it. A model is plain host data; no device is needed. */
#ifndef CLADE_MODEL_H
#define CLADE_MODEL_H

#include "log.h"
#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A loaded model. Immutable; may be shared by threads, devices and sessions. Opaque. */
typedef struct clade_model clade_model;

/* Copies `size_bytes` bytes at `offset_bytes` of external data `location` to `data` and returns 0; anything else fails
 * the load with ERR_IO. `location` is the file's word, hostile like all of it; absolute paths and ".." have been
 * refused. */
typedef int (*clade_read_external_fn)(void *user, const char *location, uint64_t offset_bytes, void *data,
                                      size_t size_bytes);

typedef struct clade_model_options {
    size_t size_bytes; /* sizeof(clade_model_options): start from CLADE_MODEL_OPTIONS_INIT */
    size_t max_bytes;  /* refuse a model whose tensors need more host memory than this; 0: half of physical memory */
    int any_opset;     /* not 0: take an opset newer than this Clade knows for the newest it knows */
    int describe;      /* not 0: load also a model with strings, sequences, ... (ERR_UNSUPPORTED otherwise), to look at;
                        * a session on it is refused with the reason */
    clade_read_external_fn read_external; /* reads external data; NULL: files in the model's folder */
    void *read_external_user;
    int borrow;    /* 1: weights stay in the memory given to clade_model_load_memory; it must not change until the model
                    * and    every session made from it are freed */
    int in_memory; /* 0: large weights stay in the files, which are mapped: they must not be truncated or written to
                    * until the model and every session made from it are freed (a new file renamed into their place is
                    * fine). 1: files are read, and may do what they like afterwards */
} clade_model_options;
#define CLADE_MODEL_OPTIONS_INIT CLADE_SIZED_INIT(clade_model_options)

/* Loads an ONNX model. The file is taken for hostile; external data must lie inside its folder. Operators are taken as
 * opsets 1 to 28 of ai.onnx define them; an operator at another opset, or with an attribute that it does not have
 * there, is one that Clade lacks. Loading succeeds for a well-formed model with such operators: clade_model_operator
 * tells, compiling refuses.
 * `options` may be NULL. The caller owns *out: clade_model_free.
 * ERR_IO, ERR_FORMAT, ERR_GRAPH (dangling, cyclic), ERR_LIMIT, ERR_MEMORY, ERR_UNSUPPORTED. */
CLADE_API CLADE_NODISCARD clade_status clade_model_load(clade_model **out, const char *path,
                                                        const clade_model_options *options, clade_error *err);
/* The same from memory; `data` is copied unless options->borrow. External data comes from options->read_external;
 * without it, it is refused. */
CLADE_API CLADE_NODISCARD clade_status clade_model_load_memory(clade_model **out, const void *data, size_t size_bytes,
                                                               const clade_model_options *options, clade_error *err);
/* Drops the caller's reference; sessions that still use the model keep it alive. NULL is fine. */
CLADE_API void clade_model_free(clade_model *model);

typedef struct clade_model_info {
    size_t size_bytes; /* sizeof(clade_model_info): start from CLADE_MODEL_INFO_INIT */
    /* Borrowed from the model, never NULL, and hostile like the file: clean them before a terminal sees them. */
    const char *producer, *producer_version, *domain, *description, *graph_name, *graph_description;
    int64_t ir_version, model_version, opset; /* opset of the default domain */
    size_t node_count;                        /* sub-graphs included */
    size_t parameter_count;                   /* elements of all floating-point initialisers */
    size_t weight_bytes;                      /* bytes of all initialisers */
    size_t input_count;                       /* inputs that must be set */
    size_t output_count, operator_count;
    size_t optional_input_count; /* inputs that have a default: initialisers that the file also lists as inputs, which
                                  * IR versions before 4 had to do with every weight */
    size_t opset_count, metadata_count;
    const char *unsupported; /* why no session can be made of it, operators aside; NULL: nothing is known. Borrowed */
} clade_model_info;
#define CLADE_MODEL_INFO_INIT CLADE_SIZED_INIT(clade_model_info)
CLADE_API CLADE_NODISCARD clade_status clade_model_get_info(const clade_model *model, clade_model_info *out,
                                                            clade_error *err);

/* An input or output as declared. */
typedef struct clade_value_info {
    size_t size_bytes; /* sizeof(clade_value_info): start from CLADE_VALUE_INFO_INIT */
    const char *name;  /* borrowed from the model */
    clade_dtype dtype;
    int32_t rank;                          /* -1: not declared */
    int64_t dims[CLADE_MAX_RANK];          /* -1: free */
    const char *dim_names[CLADE_MAX_RANK]; /* the name of a free dimension, or NULL; borrowed */
    const char *declared;    /* a type that clade_dtype lacks (dtype is CLADE_NONE): "string", "sequence"; else NULL */
    const char *description; /* what the file says of it, or ""; borrowed */
    int is_optional;         /* an input that has a default */
} clade_value_info;
#define CLADE_VALUE_INFO_INIT CLADE_SIZED_INIT(clade_value_info)
/* Inputs that must be set come first, then the optional ones. ERR_ARGUMENT when index is out of range. */
CLADE_API CLADE_NODISCARD clade_status clade_model_input(const clade_model *model, size_t index, clade_value_info *out,
                                                         clade_error *err);
CLADE_API CLADE_NODISCARD clade_status clade_model_output(const clade_model *model, size_t index, clade_value_info *out,
                                                          clade_error *err);

/* Infers output `index` in terms of the model's free dimensions, whatever the file declares: "float32[N,2*T+1]", with
 * "?" for what is not linear in them or depends on data. *out is owned by the caller: clade_string_free. Infers at
 * several sizes, so it takes a while on a large model; a model with operators Clade lacks gives "?". */
CLADE_API CLADE_NODISCARD clade_status clade_model_infer_output(const clade_model *model, size_t index, char **out,
                                                                clade_error *err);
/* Frees a text that a call handed over. NULL is fine. */
CLADE_API void clade_string_free(char *string);

/* One operator type the model uses, sub-graphs included. */
typedef struct clade_operator_info {
    size_t size_bytes;         /* sizeof(clade_operator_info): start from CLADE_OPERATOR_INFO_INIT */
    const char *domain, *name; /* borrowed; domain "" is ai.onnx */
    size_t count;
    int supported;      /* Clade takes the operator at this opset, with the attributes of every node that uses it */
    const char *reason; /* when not supported: one line; else "" */
} clade_operator_info;
#define CLADE_OPERATOR_INFO_INIT CLADE_SIZED_INIT(clade_operator_info)
CLADE_API CLADE_NODISCARD clade_status clade_model_operator(const clade_model *model, size_t index,
                                                            clade_operator_info *out, clade_error *err);

/* An operator set the model imports: its domain ("" is ai.onnx) and version. Borrowed. */
CLADE_API CLADE_NODISCARD clade_status clade_model_opset(const clade_model *model, size_t index, const char **domain,
                                                         int64_t *version, clade_error *err);
/* Metadata the author attached, by index or by key (ERR_NOT_FOUND; the first of several). Borrowed; as hostile as the
 * file. */
CLADE_API CLADE_NODISCARD clade_status clade_model_metadata(const clade_model *model, size_t index, const char **key,
                                                            const char **value, clade_error *err);
CLADE_API CLADE_NODISCARD clade_status clade_model_find_metadata(const clade_model *model, const char *key,
                                                                 const char **value, clade_error *err);

#ifdef __cplusplus
}
#endif
#endif
