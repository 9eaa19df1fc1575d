/* The login of RMCP+: Open Session and RAKP messages 1 to 4 as structs, bytes and codes, for client
 * and server. Pure functions; any thread. Source: IPMI 2.0 rev 1.1, 13.17 to 13.24 and 13.31.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

#include "bmc/ipmi/wire/crypto.h"
#include "bmc/ipmi/wire/message.h"

enum {
    IPMI_RANDOM_SIZE = 16,
    IPMI_GUID_SIZE = 16,
    IPMI_ROLE_NAME_ONLY = 0x10, /* look the user up by name alone, not by name and level */
    IPMI_LOGIN_MESSAGE_MAX = 128,
};

/* Status codes, table 13-15. */
enum {
    IPMI_STATUS_OK = 0x00,
    IPMI_STATUS_NO_RESOURCES = 0x01,
    IPMI_STATUS_INVALID_SESSION = 0x02,
    IPMI_STATUS_INVALID_PAYLOAD = 0x03,
    IPMI_STATUS_INVALID_AUTHENTICATION = 0x04,
    IPMI_STATUS_INVALID_INTEGRITY = 0x05,
    IPMI_STATUS_NO_MATCHING_AUTHENTICATION = 0x06,
    IPMI_STATUS_NO_MATCHING_INTEGRITY = 0x07,
    IPMI_STATUS_INACTIVE_SESSION = 0x08,
    IPMI_STATUS_INVALID_ROLE = 0x09,
    IPMI_STATUS_UNAUTHORIZED_ROLE = 0x0a,
    IPMI_STATUS_NO_RESOURCES_FOR_ROLE = 0x0b,
    IPMI_STATUS_INVALID_NAME_LENGTH = 0x0c,
    IPMI_STATUS_UNAUTHORIZED_NAME = 0x0d,
    IPMI_STATUS_UNAUTHORIZED_GUID = 0x0e,
    IPMI_STATUS_INVALID_CHECK = 0x0f,
    IPMI_STATUS_INVALID_CONFIDENTIALITY = 0x10,
    IPMI_STATUS_NO_CIPHER_SUITE_MATCH = 0x11,
    IPMI_STATUS_ILLEGAL_PARAMETER = 0x12,
};

/* A status code in words. Static; never NULL. */
const char *ipmi_status_text(uint8_t status);

/* What both sides know at the end of a login. Wipe after use. */
typedef struct IpmiLogin {
    const IpmiSuite *suite;
    uint32_t console_id; /* session id the client chose */
    uint32_t bmc_id;     /* session id the BMC chose */
    uint8_t console_random[IPMI_RANDOM_SIZE];
    uint8_t bmc_random[IPMI_RANDOM_SIZE];
    uint8_t guid[IPMI_GUID_SIZE];
    uint8_t role; /* whole byte of RAKP 1: level and IPMI_ROLE_NAME_ONLY */
    uint8_t username_size;
    uint8_t username[IPMI_USERNAME_MAX];
    uint8_t password[IPMI_PASSWORD_MAX]; /* zero-padded */
    uint8_t kg[IPMI_KG_MAX];             /* zero-padded; the password where there is no K_g */
} IpmiLogin;

/* Codes of RAKP 2 and 3 (suite->digest_size bytes) and the check of RAKP 4 (suite->check_size
 * bytes, needs the session integrity key). Errors: INTERNAL. */
bool ipmi_login_code_2(const IpmiLogin *login, uint8_t code[IPMI_DIGEST_MAX], GError **error);
bool ipmi_login_code_3(const IpmiLogin *login, uint8_t code[IPMI_DIGEST_MAX], GError **error);
bool ipmi_login_check_4(const IpmiLogin *login, const IpmiKeys *keys, uint8_t code[IPMI_DIGEST_MAX],
                        GError **error);
/* Fills all of keys. Errors: INTERNAL. */
bool ipmi_login_keys(const IpmiLogin *login, IpmiKeys *keys, GError **error);

/* Messages. Parsers: BMC_PROTOCOL for what cannot be; builders: INTERNAL (capacity). A message with
 * a status other than OK is only 8 bytes long; its other fields are then zero. */

typedef struct IpmiOpenRequest {
    uint8_t tag;
    uint8_t privilege; /* 0: the highest the suite allows */
    uint32_t console_id;
    uint8_t authentication, integrity, confidentiality;
} IpmiOpenRequest;

typedef struct IpmiOpenResponse {
    uint8_t tag;
    uint8_t status;
    uint8_t privilege;
    uint32_t console_id;
    uint32_t bmc_id;
    uint8_t authentication, integrity, confidentiality;
} IpmiOpenResponse;

typedef struct IpmiRakp1 {
    uint8_t tag;
    uint32_t bmc_id;
    uint8_t console_random[IPMI_RANDOM_SIZE];
    uint8_t role;
    uint8_t username_size;
    uint8_t username[IPMI_USERNAME_MAX];
} IpmiRakp1;

typedef struct IpmiRakp2 {
    uint8_t tag;
    uint8_t status;
    uint32_t console_id;
    uint8_t bmc_random[IPMI_RANDOM_SIZE];
    uint8_t guid[IPMI_GUID_SIZE];
    size_t code_size;
    uint8_t code[IPMI_DIGEST_MAX];
} IpmiRakp2;

/* RAKP 3 (session_id is the BMC's) and RAKP 4 (session_id is the console's) have the same form. */
typedef struct IpmiRakp34 {
    uint8_t tag;
    uint8_t status;
    uint32_t session_id;
    size_t code_size;
    uint8_t code[IPMI_DIGEST_MAX];
} IpmiRakp34;

/* The payload of each message, behind the RMCP+ session header, and back (IPMI 2.0, 13.17 to
 * 13.23).
 *
 * capacity   bytes in `out`; out_size is written on success
 * data       what came, of any size and content; *message is untouched on failure
 * Errors     building: INTERNAL (does not fit); parsing: BMC_PROTOCOL (short, lengths or values
 *            that cannot be)
 * Threads    any */
bool ipmi_open_request_build(const IpmiOpenRequest *message, uint8_t *out, size_t capacity,
                             size_t *out_size, GError **error);
bool ipmi_open_request_parse(const uint8_t *data, size_t size, IpmiOpenRequest *message,
                             GError **error);
bool ipmi_open_response_build(const IpmiOpenResponse *message, uint8_t *out, size_t capacity,
                              size_t *out_size, GError **error);
bool ipmi_open_response_parse(const uint8_t *data, size_t size, IpmiOpenResponse *message,
                              GError **error);
bool ipmi_rakp1_build(const IpmiRakp1 *message, uint8_t *out, size_t capacity, size_t *out_size,
                      GError **error);
bool ipmi_rakp1_parse(const uint8_t *data, size_t size, IpmiRakp1 *message, GError **error);
bool ipmi_rakp2_build(const IpmiRakp2 *message, uint8_t *out, size_t capacity, size_t *out_size,
                      GError **error);
bool ipmi_rakp2_parse(const uint8_t *data, size_t size, IpmiRakp2 *message, GError **error);
bool ipmi_rakp34_build(const IpmiRakp34 *message, uint8_t *out, size_t capacity, size_t *out_size,
                       GError **error);
bool ipmi_rakp34_parse(const uint8_t *data, size_t size, IpmiRakp34 *message, GError **error);
