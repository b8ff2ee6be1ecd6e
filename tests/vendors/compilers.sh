#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the compilers of AMD, NVIDIA and Intel make of the kernels, without their hardware: docs/kernels.md says what is looked at, and has
# the table that must hold; compilers.sh --update writes it. The compilers are fetched into the build directory, from Debian (unpacked,
# not installed) and PyPI; one that is not to be had is a skip. With CLADE_DEEP=1 the models beside the source tree are compiled
# too; what they make is not in the table.
. "$(dirname "$0")/../lib.sh"
. "$test_dir/env.sh"
need python3 dpkg apt-get
clade=$build_dir/clade
tools=$build_dir/tests/compilers root=$build_dir/tests/compilers/root
work=$build_dir/tests/scratch/compilers
rm -rf "$work"
mkdir -p "$tools" "$root" "$work"

# ---- the compilers ----

# fetch PACKAGE...: from Debian, once. Unpacked only: some would put out what is installed.
fetch() {
    local package
    for package; do
        [ -e "$tools/$package.here" ] && continue
        (cd "$tools" && timeout 600 apt-get download -q "$package" && dpkg -x "$package"_*.deb "$root" && rm "$package"_*.deb) \
            >>"$tools/log" 2>&1 || { skip "Debian's $package is not to be had: $(grep -v '^W:' "$tools/log" | tail -n 1)"; return 1; }
        touch "$tools/$package.here"
    done
}
fetch_ptxas() {
    [ -x "$tools/nvcc/nvidia/cu13/bin/ptxas" ] ||
        timeout 900 python3 -m pip install -q --no-input --no-deps --target "$tools/nvcc" nvidia-cuda-nvcc==13.5.37 >>"$tools/log" 2>&1 ||
        { skip "ptxas is not to be had: $(tail -n 1 "$tools/log")"; return 1; }
}

lib=$root/usr/lib/x86_64-linux-gnu
bitcode=$lib/amdgcn/bitcode
options=(-cl-std=CL1.2 -w -cl-fp32-correctly-rounded-divide-sqrt)
clang() { LD_LIBRARY_PATH=$lib:$root/usr/lib/llvm-16/lib "$root/usr/lib/llvm-16/bin/clang" -x cl "${options[@]}" "$@"; }

# VENDOR TARGET FILE OUT: compiles; OUT.txt is what resources.py reads, or what went wrong.
amd() {
    clang -O3 -target amdgcn-amd-amdhsa -mcpu="$1" --rocm-device-lib-path="$bitcode" -Rpass-analysis=kernel-resource-usage \
        -c "$2" -o "$3.o" 2>"$3.txt"
}
nvidia() {
    clang -O3 -target nvptx64--nvidiacl -Xclang -target-cpu -Xclang "$1" -Xclang -target-feature -Xclang +ptx78 \
        -Xclang -mlink-builtin-bitcode -Xclang "$root/usr/lib/clc/nvptx64--nvidiacl.bc" -S "$2" -o "$3.ptx" 2>"$3.txt" &&
        "$tools/nvcc/nvidia/cu13/bin/ptxas" -v -arch="$1" "$3.ptx" -o "$3.cubin" >"$3.txt" 2>&1
}
ocloc() { LD_LIBRARY_PATH=$lib "$root/usr/bin/ocloc" "$@"; }
intel() {
    mkdir -p "$3.dump"
    ocloc compile -file "$2" -device "$1" -options "${options[*]}" -out_dir "$3.dump" -output k >"$3.txt" 2>&1 &&
        ocloc disasm -file "$3.dump"/k_*.bin -device "$1" -dump "$3.dump" >/dev/null 2>&1 && mv "$3.dump/PTM.txt" "$3.txt"
}
# Without optimising, what is not inlined must be defined.
unoptimised() {
    clang -O0 -target amdgcn-amd-amdhsa -mcpu="${1#O0-}" --rocm-device-lib-path="$bitcode" -c "$2" -o "$3.o" 2>"$3.txt" &&
        nm -u "$3.o" >"$3.txt" && [ ! -s "$3.txt" ]
}
spirv() { # the translator wants what a front end gives, not an optimiser
    clang-15 -x cl "${options[@]}" -O2 -target spir64 -Xclang -disable-llvm-passes -emit-llvm -c "$2" -o "$3.bc" 2>"$3.txt" &&
        "$root/usr/bin/llvm-spirv-15" "$3.bc" -o "$3.spv" 2>"$3.txt" && "$root/usr/bin/spirv-val" "$3.spv" >"$3.txt" 2>&1
}

