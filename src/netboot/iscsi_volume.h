/* An iSCSI volume, read from a volume target's properties and checked so that it can be written
 * into a boot script. The storage interfaces write these properties, or an operator does by hand
 * ("external"): then every value is a string.
 *
 *     {"target_portal": "192.0.2.5:3260", "target_iqn": "iqn.2010-10.com.example:vol-1",
 *     "target_lun": 0 or "0",
 *      "target_portals": [str, ...], "target_iqns": [str, ...], "target_luns": [int or str, ...],
 *      "auth_method": "CHAP", "auth_username": str, "auth_password": str}
 *
 * Lists may also be one string with commas. Other keys are ignored. Pure; any thread.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/error.h"
#include <jansson.h>

/* The port that IANA gave to iSCSI targets (RFC 7143, 6.7 and section 14). */
#define ISCSI_DEFAULT_PORT 3260

/* Greatest LUN that a single-level address can name (SAM-5, 4.7.7.3: 14 bits). */
#define ISCSI_LUN_LIMIT 16383

/* Most paths that one volume may have. */
#define ISCSI_PORTAL_LIMIT 16

/* Longest iSCSI name (RFC 3720, 3.2.6.1). */
#define ISCSI_NAME_LENGTH 223

/* One path to a volume. */
typedef struct IscsiPortal {
    char *host; /* owned; IPv4 or IPv6 address (without brackets) or host name */
    unsigned port;
    char *iqn;    /* owned; the target's iSCSI name: iqn., eui. or naa. */
    unsigned lun; /* 0..ISCSI_LUN_LIMIT */
} IscsiPortal;

typedef struct IscsiVolume {
    /* owned, of owned IscsiPortal, at least one; several are paths to the same volume */
    GPtrArray *portals;
    char *username; /* owned; CHAP name, NULL without CHAP */
    char *password; /* owned; CHAP secret, NULL without CHAP; wiped when freed */
} IscsiVolume;

void iscsi_volume_free(IscsiVolume *volume);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IscsiVolume, iscsi_volume_free)

/* Reads and checks properties.
 *
 * target_portals wins over target_portal. A list target_iqns or target_luns as long as the list of
 * portals is used item by item. Otherwise target_iqn and target_lun hold for all portals, or the
 * first item of the list if they are absent. The LUN is 0 if absent. CHAP needs both a name and a
 * secret, or neither.
 *
 * properties  a JSON object, borrowed
 * Errors      INVALID, or MISSING for an absent one, naming the property and what is expected; a
 *             secret is never repeated */
IscsiVolume *iscsi_volume_read(const json_t *properties, GError **error);

/* True for iqn.YYYY-MM.authority[:name], eui. with 16, naa. with 16 or 32 hexadecimal digits (RFC
 * 3720, 3.2.6.3 and RFC 3980). Capital letters and underscores are allowed because arrays in use
 * have them. False for NULL. */
bool iscsi_name_valid(const char *name);

/* The URI by which iPXE reaches the volume over one portal (RFC 4173, 5):
 * iscsi:host::port:lun:name, where the empty field means TCP and the LUN is hexadecimal, an IPv6
 * address is in brackets. The caller frees. */
char *iscsi_portal_uri(const IscsiPortal *portal);
