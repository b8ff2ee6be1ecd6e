#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bad files, names, shapes and devices: exit code 3 or 4 and one line that says what is wrong.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/cli/cli.sh"

model=$cases/subtract/model.onnx
a=$cases/subtract/test_data_set_0/input_1.pb b=$cases/subtract/test_data_set_0/input_0.pb
n=$cases/count/test_data_set_0/input_0.pb
head -c 60 "$model" >"$scratch/truncated.onnx"
: >"$scratch/empty.onnx"
head -c 4096 /dev/urandom >"$scratch/noise.onnx"
printf 'no numbers here' >"$scratch/a.npy"
printf '1,2,3\n4,5\n' >"$scratch/ragged.csv"
cp "$a" "$scratch/a.txt"

for command in info run bench dump; do
    expect 3 'missing\.onnx' "$command" "$scratch/missing.onnx"
    expect 3 'truncated|malformed|protobuf|message|node|graph' "$command" "$scratch/truncated.onnx"
    expect 3 '^clade: .' "$command" "$scratch/empty.onnx"
    expect 3 '^clade: .*noise\.onnx: .' "$command" "$scratch/noise.onnx"
    expect 3 '^clade: .' "$command" "$scratch"
done
for command in run bench dump; do
    expect 3 "odd one|Frobnicate" "$command" "$cases/strange/model.onnx"
    expect 4 'no-such-device' "$command" --device no-such-device "$model"
    expect 4 '99' "$command" --device 99 "$model"
done
# No platform; and one that hides its device, as PoCL does where its cache cannot be written. Nobody asked for 'any'.
OCL_ICD_VENDORS=/nonexistent expect 4 'no OpenCL platform' devices
OCL_ICD_VENDORS=/nonexistent expect 4 'any CPU: ' devices
if "$clade" devices | grep -q Portable; then
    hidden() { (unset POCL_CACHE_DIR CLADE_DEVICE; HOME=/proc OCL_ICD_VENDORS=pocl.icd "$clade" "$@" 2>&1); }
    said=$(hidden devices)
    if [ $? = 4 ] && grep -q "^platform 'Portable.*' offers no device: .*POCL_CACHE_DIR" <<<"$said"; then pass; else fail "hidden devices: $said"; fi
    said=$(hidden devices --json)
    if [ $? = 4 ] && grep -q '"hint": ".*POCL_CACHE_DIR' <<<"$said"; then pass; else fail "hidden devices --json: $said"; fi
    said=$(hidden run --no-cache "$model" -i a="$a" -i b="$b")
    if [ $? = 4 ] && grep -q "^clade: there is no OpenCL device: platform .*POCL_CACHE_DIR" <<<"$said"; then pass; else fail "hidden devices: $said"; fi
else
    skip 'hidden devices: needs PoCL'
fi
# info says what it knows. An Identity of a string.
printf '\010\010\102\002\020\021\072\053\012\020\012\001s\022\001y\042\010Identity\022\001g\132\011\012\001s\022\004\012\002\010\010' \
    >"$scratch/string.onnx"
printf '\142\011\012\001y\022\004\012\002\010\010' >>"$scratch/string.onnx"
expect 0 '^input +s  string' info "$scratch/string.onnx"
expect 0 '^operator +Identity x 1$' info "$scratch/string.onnx"
expect 0 "^NOT SUPPORTED: input 's' has element type string" info "$scratch/string.onnx"
expect 3 "input 's' has element type string" run "$scratch/string.onnx"
expect 0 'NOT SUPPORTED' info "$cases/strange/model.onnx"
expect 0 'unknown: .*no-such-device' info --device no-such-device "$model"
expect 4 'no-such-device' test --device no-such-device "$cases/count"

