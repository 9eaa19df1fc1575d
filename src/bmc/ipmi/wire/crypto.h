/* The cipher suites Steel speaks (3 and 17) and their arithmetic: HMAC, the keys of a session,
 * AES-CBC-128. Pure functions over OpenSSL's libcrypto; any thread.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    IPMI_DIGEST_MAX = 32, /* SHA256 */
    IPMI_AES_KEY_SIZE = 16,
    IPMI_AES_BLOCK = 16,
};

/* A row of table 22-20 with its algorithm numbers (13-17, 13-18, 13-19) and the sizes that follow
 * from them. */
typedef struct IpmiSuite {
    int id;
    uint8_t authentication;  /* 1 RAKP-HMAC-SHA1, 3 RAKP-HMAC-SHA256 */
    uint8_t integrity;       /* 1 HMAC-SHA1-96, 4 HMAC-SHA256-128 */
    uint8_t confidentiality; /* 1 AES-CBC-128 */
    size_t digest_size;      /* of the RAKP 2 and 3 codes and of the keys */
    size_t check_size;       /* of the RAKP 4 check and of each packet's authentication code */
} IpmiSuite;

/* The suite of a number; NULL for those we do not speak (0, 1, 2 leave packets unprotected and are
 * refused). Static. */
const IpmiSuite *ipmi_suite(int id);

/* The suite of three algorithm numbers; NULL if Steel does not have it. */
const IpmiSuite *ipmi_suite_from_algorithms(uint8_t authentication, uint8_t integrity,
                                            uint8_t confidentiality);

/* One piece of what an HMAC covers. */
typedef struct IpmiSpan {
    const void *bytes;
    size_t size;
} IpmiSpan;

/* HMAC of the pieces, suite->digest_size bytes. Errors: INTERNAL (libcrypto refuses). */
bool ipmi_hmac(const IpmiSuite *suite, const uint8_t *key, size_t key_size, const IpmiSpan *spans,
               size_t count, uint8_t digest[IPMI_DIGEST_MAX], GError **error);

/* Keys of one session, 13.31 and 13.32. Wipe with ipmi_keys_clear(). */
typedef struct IpmiKeys {
    const IpmiSuite *suite;
    uint8_t sik[IPMI_DIGEST_MAX];
    uint8_t k1[IPMI_DIGEST_MAX]; /* integrity */
    uint8_t k2[IPMI_DIGEST_MAX]; /* its first 16 bytes: AES */
} IpmiKeys;

/* K1 and K2 from the session integrity key already in keys. Errors: INTERNAL. */
bool ipmi_keys_derive(IpmiKeys *keys, GError **error);
void ipmi_keys_clear(IpmiKeys *keys);

/* AES-CBC-128 as in 13.29: random IV, data, pad 01 02 03 ..., pad length. Writes at most size + 32
 * bytes.
 * Errors: INTERNAL (capacity, libcrypto). */
bool ipmi_encrypt(const IpmiKeys *keys, const uint8_t *plain, size_t size, uint8_t *out,
                  size_t capacity, size_t *out_size, GError **error);

/* The reverse; `plain` needs room for `size` bytes. Errors: BMC_PROTOCOL (length, pad). */
bool ipmi_decrypt(const IpmiKeys *keys, const uint8_t *cipher, size_t size, uint8_t *plain,
                  size_t capacity, size_t *plain_size, GError **error);

/* Equality in constant time. */
bool ipmi_equal(const uint8_t *a, const uint8_t *b, size_t size);

/* Random bytes; false with INTERNAL if the system has none. */
bool ipmi_random(void *bytes, size_t size, GError **error);
