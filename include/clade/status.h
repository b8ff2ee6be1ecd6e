/* SPDX-License-Identifier: Apache-2.0 */
/* Status codes and the caller-owned error record.
 *
 * Every fallible call returns a clade_status; CLADE_OK is 0 and every error is negative. The last parameter,
 * `clade_error *err`, may be NULL; otherwise a failing call leaves one line in it that names the object at fault and
 * both facts that disagree. A successful call leaves it untouched. No call keeps error state anywhere else.
 */
#ifndef CLADE_STATUS_H
#define CLADE_STATUS_H

#if defined(__GNUC__)
#define CLADE_API __attribute__((visibility("default")))
#define CLADE_NODISCARD __attribute__((warn_unused_result))
#define CLADE_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#define CLADE_API
#define CLADE_NODISCARD
#define CLADE_PRINTF(fmt, args)
#endif

/* Structs that may grow begin with `size_bytes`. Start from the struct's _INIT macro, which sets it and zeroes the
 * rest; 0 always means the default. An older struct stands for one whose new fields are 0; of a newer one, options must
 * be 0 where this library does not know them (else ERR_UNSUPPORTED), and results are filled as far as it does. A size
 * of 0 is ERR_ARGUMENT. clade_error and clade_tensor will never change.
 */
#ifdef __cplusplus
extern "C++" template <typename Struct> inline Struct clade_sized_() {
    Struct out = Struct();
    out.size_bytes = sizeof(Struct);
    return out;
}
#define CLADE_SIZED_INIT(type) clade_sized_<type>()
#else
#define CLADE_SIZED_INIT(type)                                                                                         \
    { .size_bytes = sizeof(type) }
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, value, meaning) */
#define CLADE_STATUS_LIST(X)                                                                                           \
    X(OK, 0, "success")                                                                                                \
    X(ERR_ARGUMENT, -1, "an argument is wrong")                                                                        \
    X(ERR_MEMORY, -2, "host memory is exhausted")                                                                      \
    X(ERR_IO, -3, "a file cannot be read or written")                                                                  \
    X(ERR_FORMAT, -4, "a file or message is malformed")                                                                \
    X(ERR_UNSUPPORTED, -5, "valid, but not supported")                                                                 \
    X(ERR_GRAPH, -6, "the graph contradicts itself")                                                                   \
    X(ERR_SHAPE, -7, "shapes disagree")                                                                                \
    X(ERR_DTYPE, -8, "element types disagree")                                                                         \
    X(ERR_NO_DEVICE, -9, "no such OpenCL device")                                                                      \
    X(ERR_DEVICE, -10, "the OpenCL device failed")                                                                     \
    X(ERR_BUILD, -11, "a kernel does not compile on this device")                                                      \
    X(ERR_DEVICE_MEMORY, -12, "device memory is exhausted")                                                            \
    X(ERR_CANCELLED, -13, "the caller cancelled")                                                                      \
    X(ERR_NOT_FOUND, -14, "no object of that name")                                                                    \
    X(ERR_LIMIT, -15, "a stated limit is exceeded")                                                                    \
    X(ERR_INTERNAL, -16, "a defect in Clade")                                                                          \
    X(ERR_DEVICE_LOST, -17, "the OpenCL device was lost")

typedef enum clade_status {
#define X(name, value, meaning) CLADE_##name = value,
    CLADE_STATUS_LIST(X)
#undef X
} clade_status;

/* One failure. Caller-owned, no heap inside; zero it or leave it as it is before a call. Frozen. */
typedef struct clade_error {
    clade_status status;
    char message[500]; /* one line, NUL-terminated, no newline at the end */
} clade_error;

/* The symbolic name ("ERR_SHAPE") and the meaning of a status; static strings, never NULL. Thread-safe. */
CLADE_API const char *clade_status_name(clade_status status);
CLADE_API const char *clade_status_meaning(clade_status status);

#ifdef __cplusplus
}
#endif
#endif
