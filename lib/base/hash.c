/* SPDX-License-Identifier: Apache-2.0 */
/* FNV-1a (Fowler, Noll, Vo) and an open-addressing table of names, at most two thirds full. */
#include "base/base.h"

struct cld_name_slot {
    const char *key; /* NULL: free */
    uint64_t hash;
    int32_t value;
};

uint64_t cld_hash(uint64_t hash, const void *data, size_t bytes) {
    const unsigned char *p = data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

void cld_names_init(cld_names *names, cld_arena *arena) { *names = (cld_names){ .arena = arena }; }

/* The slot that holds the key, or the free one where it belongs. capacity is a power of two with a free slot. */
static struct cld_name_slot *probe(struct cld_name_slot *slots, int32_t capacity, const char *key, uint64_t hash) {
    for (uint64_t i = hash;; i++) {
        struct cld_name_slot *slot = &slots[i & (uint64_t)(capacity - 1)];
        if (!slot->key || (slot->hash == hash && !strcmp(slot->key, key)))
            return slot;
    }
}

static bool grow(cld_names *names) {
    if (names->capacity > INT32_MAX / 2)
        return false;
    int32_t capacity = names->capacity ? names->capacity * 2 : 16;
    struct cld_name_slot *slots = cld_arena_calloc(names->arena, (size_t)capacity, sizeof *slots);
    if (!slots)
        return false;
    for (int32_t i = 0; i < names->capacity; i++)
        if (names->slots[i].key)
            *probe(slots, capacity, names->slots[i].key, names->slots[i].hash) = names->slots[i];
    names->slots = slots;
    names->capacity = capacity;
    return true;
}

bool cld_names_put(cld_names *names, const char *key, int32_t value) {
    if (names->count >= names->capacity - names->capacity / 3 && !grow(names))
        return false;
    uint64_t hash = cld_hash(CLD_HASH_START, key, strlen(key));
    struct cld_name_slot *slot = probe(names->slots, names->capacity, key, hash);
    if (!slot->key)
        names->count++;
    *slot = (struct cld_name_slot){ key, hash, value };
    return true;
}

int32_t cld_names_get(const cld_names *names, const char *key) {
    if (!names->capacity)
        return -1;
    const struct cld_name_slot *slot =
        probe(names->slots, names->capacity, key, cld_hash(CLD_HASH_START, key, strlen(key)));
    return slot->key ? slot->value : -1;
}
