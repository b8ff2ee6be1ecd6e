#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `make install`, then examples/embed.c as a user would build it: against the installed headers and library, through pkg-config.
. "$(dirname "$0")/lib.sh"
. "$test_dir/env.sh"
need pkg-config
root=$build_dir/tests/installed
rm -rf "$root"
unset MAKEFLAGS MFLAGS MAKELEVEL
if make -C "$build_dir" install DESTDIR="$root" >"$root.log" 2>&1; then pass; else fail "make install: see $root.log"; finish; fi

pc=$(find "$root" -name clade.pc)
libdir=$root$(pkg-config --variable=libdir "$pc")
prefix=$root$(pkg-config --variable=prefix "$pc")
export PKG_CONFIG_SYSROOT_DIR=$root
read -ra flags < <(pkg-config --cflags --libs "$pc")
if "${CC:-gcc}" -std=c11 -Wall -Wextra -Werror "$source_dir/examples/embed.c" -o "$root/embed" "${flags[@]}"; then
    pass
else
    fail "embed.c against the installed library"
fi
export LD_LIBRARY_PATH=$libdir
said=$("$root/embed" "$source_dir/examples/orderbook/deeplob_fi2010.onnx" 2>&1)
if [ $? = 0 ] && [ "$(grep -cE '^[0-9.e-]+$' <<<"$said")" = 3 ]; then pass; else fail "embed: $said"; fi
said=$("$prefix/bin/clade" --version 2>&1)
if [[ $said == *"$(pkg-config --modversion "$pc")"* ]]; then pass; else fail "installed clade --version: $said"; fi
for file in share/man/man1/clade.1 include/clade.h include/clade/session.h lib/libclade.so; do
    if [ -e "$prefix/$file" ]; then pass; else fail "$file is not installed"; fi
done
for file in LICENSE NEWS README.md docs/guide.md examples/embed.c examples/orderbook/MODEL.md \
    examples/orderbook/main.c examples/credit/credit.onnx; do
    if [ -e "$prefix/share/doc/clade/$file" ]; then pass; else fail "$file is not installed to docdir"; fi
done
if grep -q '^ *Copyright 2026 The Clade authors$' "$prefix/share/doc/clade/LICENSE"; then pass; else fail "LICENSE names no holder"; fi

# What was made is taken away again, folders included.
if make -C "$build_dir" uninstall DESTDIR="$root" >>"$root.log" 2>&1; then pass; else fail "make uninstall: see $root.log"; fi
for folder in include/clade share/doc/clade; do
    if [ ! -e "$prefix/$folder" ]; then pass; else fail "make uninstall leaves $(find "$prefix/$folder")"; fi
done

# Who tells the loader: install-exec-hook decides by DESTDIR and by who asks. An `id` of ours says who; ldconfig is a word.
mkdir -p "$root/bin"
hook() {
    local user=$1 regex=$2 said
    shift 2
    printf '#!/bin/sh\necho %s\n' "$user" >"$root/bin/id"
    chmod +x "$root/bin/id"
    said=$(PATH="$root/bin:$PATH" make -C "$build_dir" --no-print-directory install-exec-hook "$@" 2>&1)
    if grep -qxE "$regex" <<<"$said"; then pass; else fail "install-exec-hook as $user with $*: $said"; fi
}
hook 0 'told' LDCONFIG='echo told'
hook 0 'clade: ldconfig failed; .*' LDCONFIG=false
hook 1000 'clade: run ldconfig as root if .*' LDCONFIG='echo told'
hook 0 "clade: installed below /somewhere; run ldconfig .*" LDCONFIG='echo told' DESTDIR=/somewhere
finish
