#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The fuzzing harnesses build, and find nothing in twelve minutes of graphs, texts and ONNX's own models; ./quickstart check --deep only.
. "$(dirname "$0")/../lib.sh"
[ "${CLADE_DEEP:-0}" = 1 ] || { skip "fuzzing: ./quickstart check --deep"; finish; }
need clang
directory=$build_dir/fuzz
onnx_data=${CLADE_ONNX_DATA:-/usr/share/libonnx-testdata/data}
mkdir -p "$directory/plans" "$directory/models" "$directory/seeds" "$directory/texts" "$directory/records"
unset MAKEFLAGS MFLAGS MAKELEVEL
build() {
    [ -e Makefile ] || CC=clang "$source_dir/configure" --enable-fuzz --enable-sanitizers --disable-tests --disable-shared \
        CFLAGS='-g -O2 -fno-sanitize-coverage=trace-cmp' || return
    make -j"$(nproc)" fuzz
}
if (cd "$directory" && build) >"$directory/build.log" 2>&1; then pass; else fail "the build: $(tail -n 5 "$directory/build.log")"; finish; fi
for model in "$onnx_data"/*/*/model.onnx; do
    name=${model#"$onnx_data"/}
    [ -e "$model" ] && cp "$model" "$directory/seeds/${name//\//_}"
done
printf 'clade-records 1\nGPU\tproduct float32 0 8x8x8\t1.0\t0.1.0\ttiles(tm 64)\t1e-05\t0\t3\t1700000000\n' >"$directory/records/one"
for model in "$source_dir"/tests/data/*.onnx; do
    "$build_dir/clade" dump --after specialise "$model" >"$directory/texts/${model##*/}" 2>/dev/null
done
export ASAN_OPTIONS=allocator_may_return_null=1:quarantine_size_mb=8 UBSAN_OPTIONS=print_stacktrace=1
cd "$directory" || exit 1
# fuzz HARNESS SECONDS LONGEST CORPUS...
fuzz() {
    local log=$directory/$1.log
    if tests/fuzz/"$1" -max_total_time="$2" -timeout=30 -rss_limit_mb=3000 -max_len="$3" "${@:4}" >"$log" 2>&1; then
        pass
    else
        fail "$1: $(grep -m1 -E 'FOUND|runtime error|ERROR' "$log")"
    fi
}
fuzz fuzz_plan 300 256 plans
fuzz fuzz_walk 300 4096 models seeds
fuzz fuzz_text 60 4096 texts
fuzz fuzz_records 60 4096 records
finish
