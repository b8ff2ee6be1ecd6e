#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What threads share, in a build with ThreadSanitizer (in a directory of its own): sessions, calls, weights. What the driver
# does between calls to it, and the kernels it makes, are not instrumented: they are left out as a whole.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/env.sh"
[ -z "${CLADE_SANITIZED:-}" ] || { skip "this build has other sanitizers"; finish; }
directory=$build_dir/threads
log=$directory/build.log
mkdir -p "$directory"
unset MAKEFLAGS MFLAGS MAKELEVEL
build() {
    [ -e Makefile ] || "$source_dir/configure" --enable-tests --disable-shared CFLAGS="-O1 -g -fsanitize=thread" \
        LDFLAGS=-fsanitize=thread || return
    make -j"$(nproc)" && make -j"$(nproc)" tests/device
}
if (cd "$directory" && build) >"$log" 2>&1; then pass; else fail "the build: $(tail -n 5 "$log")"; finish; fi

export TSAN_OPTIONS=ignore_noninstrumented_modules=1:exitcode=66 CK_FORK=no
for suite in session/call session/memory session/threads; do
    export CK_RUN_SUITE=$suite
    again "$directory/tests/device"
done
finish
