/* Writes dnsmasq's configuration for machines that boot, as files in folders that it watches
 * (dhcp-hostsdir and dhcp-optsdir of dnsmasq(8)):
 *
 *     <hosts>/ironic-<mac>.conf    52:54:00:12:34:56,set:<tag>,set:ironic
 *     <options>/ironic-<node>.conf  tag:<tag>,<option>
 *
 * dnsmasq keeps the options of a removed file. So each offer has a new tag, and a withdrawn host
 * gets "ignore", which ends the use of its tag.
 *
 * dnsmasq runs as a user of its own: the files are readable for all and hold no secret. Each is
 * written under another name and renamed, so that dnsmasq never reads an incomplete one.
 *
 * Any thread; blocks on the disk.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"

typedef struct DnsmasqFolders {
    const char *hosts, *options; /* borrowed */
} DnsmasqFolders;

/* Writes the options of a node, then a host for each of its cards.
 *
 * tag      of this offer; letters, digits and hyphens
 * macs     NULL-terminated
 * options  NULL-terminated: "tag:!ipxe,67,undionly.kpxe"
 * Errors   IO naming the file */
bool dnsmasq_files_offer(const DnsmasqFolders *folders, const char *node_uuid, const char *tag,
                         const char *const *macs, const char *const *options, GError **error);

/* Tells dnsmasq to ignore the cards, and removes the node's options. An absent file is no error.
 * Errors: IO naming the file. */
bool dnsmasq_files_withdraw(const DnsmasqFolders *folders, const char *node_uuid,
                            const char *const *macs, GError **error);

/* Checks that new files can be made in the folders. Errors: IO naming the folder. */
bool dnsmasq_files_check(const DnsmasqFolders *folders, GError **error);