expect 3 "no input 'c'" run "$model" -i c="$a"
expect 3 "\bb\b" run "$model" -i a="$a"
expect 3 'no input' run "$model" -i "$a"
expect 3 'a\.npy' run "$model" -i a="$scratch/a.npy" -i b="$b"
expect 3 'missing\.npy' run "$model" -i a="$scratch/missing.npy" -i b="$b"
expect 3 'a\.txt' run "$model" -i a="$scratch/a.txt" -i b="$b"
expect 3 'ragged\.csv' run "$model" -i a="$scratch/ragged.csv" -i b="$b"
expect 3 'int64' run "$model" -i a="$n" -i b="$b"
expect 3 '\[2,3\]' run "$model" -i a="$a" -i b="$a"
expect 3 '6 elements' run "$model" -i a="$a" -s a=2x2 -i b="$b"
: >"$scratch/file"
expect 3 'cannot make the directory .*file/b/c: Not a directory' run "$model" -i a="$a" -i b="$b" -o "$scratch/file/b/c"
expect 3 'cannot make the directory .*: File name too long' run "$model" -i a="$a" -i b="$b" -o "$(printf 'a/%.0s' {1..2100})"

# Kernels from outside are for builds that were asked to take them.
mkdir -p "$scratch/cl"
echo '#error from outside' >"$scratch/cl/common.clh"
if grep -q '^KERNEL_DIR_CPPFLAGS = -D' "$build_dir/Makefile"; then
    CLADE_CL_DIR=$scratch/cl expect 4 'from outside' run --no-cache "$model" -i a="$a" -i b="$b"
else
    CLADE_CL_DIR=$scratch/cl expect 0 '^  0\.5 1 5' run --no-cache "$model" -i a="$a" -i b="$b"
fi

expect 3 "no input 'c'" bench "$model" -s c=1x3
expect 3 'not of the form' bench "$model" -s a=1xx3
expect 3 'not of the form' bench "$model" -s a=1x3x
expect 3 'not of the form' bench "$model" -s a=-1x3
expect 3 'not of the form' bench "$model" -s a=1x1x1x1x1x1x1x1x1
expect 3 "'a'" bench "$model" -s a=2x4
expect 3 '^clade: .' bench "$model" -s a=9223372036854775807x3
expect 3 '^clade: .' bench "$model" -s a=99999999999999999999x3
expect 3 "no free dimension 'M'" bench "$model" --dim M=3
expect 3 "'Add=zzz': Add has no such row; it has: rows, elements" bench "$model" --prefer-impl Add=zzz
expect 3 "there is no operator 'zzz'" bench "$model" --prefer-impl zzz=rows
expect 3 'not a whole number' bench "$model" --dim N=three
if [ -n "$CLADE_SHARED" ] && [ -d "$CLADE_SHARED/hostile" ]; then
    hostile=$CLADE_SHARED/hostile
    gather=("$hostile/gather_oob.onnx" -i x="$hostile/x4.npy" -i i="$hostile/i2.npy")
    expect 3 "node 'Gather_0': index 5 is out of range for an axis of 4 entries" run "${gather[@]}"
    expect 0 '^  3 0$' run --unchecked-indices "${gather[@]}"
    expect 3 "node 'ScatterND_0': index 9 is out of range for an axis of 4 entries" run "$hostile/scatternd_oob.onnx" \
        -i x="$hostile/x4.npy" -i j="$hostile/j.npy" -i u="$hostile/u.npy"
fi
expect 3 "nothing to show at 'fold'; the passes are specialise, fold_scale, halve, lower, fold_pad, dead, fuse" dump --after fold "$model"
expect 2 'one of them' dump --after lower --before fuse "$model"
expect 3 'trace' dump "$model" --profile "$scratch/no/such/trace.json"
expect 3 'no/list' test --skip "$scratch/no/list" "$cases/count"
if [ -e /dev/full ]; then
    "$clade" --help >/dev/full 2>"$scratch/said"
    if [ $? = 3 ] && grep -q 'cannot write standard output' "$scratch/said"; then pass; else fail "a full disk"; fi
fi
finish
