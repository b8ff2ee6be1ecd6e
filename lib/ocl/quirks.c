/* SPDX-License-Identifier: Apache-2.0 */
/* What no query tells: the one file that knows vendors. A row matches when platform and device contain its texts (NULL:
 * any) and the driver's version lies in [from, before) (NULL: open). Every row says why, so that it can be dropped one
 * day.
 */
#include "ocl/internal.h"

#include <stdlib.h>

static const struct quirk_row {
    const char *platform, *device, *from, *before;
    uint32_t facts;
    const char *reason, *link;
} rows[] = {
    { "Oclgrind", NULL, NULL, NULL, CLD_QUIRK_EMULATED | CLD_QUIRK_NO_BLAS,
      "an interpreter that checks kernels, for tests; CLBlast takes 2 s for a product of 64x64 matrices",
      "https://github.com/jrprice/Oclgrind" },
    { NULL, "llvmpipe", NULL, NULL, CLD_QUIRK_EMULATED | CLD_QUIRK_NO_BLAS,
      "a software rasteriser, much slower than a CPU driver; CLBlast takes 2 s for a product of 64x64 matrices; "
      "silently ends the loops of a work-item after 65535 iterations in all, so it is for small tests only",
      "https://docs.mesa3d.org/drivers/llvmpipe.html" },
    { "rusticl", NULL, NULL, NULL, CLD_QUIRK_NO_BINARY,
      "ends the process when it is given a binary it does not know, and saves only 10 ms with one it does",
      "https://docs.mesa3d.org/rusticl.html" },
    { "NVIDIA CUDA", NULL, NULL, NULL, CLD_QUIRK_SPINS, "clFinish and clWaitForEvents wait in a busy loop",
      "https://github.com/openmm/openmm/issues/1541" },
    { "Intel(R) OpenCL", "Graphics", NULL, NULL, CLD_QUIRK_SPINS, "clFinish and clWaitForEvents yield in a loop",
      "https://github.com/intel/compute-runtime/issues/363" },
};

/* Compares "535.104.05" or "3.1+debian" by their leading numbers. */
static int compare_versions(const char *a, const char *b) {
    for (;;) {
        char *end_a, *end_b;
        long x = strtol(a, &end_a, 10), y = strtol(b, &end_b, 10);
        if (x != y)
            return x < y ? -1 : 1;
        if (*end_a != '.' || *end_b != '.')
            return 0;
        a = end_a + 1;
        b = end_b + 1;
    }
}

static bool matches(const struct quirk_row *row, const clade_device_info *info) {
    return (!row->platform || strstr(info->platform_name, row->platform)) &&
           (!row->device || strstr(info->name, row->device)) &&
           (!row->from || compare_versions(info->driver, row->from) >= 0) &&
           (!row->before || compare_versions(info->driver, row->before) < 0);
}

uint32_t cld_quirks_find(const clade_device_info *info) {
    uint32_t facts = 0;
    for (size_t i = 0; i < CLD_COUNT(rows); i++)
        if (matches(&rows[i], info))
            facts |= rows[i].facts;
    return facts;
}

void cld_quirks_log(const clade_device_info *info) {
    for (size_t i = 0; i < CLD_COUNT(rows); i++)
        if (matches(&rows[i], info))
            cld_log(CLADE_LOG_DEBUG, "device '%s': %s (%s)", info->name, rows[i].reason, rows[i].link);
}
