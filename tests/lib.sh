# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2034
# Sourced by every shell test: where things are, and the counting of cases. It works from any directory and without make.
# A script calls pass/fail/skip once per case and ends with `finish`, which prints the line that summary.awk adds up.
set -u
test_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source_dir=${CLADE_SOURCE_DIR:-$(dirname "$test_dir")}
build_dir=${CLADE_BUILD_DIR:-$source_dir/build}
export CLADE_SOURCE_DIR=$source_dir CLADE_BUILD_DIR=$build_dir
passed=0 failed=0 skipped=0

pass() { passed=$((passed + 1)); }
fail() { failed=$((failed + 1)); echo "FAIL $*"; }
skip() { skipped=$((skipped + 1)); echo "skip $*"; }

# finish: the totals; exit status as the Automake harness wants it (77: nothing but skips).
finish() {
    echo "$passed passed, $failed failed, $skipped skipped"
    [ "$failed" -eq 0 ] || exit 1
    [ "$passed" -gt 0 ] || [ "$skipped" -eq 0 ] || exit 77
    exit 0
}

# again TEST...: runs a test, which may count many cases, and takes over its count.
again() {
    local totals status log
    log=$(mktemp)
    "$@" >"$log" 2>&1
    status=$?
    totals=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
    read -r p _ f _ s _ <<<"${totals:-0 passed, 1 failed, 0 skipped}"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    [ "$f" -gt 0 ] || [ "$status" = 0 ] || [ "$status" = 77 ] || failed=$((failed + 1))
    [ "$status" = 0 ] || [ "$status" = 77 ] || { echo "FAIL $*: status $status"; grep -E ':[FE]:' -A 5 "$log" | head -n 30; grep -vE '^(pass|refused)' "$log" | head -n 60; }
    rm -f "$log"
}

# judge_files FILE...: one case per file; it fails when standard input has a line "FILE:LINE: what is wrong".
judge_files() {
    local found file
    found=$(cat)
    for file in "$@"; do
        if [ -n "$found" ] && grep -qF "$file:" <<<"$found"; then
            fail "$(grep -F "$file:" <<<"$found" | head -n 5)"
        else
            pass
        fi
    done
}

# need PROGRAM...: ends the script as one skip when a program is missing.
need() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || { skip "$program is not installed"; finish; }
    done
}

# sources EXTENSION...: our own files with these extensions, relative to the source directory, sorted.
sources() {
    local names=() extension
    for extension in "$@"; do names+=(-o -name "*.$extension"); done
    (cd "$source_dir" && find lib cl include cli tests examples \( "${names[@]:1}" \) -type f | LC_ALL=C sort)
}
