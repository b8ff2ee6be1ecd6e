# SPDX-License-Identifier: Apache-2.0
# Compiler flags: the C standard, warnings, sanitizers. They go to CLADE_CFLAGS / CLADE_LDFLAGS, never to the user's CFLAGS.

# CLADE_ADD_FLAG(flag): to CLADE_CFLAGS when the compiler takes it.
AC_DEFUN([CLADE_ADD_FLAG],
[AC_MSG_CHECKING([whether $CC accepts $1])
clade_save_CFLAGS=$CFLAGS
CFLAGS="$CFLAGS -Werror $1"
AC_COMPILE_IFELSE([AC_LANG_SOURCE([[extern int clade_unused; ]])], [AC_MSG_RESULT([yes])
                  CLADE_CFLAGS="$CLADE_CFLAGS $1"], [AC_MSG_RESULT([no])])
CFLAGS=$clade_save_CFLAGS])

# C11; only what is marked CLADE_API is exported. Contraction is off, so that host results do not depend on the machine.
AC_DEFUN([CLADE_STANDARD_C11],
[AC_SUBST([CLADE_CFLAGS])
AC_SUBST([CLADE_LDFLAGS])
CLADE_ADD_FLAG([-std=c11])
CLADE_ADD_FLAG([-fvisibility=hidden])
CLADE_ADD_FLAG([-ffp-contract=off])
CLADE_ADD_FLAG([-pthread])])

# CLADE_VERSION_SCRIPT(file): symbol versions, where the linker has them.
AC_DEFUN([CLADE_VERSION_SCRIPT],
[AC_MSG_CHECKING([whether the linker takes symbol versions])
clade_save_LDFLAGS=$LDFLAGS
LDFLAGS="$LDFLAGS -shared -fPIC -Wl,--version-script=$srcdir/$1"
AC_LINK_IFELSE([AC_LANG_SOURCE([[int clade_unused(void); int clade_unused(void) { return 0; }]])],
               [clade_versions=yes], [clade_versions=no])
LDFLAGS=$clade_save_LDFLAGS
AC_MSG_RESULT([$clade_versions])
AM_CONDITIONAL([SYMBOL_VERSIONS], [test "$clade_versions" = yes])])

AC_DEFUN([CLADE_WARNINGS],
[for clade_flag in -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
                  -Wundef -Wvla -Wformat=2 -Wcast-align -Wconversion -Wno-overlength-strings; do
    CLADE_ADD_FLAG([$clade_flag])
done
AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [warnings are errors])], [], [enable_werror=no])
AS_IF([test "$enable_werror" = yes], [CLADE_CFLAGS="$CLADE_CFLAGS -Werror"])])

AC_DEFUN([CLADE_SANITIZERS],
[AC_ARG_ENABLE([sanitizers], [AS_HELP_STRING([--enable-sanitizers],
                              [AddressSanitizer and UndefinedBehaviorSanitizer; any finding ends the program])],
               [], [enable_sanitizers=no])
AS_IF([test "$enable_sanitizers" = yes],
      [clade_sanitize="-fsanitize=address,undefined -fno-sanitize-recover=all"
       CLADE_CFLAGS="$CLADE_CFLAGS $clade_sanitize -fno-omit-frame-pointer"
       CLADE_LDFLAGS="$CLADE_LDFLAGS $clade_sanitize"])])

# The libFuzzer harnesses of tests/fuzz need clang: ./configure CC=clang --enable-fuzz
AC_DEFUN([CLADE_FUZZ],
[AC_ARG_ENABLE([fuzz], [AS_HELP_STRING([--enable-fuzz], [build the libFuzzer harnesses (needs CC=clang)])], [],
               [enable_fuzz=no])
AS_IF([test "$enable_fuzz" = yes], [CLADE_CFLAGS="$CLADE_CFLAGS -fsanitize=fuzzer-no-link"])
AM_CONDITIONAL([FUZZ_ENABLED], [test "$enable_fuzz" = yes])])
