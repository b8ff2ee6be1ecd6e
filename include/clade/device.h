/* SPDX-License-Identifier: Apache-2.0 */
/* OpenCL platforms (drivers) and devices: list, select, open.
 *
 * Drivers keep threads, which do not live on in a forked child. So where the parent has called anything here, calls
 * that need the device are ERR_DEVICE in a child; closing and freeing are fine there. Open the device in the child
 * only. */
#ifndef CLADE_DEVICE_H
#define CLADE_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum clade_device_kind { CLADE_DEVICE_OTHER, CLADE_DEVICE_CPU, CLADE_DEVICE_GPU } clade_device_kind;

typedef struct clade_device_info {
    size_t size_bytes;         /* sizeof(clade_device_info): start from CLADE_DEVICE_INFO_INIT */
    uint32_t index;            /* over all platforms, in the order the loader gives them */
    uint32_t platform, device; /* the pair "platform:device" */
    clade_device_kind kind;
    char name[128], vendor[64], driver[64], platform_name[64], version[96];
    uint32_t compute_units;
    uint64_t global_bytes, max_alloc_bytes, local_bytes;
    int fp64, fp16;     /* arithmetic in float64 / float16 is native */
    int unified_memory; /* host and device share memory */
} clade_device_info;
#define CLADE_DEVICE_INFO_INIT CLADE_SIZED_INIT(clade_device_info)

/* An open device: its context, the programs compiled for it, the cache on disk. May be shared by threads and sessions.
 * Opaque. */
typedef struct clade_device clade_device;

/* Options of clade_device_open. */
typedef struct clade_device_options {
    size_t size_bytes;     /* sizeof(clade_device_options): start from CLADE_DEVICE_OPTIONS_INIT */
    const char *cache_dir; /* for programs and tuning records. NULL: CLADE_CACHE_DIR, else the user's XDG cache and data
                            * directories; "": neither is on disk */
    /* NULL: plan for the device as it is. "gpu" or "cpu", then limits ("gpu,group=64,local=32768,fp64=0"): plan as if
     * it were such a one, to see or test on this device what another would get. Keys: group (work-items), local,
     * memory, alloc (bytes), units (compute units), fp64, fp16, blas (0 or 1). More than the device has is refused.
     * Without a device (select "none") anything may be stated, and what is not is a GPU's with groups of 256, 32 KiB
     * of local memory and 8 GiB. */
    const char *as;
} clade_device_options;
#define CLADE_DEVICE_OPTIONS_INIT CLADE_SIZED_INIT(clade_device_options)

/* A platform: what one driver offers. */
typedef struct clade_platform_info {
    size_t size_bytes; /* sizeof(clade_platform_info): start from CLADE_PLATFORM_INFO_INIT */
    uint32_t index, device_count;
    char name[64], version[96];
    char hint[256]; /* when it offers no device: why, as far as is known; else "" */
} clade_platform_info;
#define CLADE_PLATFORM_INFO_INIT CLADE_SIZED_INIT(clade_platform_info)

/* Number of platforms. None is ERR_NO_DEVICE. */
CLADE_API CLADE_NODISCARD clade_status clade_platform_count(size_t *out, clade_error *err);
CLADE_API CLADE_NODISCARD clade_status clade_platform_describe(clade_platform_info *out, size_t index,
                                                               clade_error *err);
/* Which package brings the driver for a kind of hardware, a line each; NULL behind the last. Static strings. */
CLADE_API const char *clade_driver_hint(size_t index);

/* Number of devices over all platforms. None is ERR_NO_DEVICE, whose line says of each platform why. */
CLADE_API CLADE_NODISCARD clade_status clade_device_count(size_t *out, clade_error *err);
/* Describes device `index` < count without opening it. One that does not describe itself keeps its index and fails here
 * and when it is opened; it takes no other with it. */
CLADE_API CLADE_NODISCARD clade_status clade_device_describe(clade_device_info *out, size_t index, clade_error *err);

/* Opens a device. `select` is an index ("0"), "gpu", "cpu", a part of a device name (case ignored) or
 * "platform:device"; NULL or "" takes $CLADE_DEVICE, and without it the most capable GPU, else CPU. "none" opens no
 * device and needs no driver: sessions on it plan for what options->as states, "gpu,..." or "cpu,...", and can be
 * dumped and written; what would run is ERR_NO_DEVICE.
 * `options` may be NULL. The caller owns *out: clade_device_close. ERR_NO_DEVICE names what was asked for and what
 * there is. */
CLADE_API CLADE_NODISCARD clade_status clade_device_open(clade_device **out, const char *select,
                                                         const clade_device_options *options, clade_error *err);
/* Drops the caller's reference; sessions that still use the device keep it alive. NULL is fine. */
CLADE_API void clade_device_close(clade_device *device);
/* Describes an open device. */
CLADE_API CLADE_NODISCARD clade_status clade_device_get_info(const clade_device *device, clade_device_info *out,
                                                             clade_error *err);

#ifdef __cplusplus
}
#endif
#endif
