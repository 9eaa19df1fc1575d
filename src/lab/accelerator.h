/* Finds out whether guests run under KVM here. A /dev/kvm that can be opened proves nothing: under
 * some nested and paravirtual hypervisors a stock guest hangs. So a small guest is booted once,
 * with a time limit.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/guest.h"

/* Chooses "kvm" or "tcg" (static strings).
 *
 * wish           "auto", "kvm" or "tcg"; the last two are not tested, except that "kvm" needs
 *                /dev/kvm
 * cache_folder   the answer is remembered here, per version of the host's kernel
 * progress       may be NULL
 * Errors         INVALID (another wish), NOT_FOUND ("kvm" without /dev/kvm)
 * Threads        any; blocks up to 10 s when it probes
 */
const char *accelerator_choose(const char *wish, const char *cache_folder, const LabGuest *guest,
                               LabProgress progress, GError **error) G_GNUC_WARN_UNUSED_RESULT;
