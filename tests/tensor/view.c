/* SPDX-License-Identifier: Apache-2.0 */
/* Views: what is copied, and that nothing outside their bytes is ever read. */
#include "tensor/tensor.h"
#include "test.h"

static const int16_t cells[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 }; /* 3 rows of 4 */
static clade_error err;

static clade_view view_of(int32_t rank, const int64_t *dims, const int64_t *strides, size_t offset) {
    clade_view view = { .dtype = CLADE_INT16,
                        .rank = rank,
                        .data = cells,
                        .size_bytes = sizeof cells,
                        .strides_bytes = strides,
                        .offset_bytes = offset };
    memcpy(view.dims, dims, (size_t)rank * sizeof *dims);
    return view;
}

static clade_status check(const clade_view *view, cld_type *type) {
    *type = (cld_type){ .dtype = view->dtype, .rank = view->rank };
    memcpy(type->dims, view->dims, sizeof type->dims);
    return cld_view_check(view, type, "x", &err);
}

static const struct layout {
    const char *title;
    int64_t dims[3], strides[3];
    size_t offset;
    int16_t want[6];
} layouts[] = {
    { "dense", { 1, 2, 3 }, { 12, 6, 2 }, 8, { 4, 5, 6, 7, 8, 9 } },
    { "columns of a table", { 1, 3, 2 }, { 0, 8, 2 }, 4, { 2, 3, 6, 7, 10, 11 } },
    { "transposed", { 1, 2, 3 }, { 0, 2, 8 }, 0, { 0, 4, 8, 1, 5, 9 } },
    { "backwards", { 1, 3, 2 }, { 0, -8, -2 }, 22, { 11, 10, 7, 6, 3, 2 } },
    { "repeated", { 2, 1, 3 }, { 0, 0, 2 }, 18, { 9, 10, 11, 9, 10, 11 } },
    { "overlapping windows", { 1, 2, 3 }, { 0, 2, 2 }, 0, { 0, 1, 2, 1, 2, 3 } },
    { "backwards and forwards", { 1, 2, 3 }, { 0, -8, 2 }, 8, { 4, 5, 6, 0, 1, 2 } },
};

START_TEST(any_layout) {
    const struct layout *layout = &layouts[_i];
    clade_view view = view_of(3, layout->dims, layout->strides, layout->offset);
    int16_t out[6];
    cld_type type;
    ck_ok(check(&view, &type), err);
    cld_view_copy(out, &view, sizeof out);
    ck_assert_msg(memcmp(out, layout->want, sizeof out) == 0, "%s", layout->title);
}
END_TEST

START_TEST(without_strides) {
    clade_view view = view_of(2, (int64_t[]){ 2, 3 }, NULL, 12);
    int16_t out[6];
    cld_type type;
    ck_ok(check(&view, &type), err);
    cld_view_copy(out, &view, sizeof out);
    ck_assert_mem_eq(out, cells + 6, sizeof out);
    view.offset_bytes = 14;
    ck_refused(check(&view, &type), CLADE_ERR_ARGUMENT, "'x': int16[2,3] reaches from byte 14 to 26", err);
    view.offset_bytes = SIZE_MAX;
    ck_refused(check(&view, &type), CLADE_ERR_ARGUMENT, "is no memory", err);
    view.data = NULL;
    ck_refused(check(&view, &type), CLADE_ERR_ARGUMENT, "data is NULL", err);
    view.dims[0] = 0;
    ck_ok(check(&view, &type), err);
    cld_view_copy(out, &view, 0);
}
END_TEST

static const struct reach {
    int64_t stride;
    size_t offset;
    const char *part;
} reaches[] = {
    { -2, 2, "reaches from byte -2 to 4" },     { 12, 0, "reaches from byte 0 to 26" },
    { INT64_MAX, 0, "with these strides" },     { INT64_MIN, 0, "with these strides" },
    { INT64_MAX / 2, 8, "with these strides" }, { 0, 23, "reaches from byte 23 to 25" },
};

START_TEST(outside) {
    clade_view view = view_of(1, (int64_t[]){ 3 }, &reaches[_i].stride, reaches[_i].offset);
    cld_type type;
    ck_refused(check(&view, &type), CLADE_ERR_ARGUMENT, reaches[_i].part, err);
}
END_TEST

Suite *suite_tensor_view(void);
Suite *suite_tensor_view(void) {
    Suite *suite = suite_create("tensor/view");
    TCase *tcase = tcase_create("layouts");
    tcase_add_loop_test(tcase, any_layout, 0, (int)CLD_COUNT(layouts));
    tcase_add_test(tcase, without_strides);
    tcase_add_loop_test(tcase, outside, 0, (int)CLD_COUNT(reaches));
    suite_add_tcase(suite, tcase);
    return suite;
}
