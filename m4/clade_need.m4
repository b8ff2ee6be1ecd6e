# SPDX-License-Identifier: Apache-2.0
# Dependencies, each missing one reported by what it is and the Debian package that has it.

# _CLADE_MISSING(what, package)
AC_DEFUN([_CLADE_MISSING], [AC_MSG_ERROR([$1 not found: install Debian's $2 (apt-get install $2)])])

# CLADE_NEED(VARIABLE, pkg-config module, package, what): sets VARIABLE_CFLAGS and VARIABLE_LIBS.
AC_DEFUN([CLADE_NEED], [PKG_CHECK_MODULES([$1], [$2], [], [_CLADE_MISSING([$4], [$3])])])

# CLADE_NEED_HEADER(header, compiler flags, package, what)
AC_DEFUN([CLADE_NEED_HEADER],
[AC_MSG_CHECKING([for $1])
clade_save_CPPFLAGS=$CPPFLAGS
CPPFLAGS="$CPPFLAGS -DCL_TARGET_OPENCL_VERSION=120 $2"
AC_PREPROC_IFELSE([AC_LANG_SOURCE([[#include <$1>]])], [AC_MSG_RESULT([yes])],
                  [AC_MSG_RESULT([no])
                   _CLADE_MISSING([$4], [$3])])
CPPFLAGS=$clade_save_CPPFLAGS])

# CLADE_NEED_PROGRAM(VARIABLE, program, package, what)
AC_DEFUN([CLADE_NEED_PROGRAM],
[AC_PATH_PROG([$1], [$2])
AS_IF([test -z "$$1"], [_CLADE_MISSING([$4], [$3])])])

# CLADE_NEED_LIBRARY(VARIABLE, library, function, header, package, what): for what has no pkg-config file.
AC_DEFUN([CLADE_NEED_LIBRARY],
[CLADE_NEED_HEADER([$4], [], [$5], [$6])
AC_CHECK_LIB([$2], [$3], [AC_SUBST([$1_LIBS], [-l$2])], [_CLADE_MISSING([$6], [$5])])])
