/* SPDX-License-Identifier: Apache-2.0 */
/* What no query tells: the one file that knows vendors. Facts about drivers, why a platform hides its devices, and
 * which package brings which driver. A row matches when platform and device contain its texts (NULL: any) and the
 * driver's version lies in [from, before) (NULL: open). Every row says why, so that it can be dropped one day.
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
    { "Portable Computing Language", NULL, NULL, NULL, CLD_QUIRK_TRIG_APART,
      "sin, cos and tan of a vector with an element of 1e7 or more are off by 1/128 in its small elements (measured on "
      "3.1; "
      "its other built-ins, and these on scalars, are right: tests/op/builtins.c)",
      "https://github.com/pocl/pocl" },
    { "rusticl", NULL, NULL, NULL, CLD_QUIRK_NO_BINARY,
      "ends the process when it is given a binary it does not know, and saves only 10 ms with one it does",
      "https://docs.mesa3d.org/rusticl.html" },
    { "NVIDIA CUDA", NULL, NULL, NULL, CLD_QUIRK_SPINS, "clFinish and clWaitForEvents wait in a busy loop",
      "https://github.com/openmm/openmm/issues/1541" },
    { "NVIDIA CUDA", NULL, NULL, NULL, 0,
      "negating a short and widening it is one instruction, which makes -(-32768) 32768 (580.159.04): shorts are cut "
      "out "
      "by shifts, on every device (lib/op/map/pointwise.c)",
      "bench/results/2026-11-26-nvidia-h200.md" },
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

/* ---- no device -------------------------------------------------------------------------------------------------- */

/* The first that the platform's name contains. */
static const struct {
    const char *platform, *why;
} hidden[] = {
    { "Portable Computing Language", "it hides its devices when it cannot write its cache: POCL_CACHE_DIR must name a "
                                     "directory this user can write, where ~/.cache/pocl is none" },
    { "rusticl", "it shows devices only to those it is enabled for: RUSTICL_ENABLE=radeonsi for AMD, iris for Intel, "
                 "llvmpipe for the CPU" },
    { "Clover", "Mesa's older driver, for few devices; rusticl, of the same package, needs RUSTICL_ENABLE" },
    { "", "is the hardware there, and may this user open it? For GPUs that is /dev/dri/renderD*, group render" },
};

const char *cld_quirks_no_device(const char *platform_name) {
    size_t i = 0;
    while (!strstr(platform_name, hidden[i].platform))
        i++;
    return hidden[i].why;
}

/* Debian's packages; README.md has the same table. */
static const char *const drivers[] = {
    "AMD GPUs: mesa-opencl-icd, with RUSTICL_ENABLE=radeonsi in the environment; or AMD's ROCm",
    "Intel GPUs: intel-opencl-icd",
    "NVIDIA GPUs: nvidia-opencl-icd (non-free), of the same version as the kernel's driver",
    "any CPU: pocl-opencl-icd",
};

const char *cld_ocl_driver_hint(size_t index) { return index < CLD_COUNT(drivers) ? drivers[index] : NULL; }
