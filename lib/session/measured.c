/* SPDX-License-Identifier: Apache-2.0 */
/* Tuning records of a device, as the chooser asks for them. Those of another driver or library may no longer hold, and
 * are left to the tuner. Whatever is wrong with them costs a line in the log, and then time.
 */
#include "clade/version.h"
#include "session/session_internal.h"

void cld_device_recall(clade_device *device, const char *directory) {
    clade_device_info info;
    clade_error why = { 0 };
    cld_text key = { 0 };
    cld_ocl_info(device->ocl, &info);
    cld_text_printf(&key, "%s: %s", info.platform_name, info.name);
    device->records_key = key.data;
    device->records_directory = directory ? cld_strndup(directory, strlen(directory)) : NULL;
    if (key.failed || (directory && !device->records_directory))
        return;
    if (cld_records_open(&device->records, directory, false, &why) != CLADE_OK)
        cld_log(CLADE_LOG_WARNING, "%s; going on without it", why.message);
}

void cld_device_unrecall(clade_device *device) {
    cld_records_close(device->records);
    cld_free(device->records_directory);
    cld_free(device->records_key);
}

/* Sessions in other threads may be planning. */
static cld_records *records_of(clade_device *device) { return __atomic_load_n(&device->records, __ATOMIC_ACQUIRE); }

clade_status cld_device_records(cld_records **out, clade_device *device, clade_error *err) {
    clade_status status = CLADE_OK;
    if (!device->records_key)
        return cld_fail(err, CLADE_ERR_ARGUMENT, "what is measured on a device that is stated holds for no other");
    cld_lock_take(device->lock);
    *out = records_of(device);
    if (!*out)
        status = cld_records_open(out, device->records_directory, true, err);
    if (status == CLADE_OK && !*out)
        status = cld_fail(err, CLADE_ERR_ARGUMENT, "the device was opened with cache_dir \"\": nothing is recorded");
    if (status == CLADE_OK)
        __atomic_store_n(&device->records, *out, __ATOMIC_RELEASE);
    cld_lock_drop(device->lock);
    return status;
}

static bool holds(const cld_record *record, const clade_device *device) {
    clade_device_info info;
    cld_ocl_info(device->ocl, &info);
    return strcmp(record->driver, info.driver) == 0 && strcmp(record->library, clade_version()) == 0;
}

/* The record of about these sizes: what is best for one is better for the other than what an estimate says, as long as
 * they are not far apart. */
typedef struct nearest {
    const clade_device *device;
    const char *problem;
    cld_arena *arena;
    double distance;
    const char *choice;
} nearest;

static clade_status look(void *user, const cld_record *record, clade_error *err) {
    nearest *n = user;
    const double distance = cld_problem_distance(n->problem, record->problem);
    (void)err;
    if (distance < n->distance && holds(record, n->device)) {
        n->distance = distance;
        n->choice = cld_arena_text(n->arena, record->choice);
    }
    return CLADE_OK;
}

static const char *find_nearest(clade_device *device, const char *problem, cld_arena *arena) {
    const double farthest = 2.01; /* doublings */
    nearest n = { .device = device, .problem = problem, .arena = arena, .distance = farthest };
    clade_error why = { 0 };
    char *prefix = cld_strndup(problem, cld_problem_prefix(problem));
    if (prefix && prefix[0] &&
        cld_records_like(records_of(device), device->records_key, prefix, look, &n, &why) != CLADE_OK)
        cld_log(CLADE_LOG_WARNING, "%s", why.message);
    cld_free(prefix);
    return n.choice;
}

static const char *find(void *user, const char *problem, cld_arena *arena, bool *nearby) {
    clade_device *device = user;
    cld_record *record;
    clade_error why = { 0 };
    *nearby = false;
    if (!records_of(device))
        return NULL;
    if (cld_records_get(records_of(device), device->records_key, problem, &record, &why) != CLADE_OK)
        cld_log(CLADE_LOG_WARNING, "%s", why.message);
    const char *choice = record && holds(record, device) ? cld_arena_text(arena, record->choice) : NULL;
    cld_free(record);
    if (!choice)
        *nearby = (choice = find_nearest(device, problem, arena)) != NULL;
    return choice;
}

cld_measured cld_device_measured(clade_device *device) { return (cld_measured){ find, device }; }
