#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# C files are as clang-format and .clang-format leave them. One case per file.
. "$(dirname "$0")/lib.sh"
need clang-format
cd "$source_dir" || exit 1
mapfile -t files < <(sources c h)
judge_files "${files[@]}" < <(clang-format --dry-run "${files[@]}" 2>&1 | grep ': warning:')
finish
