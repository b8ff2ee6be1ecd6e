# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The environment of every test. `make check` sources it; a platform script sources it and then chooses its own driver.
# One LLVM-based driver per process: OCL_ICD_VENDORS pins it. Caches are the build's own, so that a run never meets the user's.
export OCL_ICD_VENDORS="${OCL_ICD_VENDORS:-pocl.icd}"
export CLADE_CACHE_DIR="$CLADE_BUILD_DIR/tests/cache"
export POCL_CACHE_DIR="$CLADE_BUILD_DIR/tests/pocl-cache"
mkdir -p "$CLADE_CACHE_DIR" "$POCL_CACHE_DIR"
# A first kernel costs a second, more on a busy machine and under a sanitizer.
export CK_DEFAULT_TIMEOUT="${CK_DEFAULT_TIMEOUT:-120}"
unset CLADE_DEVICE CLADE_CL_DIR
# Material that is not in the repository: models and data sets beside the source tree. Tests that need it skip without it.
if [ -z "${CLADE_SHARED:-}" ] && [ -d "$CLADE_SOURCE_DIR/../shared/models" ]; then
    CLADE_SHARED="$(cd "$CLADE_SOURCE_DIR/../shared" && pwd)"
fi
export CLADE_SHARED="${CLADE_SHARED:-}"
