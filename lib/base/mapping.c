/* SPDX-License-Identifier: Apache-2.0 */
/* Files, or parts of them, as read-only memory. Pages that were read can be given back: they are read again when
 * needed. */
#include "base/base.h"

#include <sys/mman.h>
#include <unistd.h>

const void *cld_mapping_add(cld_mapping **maps, int fd, uint64_t offset, size_t size_bytes) {
    const long page = sysconf(_SC_PAGE_SIZE);
    const size_t before = page > 0 ? (size_t)(offset % (uint64_t)page) : 0; /* a mapping begins at a page */
    cld_mapping *map = size_bytes > 0 && page > 0 ? cld_calloc(1, sizeof *map) : NULL;
    if (!map)
        return NULL;
    *map = (cld_mapping){ .next = *maps, .size_bytes = before + size_bytes, .page_bytes = (size_t)page };
    map->base = mmap(NULL, map->size_bytes, PROT_READ, MAP_PRIVATE, fd, (off_t)(offset - before));
    if (map->base == MAP_FAILED) {
        cld_free(map);
        return NULL;
    }
    *maps = map;
    return (const char *)map->base + before;
}

void cld_mappings_free(cld_mapping *maps) {
    for (cld_mapping *next; maps; maps = next) {
        next = maps->next;
        (void)munmap(maps->base, maps->size_bytes);
        cld_free(maps);
    }
}

static bool holds(const cld_mapping *map, const void *data, size_t size_bytes) {
    const uintptr_t at = (uintptr_t)data, base = (uintptr_t)map->base;
    return at >= base && at - base < map->size_bytes && size_bytes <= map->size_bytes - (at - base);
}

bool cld_mappings_hold(const cld_mapping *maps, const void *data, size_t size_bytes) {
    while (maps && !holds(maps, data, size_bytes))
        maps = maps->next;
    return maps != NULL;
}

/* Whole pages only; a failure costs memory, nothing else. */
static void give_back(const cld_mapping *map, size_t first, size_t last) {
    first = (first + map->page_bytes - 1) / map->page_bytes * map->page_bytes;
    last = last / map->page_bytes * map->page_bytes;
    if (first < last)
        (void)madvise((char *)map->base + first, last - first, MADV_DONTNEED);
}

void cld_mappings_release(const cld_mapping *maps, const void *data, size_t size_bytes) {
    for (const cld_mapping *map = maps; map; map = map->next) {
        const size_t at = data ? (size_t)((uintptr_t)data - (uintptr_t)map->base) : 0;
        if (!data)
            give_back(map, 0, map->size_bytes);
        else if (holds(map, data, size_bytes))
            give_back(map, at, at + size_bytes);
    }
}
