/* SPDX-License-Identifier: Apache-2.0 */
/* OpenCL and fork.
 *
 * A driver's threads do not live on in a child, and the locks they held are never let go: the child would wait for
 * ever. It cannot start OpenCL anew either, since the loader keeps its state. So the first OpenCL call is noted and
 * every child forked since is refused.
 */
#include "ocl/internal.h"

clade_status cld_cl_enter(clade_error *err) {
    if (cld_forked())
        return cld_fail(err, CLADE_ERR_DEVICE,
                        "this process was forked after OpenCL had started in its parent; open the device in the child "
                        "only, and let the parent leave OpenCL alone");
    return cld_fork_watch() ? CLADE_OK : cld_no_memory(err, "OpenCL");
}
