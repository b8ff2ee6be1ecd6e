#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The floors of lib/README.md as a grep: who includes whom, where OpenCL, CLBlast and other libraries may appear, where vendors
# may be named. One case per file.
. "$(dirname "$0")/lib.sh"

declare -A floor=([base]=0 [tensor]=1 [store]=1 [graph]=2 [kern]=2 [op]=3 [ocl]=3 [io]=4 [pass]=4 [plan]=4 [exec]=5
                  [tune]=6 [session]=7 [train]=8)
# External header -> the only files that may include it (extended regular expressions on the path).
external=(
    '<CL/'            '^(lib/ocl/|include/clade/opencl\.h$)'
    '[<"]clblast'     '^lib/ocl/blas\.c$'
    '<sqlite3'        '^(lib/store/|tests/)'
    '<protobuf-c'     '^lib/io/'
    '<csv\.h'         '^lib/io/'
    '<pthread'        '^(lib/base/lock\.c$|lib/ocl/blas\.c$|tests/|examples/)' # blas.c: one static lock for CLBlast's own state
    '"clade/opencl'   '^(lib/ocl/|lib/session/|cli/|examples/|tests/)'
    '"ocl/'           '^(lib/ocl/|lib/exec/|lib/tune/|lib/session/|tests/)'
)
vendors='nvidia|geforce|cuda|amd|radeon|rocm|intel|pocl|mesa|rusticl|llvmpipe|oclgrind|qualcomm|adreno|mali|powervr|apple'

cd "$source_dir" || exit 1

# includes FILE: "line-number:text" of each include directive.
includes() { grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]' "$1"; }

# check_floor FILE: quoted includes of a file in lib/ name its own folder or a lower floor.
check_floor() {
    local file=$1 folder line header other
    folder=${file#lib/} folder=${folder%%/*}
    [ -n "${floor[$folder]:-}" ] || { echo "$file: folder lib/$folder is on no floor"; return; }
    while IFS= read -r line; do
        header=${line#*\"} header=${header%%\"*}
        case $header in
        clade.h | clade/*) continue ;;
        */*) other=${header%%/*} ;;
        *.def | *.inc) continue ;;
        *) echo "$file:${line%%:*}: \"$header\" is included without its folder"; continue ;;
        esac
        [ "$other" = "$folder" ] && continue
        if [ -z "${floor[$other]:-}" ]; then
            echo "$file:${line%%:*}: \"$header\" is on no floor"
        elif [ "${floor[$other]}" -ge "${floor[$folder]}" ]; then
            echo "$file:${line%%:*}: floor ${floor[$folder]} ($folder) includes \"$header\" of floor ${floor[$other]}"
        fi
    done < <(includes "$file" | grep '"')
}

check_external() {
    local file=$1 i line
    for ((i = 0; i < ${#external[@]}; i += 2)); do
        [[ $file =~ ${external[i + 1]} ]] && continue
        while IFS= read -r line; do
            echo "$file:$line: only ${external[i + 1]} may include this"
        done < <(includes "$file" | grep -E "${external[i]}")
    done
}

# check_public FILE: the command and the examples know public headers and their own only.
check_public() {
    includes "$1" | grep '"' | grep -vE "\"(clade\.h|clade/[a-z]+\.h|${1%%/*}/[a-z_]+\.h|[a-z_]+\.(h|def))\"" |
        sed "s|^|$1:|; s|\$|: neither a public header nor one of this folder|"
}

check_vendors() {
    [ "$1" = lib/ocl/quirks.c ] && return
    grep -niE "(^|[^a-z])($vendors)([^a-z]|\$)" "$1" | sed "s|^|$1:|; s|\$|: vendor names belong in lib/ocl/quirks.c|"
}

check_licence() {
    head -n 2 "$1" | grep -q 'SPDX-License-Identifier: Apache-2.0' || echo "$1: no SPDX line at the top"
}

while IFS= read -r file; do
    found=$(
        check_licence "$file"
        check_external "$file"
        case $file in
        lib/*) check_floor "$file"; check_vendors "$file" ;;
        cl/* | include/*) check_vendors "$file" ;;
        cli/* | examples/*) check_public "$file" ;;
        esac
    )
    if [ -z "$found" ]; then pass; else fail "$found"; fi
done < <(sources c h cl clh proto)
finish
