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

static clade_status not_found(const cld_listed *list, size_t count, const char *select, clade_error *err) {
    cld_text there = { 0 };
    for (size_t i = 0; i < count; i++)
        cld_text_printf(&there, "%s%u (%u:%u) '%s'", i ? ", " : "", list[i].info.index, list[i].info.platform,
                        list[i].info.device, list[i].info.name);
    clade_status status = cld_fail(err, CLADE_ERR_NO_DEVICE, "no OpenCL device is '%.80s'; there %s %s", select,
                                   count == 1 ? "is" : "are", there.data ? there.data : "none");
    cld_text_free(&there);
    return status;
}

clade_status cld_select(size_t *out, const cld_listed *list, size_t count, const char *select, clade_error *err) {
    if (!select || !select[0])
        select = getenv("CLADE_DEVICE");
    if (!select)
        select = "";
    wish wanted = read_wish(select);
    const cld_listed *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (fits(&wanted, &list[i].info) && (!best || compare_devices(&list[i].info, &best->info) > 0))
            best = &list[i];
    if (!best)
        return not_found(list, count, select[0] ? select : "any", err);
    *out = (size_t)(best - list);
    return CLADE_OK;
}
