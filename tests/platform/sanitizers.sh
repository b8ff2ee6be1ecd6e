#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The suite once more in a build with AddressSanitizer, UndefinedBehaviorSanitizer and LeakSanitizer (in a directory of its
# own). Leaks whose allocation lies in the OpenCL driver, its compiler or the loader are theirs: leaks.supp names them. The
# leak checker must not read thread-local storage: with the driver's threads coming and going it crashes there.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/env.sh"
[ -z "${CLADE_SANITIZED:-}" ] || { skip "this build has the sanitizers"; finish; }
directory=$build_dir/sanitizers
log=$directory/build.log
mkdir -p "$directory"
unset MAKEFLAGS MFLAGS MAKELEVEL
build() {
    [ -e Makefile ] || "$source_dir/configure" --enable-sanitizers --disable-shared CFLAGS="-O1 -g" || return
    make -j"$(nproc)" && make -j"$(nproc)" tests/unit tests/device tests/faults
}
if (cd "$directory" && build) >"$log" 2>&1; then pass; else fail "the build: $(tail -n 5 "$log")"; finish; fi

export CLADE_SANITIZED=1 CLADE_BUILD_DIR=$directory CK_DEFAULT_TIMEOUT=300
export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0:allocator_may_return_null=1
export LSAN_OPTIONS=suppressions=$test_dir/platform/leaks.supp:print_suppressions=0:use_tls=0
export UBSAN_OPTIONS=print_stacktrace=1
again "$directory/tests/unit"
again "$directory/tests/device"
again "$directory/tests/faults"
again bash "$test_dir/cli/cases.sh"
again bash "$test_dir/cli/errors.sh"
again bash "$test_dir/onnx/models.sh"
again bash "$test_dir/onnx/standard.sh"
finish
