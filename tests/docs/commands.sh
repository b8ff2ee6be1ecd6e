#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Every command of README.md, docs/guide.md and clade(1), as written, in order, in a copy of the tree like a fresh clone; what
# a page shows as output is compared. Four things are not as on the reader's machine:
#   sudo      is whoever runs the test, and installs below a DESTDIR
#   apt-get   refuses: nothing is fetched, so the packages must be there
#   ldconfig  does nothing: the machine stays as it is
#   make      runs one short test instead of the whole suite, which this is part of; -O0, as the compiler's time is no matter here
. "$(dirname "$0")/../lib.sh"
. "$test_dir/env.sh"
need autoreconf pkg-config
scratch=$build_dir/tests/scratch/docs
chmod -R u+w "$scratch" 2>/dev/null
rm -rf "$scratch"
mkdir -p "$scratch/bin" "$scratch/home" "$scratch/man"
stub() { printf '#!/bin/sh\n%s\n' "$2" >"$scratch/bin/$1" && chmod +x "$scratch/bin/$1"; }
stub sudo 'DESTDIR='"$scratch"'/root exec "$@"'
stub apt-get 'echo "the test fetches no packages: $*"; exit 1'
stub ldconfig :
unset MAKELEVEL MFLAGS DESTDIR PREFIX LD_LIBRARY_PATH
export MAKEFLAGS="TESTS=tests/check-size.sh check_PROGRAMS=" CFLAGS=-O0
export HOME=$scratch/home PATH="$scratch/bin:$PATH"

# clone FOLDER: the sources without what a build or autoreconf has made of them.
clone() {
    mkdir -p "$1"
    tar -C "$source_dir" -cf - --exclude=./.git --exclude='./build*' --exclude=./configure --exclude=./Makefile.in \
        --exclude=./aclocal.m4 --exclude=./autom4te.cache --exclude='./clade-*' . | tar -C "$1" -xf -
    chmod -R u+w "$1"
}

# block FILE: its indented lines outside of ``` fences. In a list they would be text; there are no such lists.
block() { awk '/^```/ { fence = !fence } !fence && /^    / { print substr($0, 5) }' "$1"; }

is_command() { [[ $1 =~ ^([A-Z_]+=[^ ]+\ )*(\./|build/|sudo\ |cc\ |clade\ ) ]]; }

# alike SHOWN SAID: the same words; numbers may differ by 1e-3 of their value, as devices round differently.
alike() {
    awk 'function near(a, b) { return a == b || (a + 0 != 0 && b + 0 != 0 && (a - b) ^ 2 < 1e-6 * a * a) }
         NR == FNR { shown[FNR] = $0; lines = FNR; next }
         { n = split(shown[FNR], a); m = NF; bad += n != m; for (i = 1; i <= n && i <= m; i++) bad += !near(a[i], $i) }
         END { exit bad || FNR != lines }' <(printf '%s\n' "$1") <(printf '%s\n' "$2")
}

commands=0
# try FOLDER COMMAND SHOWN: exit code 0 and, where the page shows output, that output.
try() {
    local said status
    commands=$((commands + 1))
    said=$(cd "$1" && bash -c "$2" 2>"$scratch/stderr" </dev/null)
    status=$?
    if [ "$status" != 0 ]; then
        fail "$2: exit code $status: $(tail -n 5 <<<"$said") $(tail -n 5 "$scratch/stderr")"
    elif [ -n "$3" ] && ! alike "$3" "$said"; then
        fail "$2: says $said, the page shows $3"
    else
        pass
    fi
}

# page FILE LEAST: the commands of FILE in the clone; a line that says `mkdir build` in a clone of its own.
page() {
    local line command='' shown='' folder
    commands=0
    while IFS= read -r line; do
        if [ "$line" != end ] && ! is_command "$line"; then
            shown+=${shown:+$'\n'}$line
            continue
        fi
        if [ -n "$command" ]; then
            folder=$scratch/clone
            if [[ $command == *"mkdir build"* ]]; then
                folder=$scratch/second
                clone "$folder"
            fi
            try "$folder" "$command" "$shown"
        elif [ -n "$shown" ]; then
            fail "$1: neither a command nor its output: $shown"
        fi
        command=$line shown=''
    done < <(block "$source_dir/$1"; echo end)
    if [ "$commands" -ge "$2" ]; then pass; else fail "$1: $commands commands, fewer than $2"; fi
}

clone "$scratch/clone"
page README.md 13
# What was installed to a prefix of our own starts without help, and is what a program is linked with.
try "$scratch" "$HOME/.local/bin/clade version" "clade $(sed -n 's/^AC_INIT(\[clade\], \[\(.*\)\])$/\1/p' "$source_dir/configure.ac")"
export PKG_CONFIG_PATH=$HOME/.local/lib/pkgconfig
cp "$source_dir/examples/embed.c" "$scratch/clone/program.c"
page docs/guide.md 1
if [ -x "$scratch/root/usr/local/bin/clade" ]; then pass; else fail "sudo ./quickstart install: no clade below DESTDIR"; fi

# clade(1) speaks of the files of examples/credit in the folder where one is.
cp "$source_dir"/examples/credit/* "$scratch/man/"
export PATH="$HOME/.local/bin:$PATH"
commands=0
while IFS= read -r line; do
    try "$scratch/man" "$line" ''
done < <(sed -n 's/^\.Dl \$ //p' "$source_dir/man/clade.1")
if [ "$commands" -ge 3 ]; then pass; else fail "clade(1): $commands commands, fewer than 3"; fi
finish
