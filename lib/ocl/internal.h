/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of lib/ocl share. Only lib/ocl includes it. */
#ifndef CLD_OCL_INTERNAL_H
#define CLD_OCL_INTERNAL_H

#include "ocl/ocl.h"

#ifndef CL_TARGET_OPENCL_VERSION
#define CL_TARGET_OPENCL_VERSION 120
#endif
#include <CL/cl.h>

/* ---- process.c ------------------------------------------------------------------------------------------------ */

/* Comes before the OpenCL calls of whatever may be called first: ERR_DEVICE in a process that was forked since the
 * first time. What frees asks cld_forked. */
clade_status cld_cl_enter(clade_error *err);

/* ---- error.c -------------------------------------------------------------------------------------------------- */

const char *cld_cl_text(cl_int code); /* "CL_OUT_OF_RESOURCES"; never NULL */
clade_status cld_cl_status(cl_int code);
/* "<what>: <code>", as the status that fits the code. */
clade_status cld_cl_fail(clade_error *err, cl_int code, const char *format, ...) CLADE_PRINTF(3, 4);

/* ---- quirks.c ------------------------------------------------------------------------------------------------- */

/* Facts about drivers that no query tells. Bits of cld_ocl.quirks. */
typedef enum cld_quirk {
    CLD_QUIRK_NO_BLAS = 1 << 0,   /* CLBlast is of no use */
    CLD_QUIRK_NO_BINARY = 1 << 1, /* program binaries are not to be kept */
    CLD_QUIRK_EMULATED = 1 << 2,  /* an interpreter or a software rasteriser: taken only when asked for */
    CLD_QUIRK_SPINS = 1 << 3,     /* clFinish burns a core; wait by polling with pauses */
    CLD_QUIRK_TRIG_APART = 1 << 4 /* sin, cos and tan of a vector: large elements apart from small ones */
} cld_quirk;
uint32_t cld_quirks_find(const clade_device_info *info);
/* Logs, at debug level, each fact that applies, with its reason. */
void cld_quirks_log(const clade_device_info *info);
/* Why a platform of this name may offer no device. */
const char *cld_quirks_no_device(const char *platform_name);

/* ---- caps.c --------------------------------------------------------------------------------------------------- */

/* A text of the device, or of the platform when `device` is NULL: trimmed, printable, cut to `size`. */
clade_status cld_text_query(char *out, size_t size, cl_platform_id platform, cl_device_id device, cl_uint what,
                            clade_error *err);
/* What clade_device_info says beside index, platform and device, which are set. */
clade_status cld_device_query(clade_device_info *out, cl_platform_id platform, cl_device_id device, clade_error *err);
clade_status cld_caps_query(cld_caps *out, const clade_device_info *info, uint32_t quirks, cl_device_id device,
                            clade_error *err);

/* ---- list.c --------------------------------------------------------------------------------------------------- */

/* What failed keeps its place and its fault (status CLADE_OK: none), so that it takes no other with it. */
typedef struct cld_platform {
    cl_platform_id id;
    clade_platform_info info;
    clade_error fault;
} cld_platform;
typedef struct cld_listed {
    cl_platform_id platform;
    cl_device_id device;
    clade_device_info info;
    clade_error fault;
} cld_listed;
typedef struct cld_list {
    cld_platform *platforms;
    cld_listed *devices;
    size_t n_platforms, n_devices; /* n_devices may be 0 */
} cld_list;
/* ERR_NO_DEVICE: no platform at all. */
clade_status cld_list_new(cld_list *out, clade_error *err);
void cld_list_free(cld_list *list);
/* Without any device: the line that says of each platform why. */
clade_status cld_list_check(const cld_list *list, clade_error *err);

/* ---- select.c ------------------------------------------------------------------------------------------------- */

/* What `select` asks for (see clade_device_open); borrowed from the list. ERR_NO_DEVICE names both. */
clade_status cld_select(const cld_listed **out, const cld_list *list, const char *select, clade_error *err);

/* ---- objects -------------------------------------------------------------------------------------------------- */

