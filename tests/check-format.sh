#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# C files are as clang-format and .clang-format leave them; shell scripts parse. One case per file.
. "$(dirname "$0")/lib.sh"
need clang-format
cd "$source_dir" || exit 1
mapfile -t files < <(sources c h)
judge_files "${files[@]}" < <(clang-format --dry-run "${files[@]}" 2>&1 | grep ': warning:')
mapfile -t files < <(echo quickstart; find .ci/run autogen.sh cl tests -name '*.sh' -o -name run | LC_ALL=C sort)
for file in "${files[@]}"; do
    if wrong=$(bash -n "$file" 2>&1); then pass; else fail "$wrong"; fi
done
finish
