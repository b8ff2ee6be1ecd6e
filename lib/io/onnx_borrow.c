/* SPDX-License-Identifier: Apache-2.0 */
/* Unpacking a model without copying its weights.
 *
 * protobuf-c copies every bytes field. So the message is rewritten without the raw_data of the main graph's
 * initialisers, that short message is unpacked, and the tensors are pointed at the bytes in the caller's memory.
 * Left in place: not bool, whose bytes the importer rewrites; of a file that is mapped, which may change, only what is
 * large and decides nothing. What is no clean message is unpacked as it stands, so that protobuf-c judges it. Source:
 * protobuf.dev, "Encoding".
 */
#include "io/onnx.h"

enum { MODEL_GRAPH = 7, GRAPH_INITIALIZER = 5, TENSOR_DATA_TYPE = 2, TENSOR_RAW_DATA = 9 };
enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

typedef struct cld_bytes {
    const uint8_t *at;
    size_t count;
} cld_bytes;

/* The raw data of each initialiser that stay where they are; at NULL: the message has them. */
typedef struct cld_kept {
    cld_arena *arena;
    cld_bytes *items;
    int32_t count, capacity;
    bool mapped;
} cld_kept;

typedef struct cld_field {
    uint64_t number, value; /* value: of a varint */
    unsigned kind;
    cld_bytes whole, body; /* body: behind a length */
} cld_field;

static bool take_varint(cld_bytes *from, uint64_t *out) {
    *out = 0;
    for (int shift = 0; shift < 64 && from->count > 0; shift += 7) {
        const uint8_t byte = *from->at++;
        from->count--;
        *out |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return true;
    }
    return false;
}

/* The next field; false: there is none, and *good says whether the message ended well. */
static bool next_field(cld_bytes *from, cld_field *out, bool *good) {
    uint64_t tag, size = 0;
    out->whole.at = from->at;
    *good = from->count == 0;
    if (*good || !take_varint(from, &tag))
        return false;
    out->number = tag >> 3;
    out->kind = (unsigned)(tag & 7);
    if (out->kind == VARINT ? !take_varint(from, &out->value) : out->kind == LENGTH && !take_varint(from, &size))
        return false;
    if (out->kind == FIXED64 || out->kind == FIXED32)
        size = out->kind == FIXED64 ? 8 : 4;
    else if (out->kind != VARINT && out->kind != LENGTH)
        return false;
    if (size > from->count)
        return false;
    out->body = (cld_bytes){ from->at, (size_t)size };
    from->at += size;
    from->count -= (size_t)size;
    out->whole.count = (size_t)(from->at - out->whole.at);
    return true;
}

static void add_varint(cld_text *to, uint64_t value) {
    do {
        const char byte = (char)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        cld_text_addn(to, &byte, 1);
    } while ((value >>= 7) != 0);
}

static void add_message(cld_text *to, int number, const cld_text *body) {
    add_varint(to, (uint64_t)number << 3 | LENGTH);
    add_varint(to, body->size);
    if (body->size > 0)
        cld_text_addn(to, body->data, body->size);
}

bool cld_onnx_may_map(int64_t dtype, size_t size_bytes) {
    enum { LARGE = 1 << 16 };
    return size_bytes >= LARGE && dtype != CLADE_BOOL && dtype != CLADE_INT32 && dtype != CLADE_INT64;
}

static bool can_stay(cld_bytes raw, uint64_t dtype, bool mapped) {
    return raw.count > 0 && dtype <= INT32_MAX && cld_dtype_valid((int64_t)dtype) && dtype != CLADE_BOOL &&
           (!mapped || cld_onnx_may_map((int64_t)dtype, raw.count));
}

/* One TensorProto, without its raw data where they can stay. */
static bool strip_tensor(cld_bytes tensor, cld_text *out, cld_kept *kept) {
    cld_field field;
    bool good;
    cld_bytes raw = { NULL, 0 };
    uint64_t dtype = 0;
    for (cld_bytes rest = tensor; next_field(&rest, &field, &good);) {
        if (field.number == TENSOR_RAW_DATA && field.kind == LENGTH)
            raw = field.body;
        else if (field.number == TENSOR_DATA_TYPE && field.kind == VARINT)
            dtype = field.value;
    }
    if (!good)
        return false;
    const bool stays = can_stay(raw, dtype, kept->mapped);
    for (cld_bytes rest = tensor; next_field(&rest, &field, &good);)
        if (!stays || field.number != TENSOR_RAW_DATA)
            cld_text_addn(out, (const char *)field.whole.at, field.whole.count);
    if (!cld_arena_grow(kept->arena, (void **)&kept->items, &kept->capacity, kept->count + 1, sizeof *kept->items))
        return false;
    kept->items[kept->count++] = stays ? raw : (cld_bytes){ NULL, 0 };
    return true;
}

/* A message with each field `number` rewritten by `strip`, and everything else as it stands. */
static bool strip(cld_bytes message, uint64_t number, bool (*part)(cld_bytes, cld_text *, cld_kept *), cld_text *out,
                  cld_kept *kept) {
    cld_field field;
    bool good, stripped = true;
    while (stripped && next_field(&message, &field, &good)) {
        if (field.number != number || field.kind != LENGTH) {
            cld_text_addn(out, (const char *)field.whole.at, field.whole.count);
            continue;
        }
        cld_text body = { 0 };
        stripped = part(field.body, &body, kept);
        add_message(out, (int)number, &body);
        out->failed |= body.failed;
        cld_text_free(&body);
    }
    return stripped && good;
}

static bool strip_graph(cld_bytes graph, cld_text *out, cld_kept *kept) {
    return strip(graph, GRAPH_INITIALIZER, strip_tensor, out, kept);
}

static void *unpack(cld_onnx *onnx, const void *data, size_t size_bytes, clade_status *status, clade_error *err) {
    return cld_unpack_message(&onnx->unpack, &cld_onnx__model_proto__descriptor, data, size_bytes, "the model", status,
                              err);
}

CldOnnx__ModelProto *cld_onnx_unpack(cld_onnx *onnx, const void *data, size_t size_bytes, clade_status *status,
                                     clade_error *err) {
    cld_kept kept = { .arena = onnx->scratch, .mapped = onnx->options->map };
    cld_text text = { 0 };
    const bool stripped = (onnx->options->borrow || onnx->options->map) &&
                          strip((cld_bytes){ data, size_bytes }, MODEL_GRAPH, strip_graph, &text, &kept);
    CldOnnx__ModelProto *model = NULL;
    if (text.failed || cld_arena_failed(onnx->scratch))
        *status = cld_no_memory(err, "the model");
    else if (stripped)
        model = unpack(onnx, text.size > 0 ? text.data : "", text.size, status, err);
    else
        model = unpack(onnx, data, size_bytes, status, err);
    cld_text_free(&text);
    if (model == NULL || model->graph == NULL || !stripped)
        return model;
    if (model->graph->n_initializer != (size_t)kept.count) {
        *status = cld_fail(err, CLADE_ERR_INTERNAL, "the model: %zu initialisers were unpacked, %d were seen",
                           model->graph->n_initializer, (int)kept.count);
        return NULL;
    }
    for (int32_t k = 0; k < kept.count; k++) {
        if (kept.items[k].at == NULL)
            continue;
        CldOnnx__TensorProto *tensor = model->graph->initializer[k];
        tensor->has_raw_data = 1;
        tensor->raw_data.len = kept.items[k].count;
        memcpy(&tensor->raw_data.data, &kept.items[k].at, sizeof tensor->raw_data.data); /* read only from here on */
    }
    return model;
}
