/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the ONNX reader share. Everything in a message is hostile; messages live in the graph's arena, so
 * that names, lists and tensor data are used where they were unpacked and never copied. */
#ifndef CLD_IO_ONNX_H
#define CLD_IO_ONNX_H

#include "io/io.h"
#include "io/onnx.pb-c.h"

/* ---- onnx_unpack.c ---------------------------------------------------------------------------------------------- */

/* Where messages go, and how many bytes they may still take. Wire bytes can grow a hundredfold in memory; this is what
 * bounds it. */
typedef struct cld_unpack {
    cld_arena *arena;
    size_t left;
    bool exhausted; /* the last failure was one of the budget */
} cld_unpack;
void cld_unpack_init(cld_unpack *unpack, cld_arena *arena, size_t size_bytes, size_t max_bytes);
/* Takes `bytes` from the room left; false: there is too little. For what costs the importer far more than it costs the
 * file. */
bool cld_unpack_charge(cld_unpack *unpack, size_t bytes);
/* The message, in unpack->arena; NULL with ERR_FORMAT or ERR_LIMIT in *status. */
void *cld_unpack_message(cld_unpack *unpack, const ProtobufCMessageDescriptor *type, const void *data,
                         size_t size_bytes, const char *what, clade_status *status, clade_error *err);

/* ---- onnx_model.c ----------------------------------------------------------------------------------------------- */

/* One import. */
typedef struct cld_onnx {
    cld_arena *arena;   /* the graph's */
    cld_arena *scratch; /* name tables; freed after the import */
    cld_unpack unpack;
    cld_names opsets; /* domain -> version */
    const cld_onnx_options *options;
    cld_mapping **maps; /* the graph's */
    size_t max_bytes, tensor_bytes;
    const char *unsupported; /* the first line noted */
} cld_onnx;

/* ---- onnx_note.c ------------------------------------------------------------------------------------------------ */

/* What is not supported, in a model that is only to be described, is noted, and the caller goes on without it: OK.
 * Any other `status`, of which `why` is the line, is passed on. */
clade_status cld_onnx_note(cld_onnx *onnx, clade_status status, const clade_error *why, clade_error *err);
extern const clade_tensor cld_onnx_left_out; /* stands for a constant that Clade cannot hold */
/* ---- onnx_facts.c, onnx_borrow.c -------------------------------------------------------------------------------- */

/* The operator sets a model imports, into onnx->opsets and facts. */
clade_status cld_onnx_opsets(cld_onnx *onnx, const CldOnnx__ModelProto *model, cld_model_facts *facts,
                             clade_error *err);
/* The rest of what it says of itself. */
clade_status cld_onnx_facts(cld_onnx *onnx, const CldOnnx__ModelProto *model, cld_model_facts *facts, clade_error *err);
/* Whether a tensor's data may stay in a file that is mapped, which may change: large ones of numbers that decide
 * nothing. */
bool cld_onnx_may_map(int64_t dtype, size_t size_bytes);
/* Unpacks a model; with options->borrow or map the raw data of the main graph's initialisers stay in `data`, aligned or
 * not. NULL with *status. */
CldOnnx__ModelProto *cld_onnx_unpack(cld_onnx *onnx, const void *data, size_t size_bytes, clade_status *status,
                                     clade_error *err);

/* ---- onnx_graph.c ----------------------------------------------------------------------------------------------- */

/* The names of one graph while it is read. A name that is not its own is looked up outwards, and what is found there
 * becomes an input of the graph, and of the node that holds it. */
typedef struct cld_scope {
    cld_graph *graph;
    cld_names names;
    struct cld_scope *outer; /* NULL: the model's graph */
    cld_value_id *captures;  /* ids in outer->graph, in the order of graph->inputs from n_formal on */
    int32_t n_captures, cap_captures, depth;
} cld_scope;
/* Fills scope->graph, which is new and empty, from the message; scope->outer and depth are set. */
clade_status cld_onnx_graph(cld_onnx *onnx, cld_scope *scope, const CldOnnx__GraphProto *proto, clade_error *err);

/* A name that the graph does not have yet; `what` it names. */
clade_status cld_onnx_new_name(const cld_scope *scope, const char *name, const char *what, clade_error *err);
/* Enters a value that was just added (absent: memory ran out). */
clade_status cld_onnx_enter(cld_scope *scope, cld_value_id id, clade_error *err);

/* ---- onnx_given.c ----------------------------------------------------------------------------------------------- */

/* Reads a declared type, or notes what it is. */
clade_status cld_onnx_declared(cld_onnx *onnx, const CldOnnx__ValueInfoProto *proto, const char *what, cld_value *out,
                               clade_error *err);
void cld_onnx_keep_declared(cld_value *value, const cld_value *declared); /* all but the type */
/* Adds the graph's initialisers and inputs. */
clade_status cld_onnx_given(cld_onnx *onnx, cld_scope *scope, const CldOnnx__GraphProto *proto, clade_error *err);

/* ---- onnx_attr.c ------------------------------------------------------------------------------------------------ */

/* Values of the enclosing graph that the sub-graphs of one node capture, in the order of its attributes. */
typedef struct cld_captures {
    cld_value_id *ids;
    int32_t count, capacity;
} cld_captures;
/* The attributes of proto, then_branch before else_branch. Kinds that no operator of ours has are refused where
 * node->op is known, left out where it is not. */
clade_status cld_onnx_attrs(cld_onnx *onnx, cld_scope *scope, const CldOnnx__NodeProto *proto, cld_node *node,
                            cld_captures *captures, clade_error *err);
/* The tensor a Constant node stands for. */
clade_status cld_onnx_constant(cld_onnx *onnx, const CldOnnx__NodeProto *proto, const clade_tensor **out,
                               clade_error *err);

/* ---- onnx_tensor.c, onnx_external.c ----------------------------------------------------------------------------- */

/* `what` introduces the tensor in errors ("initialiser", "attribute 'value' of Constant 'c'"). The data lie in the
 * arena. */
clade_status cld_onnx_tensor(cld_onnx *onnx, const CldOnnx__TensorProto *proto, const char *what,
                             const clade_tensor **out, clade_error *err);
/* Reads tensor->size_bytes bytes from where proto->external_data says: a file under options->directory, or the
 * callback. */
clade_status cld_onnx_external(const cld_onnx *onnx, const CldOnnx__TensorProto *proto, clade_tensor *tensor,
                               clade_error *err);

/* ---- onnx_type.c ------------------------------------------------------------------------------------------------ */

/* "bfloat16", "string", ...: any element type ONNX has a name for. */
const char *cld_onnx_dtype_name(int64_t code);
/* The declared type of an input or output. Nothing declared: dtype NONE, rank -1. ERR_UNSUPPORTED names what is no
 * tensor of ours; out->declared then says what it is. */
clade_status cld_onnx_type(const CldOnnx__ValueInfoProto *proto, const char *what, cld_value *out, clade_error *err);

#endif
