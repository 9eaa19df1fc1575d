/* What dnsmasq is told about machines that boot, as files in folders that it watches (dhcp-hostsdir
 * and dhcp-optsdir of dnsmasq(8)):
 *
 *     <hosts>/ironic-<mac>.conf    52:54:00:12:34:56,set:<tag>,set:ironic
 *     <options>/ironic-<node>.conf  tag:<tag>,<option>
 *
 * dnsmasq keeps the options of a file that is gone. A tag is therefore used for one offer only, and
 * a host that is withdrawn gets "ignore", which ends the use of its tag.
 *
 * dnsmasq runs as a user of its own: the files are readable for all and hold no secret. Each is
 * written beside its place and moved, so that dnsmasq never reads a half one.
 *
 * Any thread; blocks for the disk.
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
 * IO naming the file */
bool dnsmasq_files_offer(const DnsmasqFolders *folders, const char *node_uuid, const char *tag,
                         const char *const *macs, const char *const *options, GError **error);

/* Tells dnsmasq to ignore the cards, and removes the node's options. What is missing is no error.
 * IO naming the file. */
bool dnsmasq_files_withdraw(const DnsmasqFolders *folders, const char *node_uuid,
                            const char *const *macs, GError **error);

/* Whether the folders take new files. IO naming the one that does not. */
bool dnsmasq_files_check(const DnsmasqFolders *folders, GError **error);
