/* One running lab: the daemon that holds the virtual servers, their BMCs, the iSCSI target and the
 * network, and answers on the control socket: {"command": "describe" | "status" | "down"}.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "lab/guest.h"
#include "lab/options.h"

/* Where guests under user networking reach the host. */
#define LAB_SLIRP_HOST "10.0.2.2"
/* Where steeld serves boot files. */
#define LAB_BOOT_PORT 8089

#define LAB_LOG_FILE "lab.log"
#define LAB_LOCK_FILE "lock"

/* What a daemon needs; borrowed while it runs. */
typedef struct LabPlan {
    const char *folder; /* absolute; made, and locked by the caller */
    const LabOptions *options;
    const LabGuest *guest;
    const char *accelerator; /* "kvm" or "tcg" */
    const char *authorities; /* that all firmware trusts: PEM, checked; NULL: none */
} LabPlan;

/* A DaemonMain (supervise.h); user_data is a const LabPlan. */
int lab_main(void *user_data, int ready_fd);
