/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files in and out. Reading takes regular files only, so that a path never blocks on a pipe or a device; writing
 * goes to a new file beside the target, which a rename puts in its place.
 */
#include "io/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

size_t cld_file_limit(size_t max_bytes) {
    if (max_bytes)
        return max_bytes;
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGE_SIZE);
    return pages > 0 && page > 0 ? (size_t)pages / 2 * (size_t)page : SIZE_MAX / 2;
}

static clade_status os_error(clade_error *err, const char *path, const char *doing) {
    if (errno == ENOMEM)
        return cld_no_memory(err, path);
    return cld_fail(err, CLADE_ERR_IO, "%s: cannot %s: %s", path, doing, strerror(errno));
}

/* Reads `size` bytes; a file that shrinks meanwhile is an error, one that grows is read as it was. */
static clade_status read_all(int fd, char *data, size_t size, const char *path, clade_error *err) {
    for (size_t done = 0; done < size;) {
        ssize_t n = read(fd, data + done, size - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return os_error(err, path, "read");
        if (n == 0)
            return cld_fail(err, CLADE_ERR_IO, "%s: became shorter while it was read", path);
        done += (size_t)n;
    }
    return CLADE_OK;
}

clade_status cld_file_read(void **out, size_t *size_bytes, const char *path, size_t max_bytes, clade_error *err) {
    clade_status status = CLADE_OK;
    char *data = NULL;
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return os_error(err, path, "open");
    if (fstat(fd, &info)) {
        status = os_error(err, path, "read");
        goto fail;
    }
    if (!S_ISREG(info.st_mode)) {
        status = cld_fail(err, CLADE_ERR_IO, "%s: is not a regular file", path);
        goto fail;
    }
    size_t limit = cld_file_limit(max_bytes), size = (size_t)info.st_size;
    if (size > limit) {
        status = cld_fail(err, CLADE_ERR_LIMIT, "%s: has %zu bytes, the limit is %zu", path, size, limit);
        goto fail;
    }
    data = cld_calloc(size + 1, 1);
    if (!data) {
        status = cld_no_memory(err, path);
        goto fail;
    }
    CLD_TRY(read_all(fd, data, size, path, err));
    data[size] = '\0';
    *out = data;
    *size_bytes = size;
    data = NULL;
fail:
    cld_free(data);
    close(fd);
    return status;
}

bool cld_file_map(cld_mapping **maps, const void **out, size_t *size_bytes, const char *path, size_t max_bytes) {
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool fits = !fstat(fd, &info) && S_ISREG(info.st_mode) && (size_t)info.st_size <= cld_file_limit(max_bytes);
    *out = fits ? cld_mapping_add(maps, fd, 0, (size_t)info.st_size) : NULL;
    *size_bytes = fits ? (size_t)info.st_size : 0;
    close(fd);
    return *out != NULL;
}

/* A new file beside `path`, named in *name (the caller frees); -1 with errno otherwise. */
static int create_beside(const char *path, cld_text *name) {
    enum { ATTEMPTS = 100 };
    int fd = -1;
    errno = EEXIST;
    for (int i = 0; fd < 0 && errno == EEXIST && i < ATTEMPTS; i++) {
        cld_text_free(name);
        cld_text_printf(name, "%s.%ld-%d.tmp", path, (long)getpid(), i);
        errno = ENOMEM;
        if (!name->failed)
            fd = open(name->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    return fd;
}

static bool write_all(int fd, const char *data, size_t size) {
    for (size_t done = 0; done < size;) {
        ssize_t n = write(fd, data + done, size - done);
        if (n < 0 && errno != EINTR)
            return false;
        done += n < 0 ? 0 : (size_t)n;
    }
    return true;
}

clade_status cld_file_write(const char *path, const void *data, size_t size_bytes, clade_error *err) {
    struct stat info;
    if (!stat(path, &info) && !S_ISREG(info.st_mode)) /* a rename would replace the device, pipe or directory */
        return cld_fail(err, CLADE_ERR_IO, "%s: is not a regular file", path);
    clade_status status = CLADE_OK;
    cld_text name = { 0 };
    int fd = create_beside(path, &name);
    if (fd < 0) {
        status = os_error(err, path, "write");
        goto fail;
    }
    bool written = write_all(fd, data, size_bytes);
    int failure = errno; /* of the write, which tells more than that of the close */
    if (close(fd) || !written || rename(name.data, path)) {
        errno = written ? errno : failure;
        status = os_error(err, path, "write");
        (void)unlink(name.data);
    }
fail:
    cld_text_free(&name);
    return status;
}