# have VENDOR: its compiler is there.
have() {
    case $1 in
    amd | unoptimised) fetch clang-16 libclang-cpp16 libllvm16 libclang-common-16-dev rocm-device-libs && isa_of_gfx1100 ;;
    nvidia) fetch clang-16 libclang-cpp16 libllvm16 libclang-common-16-dev libclc-16 && fetch_ptxas ;;
    intel) fetch intel-opencl-icd libigc1 libigdfcl1 libigdgmm12 libopencl-clang14 libllvmspirvlib14 ;;
    spirv) command -v clang-15 >/dev/null && fetch llvm-spirv-15 spirv-tools ;;
    esac
}
# The one constant that Debian's device libraries lack for it.
isa_of_gfx1100() {
    [ -e "$bitcode/oclc_isa_version_1100.bc" ] && return
    echo '__constant const uint __oclc_ISA_version = 11000;' >"$work/isa.cl"
    clang -target amdgcn-amd-amdhsa -mcpu=gfx1100 -nogpulib -Xclang -mcode-object-version=none -emit-llvm \
        -c "$work/isa.cl" -o "$bitcode/oclc_isa_version_1100.bc"
}

# ---- the programs: $work/SET/FAMILY.cl ----

# plan SET AS MODEL...: what these models get on such a device.
plan() {
    local plans=$work/plans-$1 as=$2 model count=0
    shift 2
    for model; do
        count=$((count + 1))
        mkdir -p "$plans/$count"
        "$clade" dump --no-blas --as "$as" --programs "$plans/$count" "$model" >/dev/null 2>>"$work/refused"
    done
}
# merge SET FILE...: into one program a family.
merge() {
    mkdir -p "$work/$1"
    awk -v out="$work/$1" -f "$test_dir/vendors/merge.awk" "${@:2}"
}
onnx_data=${CLADE_ONNX_DATA:-/usr/share/libonnx-testdata/data}
[ -d "$onnx_data/node" ] || { skip "no $onnx_data: install Debian's libonnx-testdata"; finish; }
again "$build_dir/tests/unit" op_programs # every row of every operator, for both machines
rows=$build_dir/tests/scratch/programs
models=("$source_dir"/tests/data/*.onnx "$source_dir"/examples/*/*.onnx
    "$onnx_data"/{node,pytorch-converted,pytorch-operator,simple}/*/model.onnx)
plan 256 gpu,group=256,local=32768 "${models[@]}"
merge 256 "$rows"/256-*/*.cl "$work"/plans-256/*/*.cl
plan 64 gpu,group=64,local=16384,fp64=0 "${models[@]}"
merge 64 "$rows"/64-*/*.cl "$work"/plans-64/*/*.cl

# ---- compiling ----

# compile VENDOR TARGET SET: a case for each family.
compile() {
    local vendor=$1 target=$2 file out
    mkdir -p "$work/$results/$target"
    for file in "$work/$3"/*.cl; do
        out=$work/$results/$target/$(basename "$file" .cl)
        if "$vendor" "$target" "$file" "$out"; then
            pass
        else
            fail "$target: cl/$(basename "$file"): $(grep -m 3 -iE 'error|undefined|fatal| U ' "$out.txt" | cut -c 1-300)"
            rm -f "$out.txt"
        fi
    done
}
# judge RESULTS [PAGE [--update]]: as resources.py finds them.
judge() {
    local lines line
    mapfile -t lines < <(python3 "$test_dir/vendors/resources.py" "$source_dir/cl" "$work/$1" "${@:2}" 2>&1 || echo "resources.py ended with status $?")
    for line in "${lines[@]}"; do
        case $line in pass*) pass ;; *) fail "$line" ;; esac
    done
}
results=table
while read -r vendor set targets; do
    have "$vendor" || continue
    for target in $targets; do compile "$vendor" "$target" "$set"; done
done <<END
amd 256 gfx90a gfx1030 gfx1100
nvidia 256 sm_80 sm_90
intel 256 skl
intel 64 tgllp dg2-g10
END
[ "$skipped" -eq 0 ] || set -- # a table is written whole
judge table "$source_dir/docs/kernels.md" "$@"

results=checks # only whether they compile
have unoptimised && compile unoptimised O0-gfx1030 256
have spirv && compile spirv spir64 256

if [ "${CLADE_DEEP:-0}" = 1 ] && [ -n "$CLADE_SHARED" ]; then
    results=models # without a table
    plan models gpu,group=256,local=32768,fp64=0 "$CLADE_SHARED"/models/*/model.onnx
    merge models "$work"/plans-models/*/*.cl
    have amd && compile amd gfx1100 models
    have nvidia && compile nvidia sm_90 models
    have intel && compile intel dg2-g10 models
    judge models
fi
finish
