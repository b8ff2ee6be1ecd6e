/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol-buffer messages unpacked into an arena, within a bound.
 *
 * protobuf-c takes its memory from an allocator; this one takes it from the graph's arena (so messages need no freeing
 * and tensor data need no copy) and refuses beyond a budget. What protobuf-c frees early stays until the arena goes.
 */
#include "io/onnx.h"

/* The widest honest growth: a packed list of small int64 takes 1 byte each in the file and 8 in memory. */
enum { GROWTH = 16, SLACK_BYTES = 64 << 20 };

void cld_unpack_init(cld_unpack *unpack, cld_arena *arena, size_t size_bytes, size_t max_bytes) {
    size_t grown, twice;
    if (!cld_mul_size(size_bytes, GROWTH, &grown))
        grown = SIZE_MAX / 2;
    if (!cld_mul_size(max_bytes, 2, &twice))
        twice = SIZE_MAX / 2;
    *unpack = (cld_unpack){ .arena = arena, .left = CLD_MIN(CLD_MIN(grown, twice), SIZE_MAX / 2) + SLACK_BYTES };
}

bool cld_unpack_charge(cld_unpack *unpack, size_t bytes) {
    if (bytes > unpack->left)
        return false;
    unpack->left -= bytes;
    return true;
}

static void *take(void *user, size_t bytes) {
    cld_unpack *unpack = user;
    unpack->exhausted |= !cld_unpack_charge(unpack, bytes);
    return unpack->exhausted ? NULL : cld_arena_alloc(unpack->arena, bytes);
}

static void drop(void *user, void *memory) {
    (void)user;
    (void)memory;
}

void *cld_unpack_message(cld_unpack *unpack, const ProtobufCMessageDescriptor *type, const void *data,
                         size_t size_bytes, const char *what, clade_status *status, clade_error *err) {
    ProtobufCAllocator allocator = { .alloc = take, .free = drop, .allocator_data = unpack };
    unpack->exhausted = false;
    void *message = protobuf_c_message_unpack(type, &allocator, size_bytes, data);
    if (message != NULL)
        *status = CLADE_OK;
    else if (cld_arena_failed(unpack->arena))
        *status = cld_no_memory(err, what);
    else if (unpack->exhausted)
        *status = cld_fail(err, CLADE_ERR_LIMIT, "%s: %zu bytes unpack to more memory than the model may take", what,
                           size_bytes);
    else
        *status = cld_fail(err, CLADE_ERR_FORMAT, "%s: %zu bytes are no valid ONNX message", what, size_bytes);
    return message;
}
