/* SPDX-License-Identifier: Apache-2.0 */
/* Clade: run deep-learning models on any OpenCL device. The umbrella header.
 *
 * Conventions. Every fallible call returns a clade_status and takes a caller-owned clade_error last, which may be NULL.
 * A NULL where an object is needed is ERR_ARGUMENT, and so is a struct whose size_bytes is 0.
 * The library never aborts, exits, prints or installs a handler. Ownership is *owned* (the caller frees), *borrowed*
 * (the lender frees) or *taken* (the callee frees), and each comment says which. One object is used by one thread at a
 * time, but devices and models may be shared, and clade_session_call is for any number of threads. Sizes in bytes end
 * in _bytes, times in _ms.
 */
#ifndef CLADE_H
#define CLADE_H

#include "clade/call.h"
#include "clade/device.h"
#include "clade/log.h"
#include "clade/model.h"
#include "clade/session.h"
#include "clade/status.h"
#include "clade/tensor.h"
#include "clade/tune.h"
#include "clade/version.h"

#endif
