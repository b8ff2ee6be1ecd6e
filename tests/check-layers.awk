# SPDX-License-Identifier: Apache-2.0
# The rules of check-layers.sh over the files given: a line "FILE:LINE: what is wrong" for each finding.

BEGIN {
    split("base 0 tensor 1 store 1 graph 2 kern 2 op 3 ocl 3 io 4 pass 4 plan 4 exec 5 tune 6 session 7 train 8", words)
    for (i = 1; i in words; i += 2)
        floor[words[i]] = words[i + 1]
    split("core 0 map 1 move 2 lines 3 matrix 4 image 5 quant 6 recurrent 7 host 8", words) # the rooms of lib/op
    for (i = 1; i in words; i += 2)
        room[words[i]] = words[i + 1]

    # An include that matches the first may stand in files that match the second only.
    allow("<CL/", "^(lib/ocl/|include/clade/opencl[.]h$)")
    allow("[<\"]clblast", "^lib/ocl/blas[.]c$")
    allow("<sqlite3", "^(lib/store/|tests/)")
    allow("<protobuf-c", "^lib/io/")
    allow("<csv[.]h", "^lib/io/")
    allow("<pthread", "^(lib/base/lock[.]c$|cli/progress[.]c$|lib/ocl/blas[.]c$|tests/|examples/)") # blas.c: CLBlast's own state needs a static lock
    allow("\"clade/opencl", "^(lib/ocl/|lib/session/|cli/|examples/|tests/)")
    allow("\"ocl/", "^(lib/ocl/|lib/exec/|lib/tune/|lib/session/|tests/)")

    vendors = "(nvidia|geforce|cuda|amd|radeon|rocm|intel|pocl|mesa|rusticl|llvmpipe|oclgrind|qualcomm|adreno|mali|powervr|apple)"
    vendors = "(^|[^a-z])" vendors "([^a-z]|$)"
}
function allow(header, files) {
    header_pattern[++rules] = header
    file_pattern[rules] = files
}
function report(what) { print FILENAME ":" FNR ": " what }

# A quoted include in lib/: its own folder, a lower floor, or a public header; always with the folder.
function check_floor(header,    own, other) {
    own = FILENAME
    sub(/^lib\//, "", own); sub(/\/.*/, "", own)
    other = header
    sub(/\/.*/, "", other)
    if (header == "clade.h" || other == "clade" || other == own)
        return
    if (!(own in floor))
        report("folder lib/" own " is on no floor")
    else if (header !~ /\//) {
        if (header !~ /[.](def|inc)$/)
            report("\"" header "\" is included without its folder")
    } else if (!(other in floor))
        report("\"" header "\" is on no floor")
    else if (floor[other] >= floor[own])
        report("floor " floor[own] " (" own ") includes \"" header "\" of floor " floor[other])
}
# Inside lib/op: its own room, or one that stands before it.
function check_room(header,    own, other) {
    own = FILENAME
    sub(/^lib\/op\//, "", own); sub(/\/.*/, "", own)
    other = header
    sub(/^op\//, "", other); sub(/\/.*/, "", other)
    if (!(own in room))
        report("lib/op/" own " is no room")
    else if (header ~ /^op\// && other != own && !(other in room && room[other] < room[own]))
        report("room " own " includes \"" header "\", which is no room before it")
}
# The command and the examples: public headers and their own.
function check_public(header,    folder) {
    folder = FILENAME
    sub(/\/.*/, "", folder)
    if (header !~ /^(clade[.]h|clade\/[a-z]+[.]h|[a-z_]+[.](h|def))$/ && header !~ ("^" folder "/[a-z_/]+[.]h$"))
        report("\"" header "\" is neither a public header nor one of this folder")
}

FNR == 1 { licensed = 0 }
/SPDX-License-Identifier: Apache-2[.]0/ { licensed = 1 }
FNR == 2 && !licensed { report("no SPDX line at the top") }

/^[ \t]*#[ \t]*include[ \t]/ {
    for (i = 1; i <= rules; i++)
        if ($0 ~ header_pattern[i] && FILENAME !~ file_pattern[i])
            report($0 ": only " file_pattern[i] " may include this")
    if (split($0, quoted, "\"") > 1) {
        if (FILENAME ~ /^lib\/op\//)
            check_room(quoted[2])
        if (FILENAME ~ /^lib\//)
            check_floor(quoted[2])
        else if (FILENAME ~ /^(cli|examples)\//)
            check_public(quoted[2])
    }
}
FILENAME ~ /^lib\// && FILENAME != "lib/base/alloc.c" && /(^|[^a-z_>.])(malloc|calloc|realloc|reallocarray|aligned_alloc|posix_memalign|strn?dup|v?asprintf|getline|free) ?[(]/ {
    report("memory is taken and given back in lib/base/alloc.c")
}
FILENAME ~ /^(lib|cl|include)\// && FILENAME != "lib/ocl/quirks.c" && tolower($0) ~ vendors {
    report("vendor names belong in lib/ocl/quirks.c")
}
