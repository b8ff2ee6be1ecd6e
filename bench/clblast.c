/* SPDX-License-Identifier: Apache-2.0 */
/* CLBlast by itself, as its database has it for the device and with parameters of ours, in one process: see clblast.py.
 *
 *     cc -O2 bench/clblast.c -lclblast -lOpenCL -o clblast
 *     ./clblast RUNS gemm M N K             [KERNEL NAME=VALUE ...]
 *     ./clblast RUNS conv C SIZE F K STRIDE [KERNEL NAME=VALUE ...]     1 image, square, padded by K / 2
 * Prints the median time of a run in milliseconds: of the database's, then of the parameters.
 */
#define CL_TARGET_OPENCL_VERSION 120
#include <clblast_c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static cl_device_id device;
static cl_context context;
static cl_command_queue queue;
static cl_mem a, b, c;
static size_t size[5];
static int is_conv;

static void check(int code, const char *what) {
    if (code == 0)
        return;
    fprintf(stderr, "%s: %d\n", what, code);
    exit(1);
}

static cl_mem filled(size_t count) {
    cl_int code;
    float *values = malloc(count * sizeof *values);
    for (size_t i = 0; values && i < count; i++)
        values[i] = (float)(i % 17) / 17 - 0.5F;
    cl_mem mem =
        clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, count * sizeof *values, values, &code);
    check(code, "a buffer");
    free(values);
    return mem;
}

static void prepare(void) {
    const size_t out = (size[1] + 2 * (size[3] / 2) - size[3]) / (size[4] ? size[4] : 1) + 1;
    cl_platform_id platform;
    cl_int code;
    check(clGetPlatformIDs(1, &platform, NULL), "a platform");
    check(clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL), "a device");
    context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
    check(code, "a context");
    queue = clCreateCommandQueue(context, device, 0, &code);
    check(code, "a queue");
    a = filled(is_conv ? size[0] * size[1] * size[1] : size[0] * size[2]);
    b = filled(is_conv ? size[2] * size[0] * size[3] * size[3] : size[2] * size[1]);
    c = filled(is_conv ? size[2] * out * out : size[0] * size[1]);
}

static void run(void) {
    const size_t pad = size[3] / 2;
    if (is_conv)
        check(CLBlastSconvgemm(CLBlastKernelModeCrossCorrelation, size[0], size[1], size[1], size[3], size[3], pad, pad,
                               size[4], size[4], 1, 1, size[2], 1, a, 0, b, 0, c, 0, &queue, NULL),
              "Convgemm");
    else
        check(CLBlastSgemm(CLBlastLayoutRowMajor, CLBlastTransposeNo, CLBlastTransposeNo, size[0], size[1], size[2], 1,
                           a, 0, size[2], b, 0, size[1], 0, c, 0, size[1], &queue, NULL),
              "GEMM");
    check(clFinish(queue), "a run");
}

static int ascending(const void *x, const void *y) {
    return (*(const double *)x > *(const double *)y) - (*(const double *)x < *(const double *)y);
}

static double median_of(int runs) {
    double *times = malloc((size_t)runs * sizeof *times);
    struct timespec from, to;
    run();
    for (int k = 0; k < runs; k++) {
        clock_gettime(CLOCK_MONOTONIC, &from);
        run();
        clock_gettime(CLOCK_MONOTONIC, &to);
        times[k] = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) * 1e-6;
    }
    qsort(times, (size_t)runs, sizeof *times, ascending);
    const double median = times[runs / 2];
    free(times);
    return median;
}

static void put_in_force(const char *kernel, char **words, int count) {
    const char *names[32];
    size_t values[32];
    for (int k = 0; k < count && k < 32; k++) {
        char *equals = strchr(words[k], '=');
        check(!equals, words[k]);
        *equals = '\0';
        names[k] = words[k];
        values[k] = strtoul(equals + 1, NULL, 10);
    }
    check(CLBlastOverrideParameters(device, kernel, CLBlastPrecisionSingle, (size_t)count, names, values), kernel);
    const char *least = "XGEMM_MIN_INDIRECT_SIZE"; /* from this size on, cubed, Xgemm; below it XgemmDirect */
    size_t from = strcmp(kernel, "Xgemm") == 0 ? 1 : (size_t)1 << 20;
    check(CLBlastOverrideParameters(device, "GemmRoutine", CLBlastPrecisionSingle, 1, &least, &from), "GemmRoutine");
}

int main(int argc, char **argv) {
    check(argc < 6, "usage: clblast RUNS gemm M N K | conv C SIZE F K STRIDE [KERNEL NAME=VALUE ...]");
    const int runs = atoi(argv[1]), first = 3;
    is_conv = strcmp(argv[2], "conv") == 0;
    const int sizes = is_conv ? 5 : 3;
    for (int k = 0; k < sizes && first + k < argc; k++)
        size[k] = strtoul(argv[first + k], NULL, 10);
    prepare();
    printf("%.4f", median_of(runs));
    if (argc > first + sizes) {
        put_in_force(argv[first + sizes], argv + first + sizes + 1, argc - first - sizes - 1);
        printf(" %.4f", median_of(runs));
    }
    printf("\n");
    return 0;
}