/* A kernel instance: a family's text with one set of defines. Lives in its batch's arena. */
typedef struct cld_paste {
    const char *id;            /* the family, a line break, then its #define lines */
    const char *suffix;        /* INSTANCE: a hash of the id */
    const char *family, *text; /* and its text */
    const char *node;          /* the first node that wanted it, for messages */
} cld_paste;

typedef struct cld_program {
    cld_arena *arena; /* holds the program itself */
    cl_program handle;
    char key[CLD_DIGEST_HEX]; /* in the store */
    size_t stored_bytes;      /* size of the binary the store holds; 0: none */
    int32_t users;            /* instances of batches that hold it */
    uint64_t last_use;
    const char **ids; /* the instances in it */
    int32_t n_ids;
} cld_program;

struct cld_ocl {
    cld_refs refs;
    cl_platform_id platform;
    cl_device_id device;
    cl_context context;
    clade_device_info info;
    char platform_version[96];
    cld_caps caps;
    uint32_t quirks;
    cld_store *store;
    cl_mem dummy;             /* stands in for absent buffers */
    uint64_t allocated_bytes; /* atomic */
    uint64_t buffers;         /* atomic: made so far */
    bool used_blas;           /* guarded by the lock of the process */
    cld_lock *lock;           /* guards what follows; held during builds, so that nothing is built twice */
    cld_program **programs;
    int32_t n_programs;
    uint64_t uses; /* clock of last_use */
};

struct cld_mem {
    cl_mem handle;
    size_t bytes;
    uint64_t serial;
    cld_ocl *ocl;  /* retained; NULL: wrapped, so not counted in allocated_bytes */
    bool in_place; /* over the caller's host memory */
};

typedef struct cld_event {
    cl_event begin, end; /* begin NULL: the span is that of `end` alone */
    const void *tag;
} cld_event;

struct cld_queue {
    cld_ocl *ocl; /* retained */
    cl_command_queue handle;
    bool profile;
    cld_event *events; /* when profiling: since the last clear, not yet read */
    size_t n_events, cap_events;
    cld_timing *timings;
    size_t n_timings, cap_timings;
};

struct cld_kernel {
    cl_kernel handle;
    cl_mem dummy;  /* of the device; retained by the argument it is bound to */
    char name[96]; /* family and entry, for messages */
};

/* ---- queue.c -------------------------------------------------------------------------------------------------- */

/* Where an enqueue puts its event: NULL when not profiling. After the enqueue succeeded, cld_queue_note takes it. */
cl_event *cld_queue_event(cld_queue *queue, cld_event *event, const void *tag);
clade_status cld_queue_note(cld_queue *queue, const cld_event *event, clade_error *err);

/* ---- blas.c --------------------------------------------------------------------------------------------------- */

void cld_blas_forget(const cld_ocl *ocl); /* what CLBlast keeps of the device's context */

/* ---- program.c ------------------------------------------------------------------------------------------------ */

void cld_programs_drop(cld_ocl *ocl); /* all of them, when the device goes */
/* What a handle stands for, borrowed from the batch. */
typedef struct cld_instance {
    const cld_ocl *ocl;
    cl_program program;
    const char *family, *entry, *suffix; /* the kernel is <entry>_<suffix> */
} cld_instance;
clade_status cld_batch_find(const cld_batch *batch, int32_t handle, cld_instance *out, clade_error *err);

/* ---- source.c ------------------------------------------------------------------------------------------------- */

clade_status cld_paste_new(cld_paste **out, cld_arena *arena, const cld_step *step, clade_error *err);
/* Headers and the instances, sorted, ready to compile. The caller frees. */
clade_status cld_source_text(char **out, cld_paste **pastes, int32_t count, clade_error *err);

/* ---- binary.c ------------------------------------------------------------------------------------------------- */

void cld_binary_key(char key[CLD_DIGEST_HEX], const cld_ocl *ocl, const char *options, const char *source);
/* Loads and builds program->key from the store; false: not there or not usable (the row is then removed). */
bool cld_binary_load(cld_program *program, const cld_ocl *ocl, const char *options);
bool cld_binary_wanted(const cld_ocl *ocl); /* a store, and a driver whose binaries are any good */
/* Stores the binary unless what is stored has that size already. */
void cld_binary_save(cld_program *program, const cld_ocl *ocl);

#endif
