/* The command line of steel-lab: one table of options for parsing and help.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stdio.h>

typedef enum LabCommand {
    LAB_COMMAND_UP,
    LAB_COMMAND_STATUS,
    LAB_COMMAND_CONSOLE,
    LAB_COMMAND_DOWN,
    LAB_COMMAND_FLEET,
    LAB_COMMAND_FLEET_SET,
    LAB_COMMAND_BMC,
    LAB_COMMAND_BMC_SET,
    LAB_COMMAND_GUEST,
    LAB_COMMAND_HELP,
    LAB_COMMAND_VERSION,
    LAB_COMMAND_COUNT
} LabCommand;

/* The parsed command line; strings are borrowed from it, or static. */
typedef struct LabOptions {
    LabCommand command;
    const char *folder; /* --dir; NULL: the default */
    bool json;

    /* up */
    int node_count;
    const char *name_prefix;
    int memory_mib;
    bool uefi, bridge;
    bool no_dhcp;         /* only with bridge */
    bool no_rom;          /* of the network card */
    const char *boot_url; /* NULL: the default of the kind of network */
    const char *accelerator;
    const char *address; /* also fleet */
    int ipmi_port;
    const char *bmc;             /* "ipmi" or "redfish": what the BMCs speak */
    const char *redfish_address; /* of the first BMC, the next has the next */
    int redfish_port;
    const char *certificate; /* NULL: a good one; or what is wrong with it */
    const char *firmware_ca; /* a file; NULL: none */
    int ports;               /* of the machine of one BMC */
    int target_port;
    int agent_port; /* 0: none */
    int iscsi_port; /* 0: none */
    int disk_gib;
    int second_disk_gib;  /* 0: none */
    int bad_sector;       /* of the first disk; 0: none */
    int empty_volume_gib; /* 0: the volume has the guest */
    bool hba_lun, nfs;
    int nfs_port;

    const char *set; /* bmc-set: "post-ms=5000,session-limit=1" */

    /* console; also bmc-set, where NULL is the only BMC */
    const char *node;
    bool follow;
    const char *wait_for;
    int timeout_s;

    /* fleet, fleet-set; -1: not given */
    int redfish_count; /* of a fleet */
    int fleet_count;   /* BMCs */
    int agent_count;   /* machines with BMC and agent; 0: BMCs alone */
    int port_base;
    int first;                                   /* number of the first machine */
    int boot_tenths, write_tenths, clean_tenths; /* of a second */
    int fail_per_mille, silent_per_mille, late_per_mille;
    int late_tenths; /* of a second: so late are those */
    int seed;
    const char *report;                       /* NULL: to the standard output */
    const char *journal;                      /* NULL: none */
    const char *deploy_url;                   /* NULL: nothing is enrolled */
    const char *image, *image_sha256, *enrol; /* NULL: not given */
    int wave_size, retries, limit_s;
    int latency_ms, loss_per_mille;
    int dead_count;
    const char *username, *password;
    int index;
    bool all, dead, alive;
    const char *power;
    const char *quirks; /* NULL: not given */
} LabOptions;

#define LAB_NODE_LIMIT 100
#define LAB_FLEET_LIMIT 40000
#define LAB_AGENT_LIMIT 20000

/* Reads a command line. Errors: INVALID, with a text for the user. Pure. */
bool lab_options_parse(int argc, char *const *argv, LabOptions *options,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Prints the commands, and the options of each. */
void lab_options_help(FILE *out);
