#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files over 400 lines are listed, over 700 fail. One case per file.
. "$(dirname "$0")/lib.sh"
cd "$source_dir" || exit 1
while IFS= read -r file; do
    lines=$(wc -l <"$file")
    if [ "$lines" -gt 700 ]; then
        fail "$file: $lines lines, more than 700"
    else
        [ "$lines" -le 400 ] || echo "long $file: $lines lines, more than 400"
        pass
    fi
done < <(sources c h cl clh def sh py proto)
finish
