#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# embed.sh FILE...: prints a C file with the table cld_kern_embedded[] = { { family, text }, ..., { NULL, NULL } },
# one entry per kernel file; the family is the file's name without folder and suffix.
set -e
echo '/* Made by cl/embed.sh from cl/. */'
echo '#include <stddef.h>'
echo 'struct cld_kern_embedded {'
echo '    const char *family, *text;'
echo '};'
echo 'extern const struct cld_kern_embedded cld_kern_embedded[];'
echo 'const struct cld_kern_embedded cld_kern_embedded[] = {'
for file in "$@"; do
    family=$(basename "$file")
    echo "    { \"${family%.*}\","
    sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/?/\\?/g' -e 's/^/      "/' -e 's/$/\\n"/' "$file"
    echo '    },'
done
echo '    { NULL, NULL }'
echo '};'
