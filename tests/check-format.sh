#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# C files are as clang-format and .clang-format leave them. One case per file.
. "$(dirname "$0")/lib.sh"
need clang-format
cd "$source_dir" || exit 1
while IFS= read -r file; do
    if clang-format --dry-run -Werror "$file" 2>/dev/null; then pass; else fail "$file: run clang-format -i"; fi
done < <(sources c h)
finish
