/* SPDX-License-Identifier: Apache-2.0 */
/* The one place where the library takes memory from libc and gives it back. Nothing else stands here, so that a test's
 * own file can take this one's place and let any allocation fail. Not here: what SQLite and the OpenCL driver take.
 */
#include "base/base.h"

#include <stdlib.h>
#include <sys/mman.h>

void *cld_calloc(size_t count, size_t bytes) { return calloc(count, bytes); }

void *cld_realloc(void *memory, size_t count, size_t bytes) {
    size_t total;
    return cld_mul_size(count, bytes, &total) ? realloc(memory, total) : NULL;
}

void cld_free(void *memory) { free(memory); }

void *cld_pages_new(size_t bytes) {
    void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

void cld_pages_free(void *pages, size_t bytes) { (void)munmap(pages, bytes); }
