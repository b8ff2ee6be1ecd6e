/* SPDX-License-Identifier: Apache-2.0 */
/* Where a store lies, and whether the place can be trusted.
 *
 * Whoever can write to the directory can plant program binaries that this process then runs. So it must be a real
 * directory (no symbolic link), owned by the effective user, writable by nobody else; the file likewise. Then nobody
 * can exchange the file between the check and the use (whoever can rename the directory's parents is trusted).
 */
#include "store/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool choose(cld_text *out, const cld_store_kind *kind, const char *directory) {
    const char *base;
    if (!directory)
        directory = getenv("CLADE_CACHE_DIR");
    if (directory)
        cld_text_add(out, directory);
    else if ((base = getenv(kind->variable)) && base[0] == '/') /* a relative one is to be ignored: XDG specification */
        cld_text_printf(out, "%s/clade", base);
    else if ((base = getenv("HOME")) && base[0] == '/')
        cld_text_printf(out, "%s/%s/clade", base, kind->home);
    return !out->failed && out->data && out->data[0] != '\0';
}

/* mkdir -p, private to the user. Failures show when the directory is looked at. */
static void make_directories(char *path) {
    for (char *slash = path + 1; *slash; slash++) {
        if (*slash != '/')
            continue;
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    (void)mkdir(path, 0700);
}

static clade_status directory_check(const char *what, const char *path, clade_error *why) {
    struct stat entry;
    if (lstat(path, &entry) != 0)
        return cld_fail(why, CLADE_ERR_IO, "%s directory '%s': %s", what, path, strerror(errno));
    if (!S_ISDIR(entry.st_mode))
        return cld_fail(why, CLADE_ERR_IO, "%s directory '%s' is %s, not a directory", what, path,
                        S_ISLNK(entry.st_mode) ? "a symbolic link" : "a file");
    if (entry.st_uid != geteuid())
        return cld_fail(why, CLADE_ERR_IO, "%s directory '%s' belongs to user %lu, not to user %lu", what, path,
                        (unsigned long)entry.st_uid, (unsigned long)geteuid());
    if (entry.st_mode & (S_IWGRP | S_IWOTH))
        return cld_fail(why, CLADE_ERR_IO, "%s directory '%s' can be written by other users (mode %03o)", what, path,
                        (unsigned)entry.st_mode & 0777u);
    return CLADE_OK;
}

static clade_status file_check(const char *what, const char *file, clade_error *why) {
    struct stat entry;
    if (lstat(file, &entry) != 0)
        return errno == ENOENT ? CLADE_OK
                               : cld_fail(why, CLADE_ERR_IO, "%s file '%s': %s", what, file, strerror(errno));
    if (!S_ISREG(entry.st_mode) || entry.st_uid != geteuid() || entry.st_nlink != 1)
        return cld_fail(why, CLADE_ERR_IO, "%s file '%s' is not a plain file of this user's own", what, file);
    if (entry.st_mode & (S_IWGRP | S_IWOTH))
        return cld_fail(why, CLADE_ERR_IO, "%s file '%s' can be written by other users (mode %03o)", what, file,
                        (unsigned)entry.st_mode & 0777u);
    return CLADE_OK;
}

clade_status cld_store_files_check(const cld_store *store, clade_error *why) {
    static const char *const suffixes[] = { "", "-journal", "-wal", "-shm", ".lock" };
    clade_status status = CLADE_OK;
    for (size_t i = 0; i < CLD_COUNT(suffixes) && status == CLADE_OK; i++) {
        cld_text file = { 0 };
        cld_text_printf(&file, "%s%s", store->file, suffixes[i]);
        status = file.failed ? cld_no_memory(why, "the cache path") : file_check(store->kind->what, file.data, why);
        cld_text_free(&file);
    }
    return status;
}

char *cld_store_path(const cld_store_kind *kind, const char *directory, bool make, clade_error *why) {
    cld_text wanted = { 0 }, file = { 0 };
    char *resolved = NULL;
    if (choose(&wanted, kind, directory)) {
        for (size_t end = wanted.size; end > 1 && wanted.data[end - 1] == '/'; end--)
            wanted.data[end - 1] = '\0'; /* "dir/" would look through a symbolic link */
        if (make)
            make_directories(wanted.data);
        if ((make || access(wanted.data, F_OK) == 0) && directory_check(kind->what, wanted.data, why) == CLADE_OK) {
            resolved = cld_real_path(wanted.data);
            if (!resolved && errno == ENOMEM)
                (void)cld_no_memory(why, "the path of a store");
            else if (!resolved)
                (void)cld_fail(why, CLADE_ERR_IO, "%s directory '%s': %s", kind->what, wanted.data, strerror(errno));
        }
    }
    if (resolved)
        cld_text_printf(&file, "%s/%s", resolved, kind->name);
    if (wanted.failed || file.failed)
        (void)cld_no_memory(why, "the path of a store");
    cld_free(resolved);
    cld_text_free(&wanted);
    if (file.failed || !file.data || (!make && access(file.data, F_OK) != 0))
        cld_text_free(&file);
    return file.data;
}
