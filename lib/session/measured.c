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
    if (key.failed)
        return;
    if (cld_records_open(&device->records, directory, false, &why) != CLADE_OK)
        cld_log(CLADE_LOG_WARNING, "%s; going on without it", why.message);
}

void cld_device_unrecall(clade_device *device) {
    cld_records_close(device->records);
    cld_free(device->records_key);
}

static bool holds(const cld_record *record, const clade_device *device) {
    clade_device_info info;
    cld_ocl_info(device->ocl, &info);
    return strcmp(record->driver, info.driver) == 0 && strcmp(record->library, clade_version()) == 0;
}

static const char *find(void *user, const char *problem, cld_arena *arena) {
    clade_device *device = user;
    cld_record *record;
    clade_error why = { 0 };
    if (cld_records_get(device->records, device->records_key, problem, &record, &why) != CLADE_OK)
        cld_log(CLADE_LOG_WARNING, "%s", why.message);
    const char *choice = record && holds(record, device) ? cld_arena_text(arena, record->choice) : NULL;
    cld_free(record);
    return choice;
}

cld_measured cld_device_measured(clade_device *device) { return (cld_measured){ find, device }; }
