/* What a BMC tells before any login: its authentication capabilities and its cipher suites. The
 * client does not ask for the suites: anybody could have sent that answer, and a proposal tells as
 * well. Pure functions; any thread. Source: IPMI 2.0 rev 1.1, 22.13 (Get Channel Authentication
 * Capabilities), 22.15 (cipher suite records).
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

#include "bmc/ipmi/wire/crypto.h"
#include "bmc/ipmi/wire/message.h"

enum {
    IPMI_CHANNEL_PRESENT = 0x0e,      /* the channel this request comes in on */
    IPMI_CIPHER_SUITE_CHUNK = 16,     /* bytes of records in one answer; fewer: the last */
    IPMI_CIPHER_SUITE_BYTES_MAX = 256 /* more than any BMC has */
};

typedef struct IpmiAuthCapabilities {
    uint8_t channel;
    bool ipmi_20;         /* RMCP+ can be spoken */
    bool kg_required;     /* "two-key login": a K_g that is not all zeros */
    bool named_users;     /* users with names exist */
    bool null_usernames;  /* a null user with a password exists */
    bool anonymous_login; /* a null user without a password exists */
} IpmiAuthCapabilities;

/* Get Channel Authentication Capabilities (IPMI 2.0, 22.13), of this channel, for a session of this
 * privilege. */
void ipmi_auth_capabilities_request(IpmiRequest *request, IpmiPrivilege privilege);
/* data without completion code. Errors: BMC_PROTOCOL (short). */
bool ipmi_auth_capabilities_parse(const uint8_t *data, size_t size, IpmiAuthCapabilities *found,
                                  GError **error);
void ipmi_auth_capabilities_response(const IpmiAuthCapabilities *capabilities,
                                     IpmiResponse *response);

/* Records of our suites, best last as BMCs list them; `only` 3 or 17 leaves the other out, 0 lists
 * both.
 * Returns their size. */
size_t ipmi_cipher_suites_build(int only, uint8_t *records, size_t capacity);
