/* SPDX-License-Identifier: Apache-2.0 */
/* The "C" locale for one thread and a while: files and texts are the same wherever they are written. */
#include "base/base.h"

#include <locale.h>

bool cld_locale_enter(cld_locale *locale) {
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (plain == (locale_t)0)
        return false;
    *locale = (cld_locale){ .plain = plain, .before = uselocale(plain) };
    return true;
}

void cld_locale_leave(const cld_locale *locale) {
    uselocale((locale_t)locale->before);
    freelocale((locale_t)locale->plain);
}
