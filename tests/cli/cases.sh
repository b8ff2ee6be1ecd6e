#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# clade test: its lines, its totals, its exit code.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/cli/cli.sh"

# copy CASE NAME: a copy that may be written to, whatever the source tree allows.
copy() { cp -r "$cases/$1" "$scratch/$2" && chmod -R u+w "$scratch/$2"; }
# damage CASE NAME: a copy of a case whose expected output differs in its last element.
damage() {
    copy "$1" "$2"
    local file=$scratch/$2/test_data_set_0/output_0.pb
    printf '\100' | dd of="$file" bs=1 seek=$(($(stat -c %s "$file") - 1)) conv=notrunc status=none
}
damage subtract wrong
damage count wrong_count
copy subtract other_shape
cp "$cases/subtract/test_data_set_0/input_0.pb" "$scratch/other_shape/test_data_set_0/output_0.pb"
copy subtract too_many
cp "$cases/subtract/test_data_set_0/output_0.pb" "$scratch/too_many/test_data_set_0/output_1.pb"
copy subtract second_wrong
printf '\100' | dd of="$scratch/second_wrong/test_data_set_1/output_0.pb" bs=1 seek=31 conv=notrunc status=none
copy subtract broken
head -c 70 "$cases/subtract/model.onnx" >"$scratch/broken/model.onnx"
copy count bad_data
head -c 20 "$cases/count/test_data_set_0/input_0.pb" >"$scratch/bad_data/test_data_set_0/input_0.pb"

expect 0 "^pass +$cases/subtract( |\$)" test "$cases/subtract"
expect 0 "^pass +$cases/count( |\$)" test "$cases/count/"
expect 0 '^2 passed, 0 failed, 0 refused$' test "$cases/subtract" "$cases/count"
expect 1 "^FAIL +$scratch/wrong: worst error .* in 'y' at \[1,2\]: got 8, expected .*; 1 of 6 differ" test "$scratch/wrong"
expect 1 "^FAIL +$scratch/wrong_count: .* in 'y' at \[2\]" test "$scratch/wrong_count"
expect 1 "^FAIL .*'y' is float32 \[2,3\], expected float32 \[3\]" test "$scratch/other_shape"
expect 1 '^FAIL .*2 outputs, the model 2 and 1' test "$scratch/too_many"
expect 1 '^FAIL .*worst error' test "$scratch/second_wrong"
expect 1 '^FAIL .*ERR_FORMAT.*input_0\.pb' test "$scratch/bad_data"
expect 1 '^FAIL .*ERR_IO' test "$scratch/missing"
expect 1 '^1 passed, 1 failed, 1 refused$' test "$cases/count" "$scratch/wrong" "$cases/strange"
expect 0 "^refused +$cases/strange: .*Frobnicate" test "$cases/strange"
expect 0 "^refused +$cases/signed_shift: BitShift .* int32" test "$cases/signed_shift"
expect 0 "^refused +$cases/future: .* known up to opset [0-9]+, the model has opset 99" test "$cases/future"
expect 0 "^pass +$cases/future" test --any-opset "$cases/future"
expect 0 "^refused +$scratch/broken: ." test "$scratch/broken"
expect 0 "^skip +$cases/no_data: \(no test data\)" test "$cases/no_data"
expect 0 '^0 passed, 0 failed, 0 refused, 1 skipped$' test "$cases/no_data"
# Tolerances apply to floating point only.
expect 0 '^pass' test --atol 1e9 "$scratch/wrong"
expect 0 '^pass' test --rtol 1e9 "$scratch/wrong"
expect 1 '^FAIL' test --atol 1e30 --rtol 1e30 "$scratch/wrong_count"

printf '# a comment\nwrong_coun not this one\nwrong  on purpose\n' >"$scratch/list"
expect 0 "^skip +$scratch/wrong: on purpose" test --skip "$scratch/list" "$scratch/wrong"
expect 1 '^FAIL' test --skip "$scratch/list" "$scratch/wrong_count"
expect_json 'd["passed"] == 1 and d["failed"] == 0 and d["refused"] == 1 and d["cases"][1]["verdict"] == "refused"' \
    test --json "$cases/count" "$cases/strange"
finish
