/* SPDX-License-Identifier: Apache-2.0 */
/* Which device a text means. Among several that fit, the most capable: compute units weighted by kind, emulators last.
 */
#include "ocl/internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

/* GPU before CPU before anything else before emulators; then compute units, then memory. */
static int compare_devices(const clade_device_info *a, const clade_device_info *b) {
    static const int by_kind[] = { [CLADE_DEVICE_OTHER] = 1, [CLADE_DEVICE_CPU] = 2, [CLADE_DEVICE_GPU] = 3 };
    int rank_a = cld_quirks_find(a) & CLD_QUIRK_EMULATED ? 0 : by_kind[a->kind];
    int rank_b = cld_quirks_find(b) & CLD_QUIRK_EMULATED ? 0 : by_kind[b->kind];
    if (rank_a != rank_b)
        return rank_a - rank_b;
    if (a->compute_units != b->compute_units)
        return a->compute_units > b->compute_units ? 1 : -1;
    return (a->global_bytes > b->global_bytes) - (a->global_bytes < b->global_bytes);
}

/* Digits only, so "1e3" and "-1" are names. */
static bool parse_number(const char **text, uint32_t *out) {
    char *end;
    if (!isdigit((unsigned char)**text))
        return false;
    unsigned long value = strtoul(*text, &end, 10);
    *out = (uint32_t)CLD_MIN(value, (unsigned long)UINT32_MAX);
    *text = end;
    return true;
}

static bool contains(const char *text, const char *part) {
    size_t length = strlen(part);
    for (; *text; text++)
        if (strncasecmp(text, part, length) == 0)
            return true;
    return false;
}

typedef struct wish {
    enum { ANY, KIND, INDEX, PAIR, NAME } by;
    clade_device_kind kind;
    uint32_t first, second;
    const char *name;
} wish;

static wish read_wish(const char *select) {
    wish wanted = { .by = NAME, .name = select };
    const char *at = select;
    if (select[0] == '\0')
        wanted.by = ANY;
    else if (strcasecmp(select, "gpu") == 0 || strcasecmp(select, "cpu") == 0) {
        wanted.by = KIND;
        wanted.kind = tolower((unsigned char)select[0]) == 'g' ? CLADE_DEVICE_GPU : CLADE_DEVICE_CPU;
    } else if (parse_number(&at, &wanted.first)) {
        if (*at == '\0')
            wanted.by = INDEX;
        else if (*at++ == ':' && parse_number(&at, &wanted.second) && *at == '\0')
            wanted.by = PAIR;
    }
    return wanted;
}

static bool fits(const wish *wanted, const clade_device_info *info) {
    switch (wanted->by) {
    case ANY:
        return true;
    case KIND:
        return info->kind == wanted->kind;
    case INDEX:
        return info->index == wanted->first;
    case PAIR:
        return info->platform == wanted->first && info->device == wanted->second;
    case NAME:
        return contains(info->name, wanted->name);
    }
    return false;
}

static clade_status not_found(const cld_list *list, const char *select, clade_error *err) {
    cld_text there = { 0 };
    for (size_t i = 0; i < list->n_devices; i++) {
        const clade_device_info *info = &list->devices[i].info;
        cld_text_printf(&there, "%s%u (%u:%u) '%s'", i ? ", " : "", info->index, info->platform, info->device,
                        info->name);
    }
    clade_status status = cld_fail(err, CLADE_ERR_NO_DEVICE, "no OpenCL device is '%.80s'; there %s %s", select,
                                   list->n_devices == 1 ? "is" : "are", there.data ? there.data : "too many to list");
    cld_text_free(&there);
    return status;
}

/* One that has a fault is taken when nothing else is meant, so that its fault is said. */
static bool better(const cld_listed *a, const cld_listed *b) {
    if (!b || a->fault.status != b->fault.status)
        return !b || a->fault.status == CLADE_OK;
    return a->fault.status == CLADE_OK && compare_devices(&a->info, &b->info) > 0;
}

clade_status cld_select(const cld_listed **out, const cld_list *list, const char *select, clade_error *err) {
    const char *from = "";
    if (!select || !select[0]) {
        select = getenv("CLADE_DEVICE");
        from = "CLADE_DEVICE=";
    }
    if (!select)
        select = "";
    CLD_RETURN(cld_list_check(list, err));
    wish wanted = read_wish(select);
    const cld_listed *best = NULL;
    for (size_t i = 0; i < list->n_devices; i++)
        if (fits(&wanted, &list->devices[i].info) && better(&list->devices[i], best))
            best = &list->devices[i];
    if (!best)
        return not_found(list, select, err);
    if (best->fault.status != CLADE_OK)
        return cld_fail(err, best->fault.status, "%s", best->fault.message);
    const clade_device_info *info = &best->info;
    cld_log(CLADE_LOG_INFO, "device %u (%u:%u) '%s' of '%s', driver %s: chosen of %zu by %s%s", info->index,
            info->platform, info->device, info->name, info->platform_name, info->driver, list->n_devices,
            wanted.by == ANY ? "rank" : from, wanted.by == ANY ? " (GPU, CPU, other; then compute units)" : select);
    *out = best;
    return CLADE_OK;
}
