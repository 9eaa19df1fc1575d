/* Open Session and RAKP messages, and the codes they carry.
 * SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ipmi/wire/rakp.h"

#include "bmc/ipmi/wire/bytes.h"
#include "common/error.h"

enum { ALGORITHM_SIZE = 8, ERROR_SIZE = 8 };

static const char *const status_texts[] = {
    [IPMI_STATUS_OK] = "no errors",
    [IPMI_STATUS_NO_RESOURCES] = "insufficient resources to create a session",
    [IPMI_STATUS_INVALID_SESSION] = "invalid session id",
    [IPMI_STATUS_INVALID_PAYLOAD] = "invalid payload type",
    [IPMI_STATUS_INVALID_AUTHENTICATION] = "invalid authentication algorithm",
    [IPMI_STATUS_INVALID_INTEGRITY] = "invalid integrity algorithm",
    [IPMI_STATUS_NO_MATCHING_AUTHENTICATION] = "no matching authentication payload",
    [IPMI_STATUS_NO_MATCHING_INTEGRITY] = "no matching integrity payload",
    [IPMI_STATUS_INACTIVE_SESSION] = "inactive session id",
    [IPMI_STATUS_INVALID_ROLE] = "invalid role",
    [IPMI_STATUS_UNAUTHORIZED_ROLE] = "unauthorized role or privilege level requested",
    [IPMI_STATUS_NO_RESOURCES_FOR_ROLE] = "insufficient resources for the requested role",
    [IPMI_STATUS_INVALID_NAME_LENGTH] = "invalid name length",
    [IPMI_STATUS_UNAUTHORIZED_NAME] = "unauthorized name",
    [IPMI_STATUS_UNAUTHORIZED_GUID] = "unauthorized GUID",
    [IPMI_STATUS_INVALID_CHECK] = "invalid integrity check value",
    [IPMI_STATUS_INVALID_CONFIDENTIALITY] = "invalid confidentiality algorithm",
    [IPMI_STATUS_NO_CIPHER_SUITE_MATCH] = "no cipher suite match with the proposed algorithms",
    [IPMI_STATUS_ILLEGAL_PARAMETER] = "illegal or unrecognized parameter",
};

const char *
ipmi_status_text(uint8_t status)
{
    return status < G_N_ELEMENTS(status_texts) ? status_texts[status] : "unknown status";
}

/* ---- codes ---- */

static void
put_id(uint8_t bytes[4], uint32_t id)
{
    IpmiWriter writer = ipmi_writer(bytes, 4);
    ipmi_write_le32(&writer, id);
}

bool
ipmi_login_code_2(const IpmiLogin *login, uint8_t code[IPMI_DIGEST_MAX], GError **error)
{
    uint8_t console_id[4], bmc_id[4];
    put_id(console_id, login->console_id);
    put_id(bmc_id, login->bmc_id);
    const IpmiSpan spans[] = {
        {console_id,            4},
        {bmc_id,                4},
        {login->console_random, IPMI_RANDOM_SIZE},
        {login->bmc_random,     IPMI_RANDOM_SIZE},
        {login->guid,           IPMI_GUID_SIZE},
        {&login->role,          1},
        {&login->username_size, 1},
        {login->username,       login->username_size},
    };
    return ipmi_hmac(login->suite, login->password, sizeof login->password, spans,
                     G_N_ELEMENTS(spans), code, error);
}

bool
ipmi_login_code_3(const IpmiLogin *login, uint8_t code[IPMI_DIGEST_MAX], GError **error)
{
    uint8_t console_id[4];
    put_id(console_id, login->console_id);
    const IpmiSpan spans[] = {
        {login->bmc_random,     IPMI_RANDOM_SIZE},
        {console_id,            4},
        {&login->role,          1},
        {&login->username_size, 1},
        {login->username,       login->username_size},
    };
    return ipmi_hmac(login->suite, login->password, sizeof login->password, spans,
                     G_N_ELEMENTS(spans), code, error);
}

bool
ipmi_login_check_4(const IpmiLogin *login, const IpmiKeys *keys, uint8_t code[IPMI_DIGEST_MAX],
                   GError **error)
{
    uint8_t bmc_id[4];
    put_id(bmc_id, login->bmc_id);
    const IpmiSpan spans[] = {
        {login->console_random, IPMI_RANDOM_SIZE},
        {bmc_id,                4},
        {login->guid,           IPMI_GUID_SIZE},
    };
    return ipmi_hmac(login->suite, keys->sik, login->suite->digest_size, spans, G_N_ELEMENTS(spans),
                     code, error);
}

bool
ipmi_login_keys(const IpmiLogin *login, IpmiKeys *keys, GError **error)
{
    const IpmiSpan spans[] = {
        {login->console_random, IPMI_RANDOM_SIZE},
        {login->bmc_random,     IPMI_RANDOM_SIZE},
        {&login->role,          1},
        {&login->username_size, 1},
        {login->username,       login->username_size},
    };
    keys->suite = login->suite;
    return ipmi_hmac(login->suite, login->kg, sizeof login->kg, spans, G_N_ELEMENTS(spans),
                     keys->sik, error) &&
           ipmi_keys_derive(keys, error);
}

/* ---- messages ---- */

static bool
finish(const IpmiWriter *writer, size_t *out_size, GError **error)
{
    if (writer->overflow)
        return steel_fail(error, STEEL_ERROR_INTERNAL, "no room for a login message in %zu bytes",
                          writer->capacity);
    *out_size = writer->size;
    return true;
}

static bool
fail_short(const char *name, size_t size, GError **error)
{
    return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "%s of %zu bytes", name, size);
}

static void
write_algorithm(IpmiWriter *writer, unsigned kind, uint8_t algorithm)
{
    const uint8_t bytes[ALGORITHM_SIZE] = {(uint8_t)kind, 0, 0, ALGORITHM_SIZE, algorithm};
    ipmi_write_bytes(writer, bytes, sizeof bytes);
}

/* Reads the three algorithm records; a record of length 0 means "any" and reads as algorithm 0. */
static bool
read_algorithms(IpmiReader *reader, uint8_t algorithms[3], GError **error)
{
    for (unsigned kind = 0; kind < 3; kind++) {
        uint8_t got_kind = ipmi_read_u8(reader);
        ipmi_read_skip(reader, 2);
        uint8_t length = ipmi_read_u8(reader);
        uint8_t algorithm = ipmi_read_u8(reader) & 0x3f;
        ipmi_read_skip(reader, 3);
        if (reader->overrun || got_kind != kind || (length != ALGORITHM_SIZE && length != 0))
            return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL,
                              "malformed algorithm record %u of an Open Session message", kind);
        algorithms[kind] = length == 0 ? 0 : algorithm;
    }
    return true;
}

bool
ipmi_open_request_build(const IpmiOpenRequest *message, uint8_t *out, size_t capacity,
                        size_t *out_size, GError **error)
{
    IpmiWriter writer = ipmi_writer(out, capacity);
    ipmi_write_u8(&writer, message->tag);
    ipmi_write_u8(&writer, message->privilege);
    ipmi_write_zeros(&writer, 2);
    ipmi_write_le32(&writer, message->console_id);
    write_algorithm(&writer, 0, message->authentication);
    write_algorithm(&writer, 1, message->integrity);
    write_algorithm(&writer, 2, message->confidentiality);
    return finish(&writer, out_size, error);
}

bool
ipmi_open_request_parse(const uint8_t *data, size_t size, IpmiOpenRequest *message, GError **error)
{
    IpmiReader reader = ipmi_reader(data, size);
    IpmiOpenRequest parsed = {0};
    uint8_t algorithms[3];
    parsed.tag = ipmi_read_u8(&reader);
    parsed.privilege = ipmi_read_u8(&reader) & 0x0f;
    ipmi_read_skip(&reader, 2);
    parsed.console_id = ipmi_read_le32(&reader);
    if (reader.overrun)
        return fail_short("Open Session request", size, error);
    if (!read_algorithms(&reader, algorithms, error))
        return false;
    parsed.authentication = algorithms[0];
    parsed.integrity = algorithms[1];
    parsed.confidentiality = algorithms[2];
    *message = parsed;
    return true;
}

bool
ipmi_open_response_build(const IpmiOpenResponse *message, uint8_t *out, size_t capacity,
                         size_t *out_size, GError **error)
{
    IpmiWriter writer = ipmi_writer(out, capacity);
    ipmi_write_u8(&writer, message->tag);
    ipmi_write_u8(&writer, message->status);
    ipmi_write_u8(&writer, message->privilege);
    ipmi_write_u8(&writer, 0);
    ipmi_write_le32(&writer, message->console_id);
    if (message->status == IPMI_STATUS_OK) {
        ipmi_write_le32(&writer, message->bmc_id);
        write_algorithm(&writer, 0, message->authentication);
        write_algorithm(&writer, 1, message->integrity);
        write_algorithm(&writer, 2, message->confidentiality);
    }
    return finish(&writer, out_size, error);
}

bool
ipmi_open_response_parse(const uint8_t *data, size_t size, IpmiOpenResponse *message,
                         GError **error)
{
    IpmiReader reader = ipmi_reader(data, size);
    IpmiOpenResponse parsed = {0};
    parsed.tag = ipmi_read_u8(&reader);
    parsed.status = ipmi_read_u8(&reader);
    parsed.privilege = ipmi_read_u8(&reader) & 0x0f;
    ipmi_read_skip(&reader, 1);
    /* Some BMCs leave the id out of a refusal. */
    if (parsed.status != IPMI_STATUS_OK && size >= 2 && size < ERROR_SIZE) {
        *message = parsed;
        return true;
    }
    parsed.console_id = ipmi_read_le32(&reader);
    if (reader.overrun)
        return fail_short("Open Session response", size, error);
    if (parsed.status == IPMI_STATUS_OK) {
        uint8_t algorithms[3];
        parsed.bmc_id = ipmi_read_le32(&reader);
        if (!read_algorithms(&reader, algorithms, error))
            return false;
        parsed.authentication = algorithms[0];
        parsed.integrity = algorithms[1];
        parsed.confidentiality = algorithms[2];
    }
    *message = parsed;
    return true;
}

bool
ipmi_rakp1_build(const IpmiRakp1 *message, uint8_t *out, size_t capacity, size_t *out_size,
                 GError **error)
{
    IpmiWriter writer = ipmi_writer(out, capacity);
    ipmi_write_u8(&writer, message->tag);
    ipmi_write_zeros(&writer, 3);
    ipmi_write_le32(&writer, message->bmc_id);
    ipmi_write_bytes(&writer, message->console_random, IPMI_RANDOM_SIZE);
    ipmi_write_u8(&writer, message->role);
    ipmi_write_zeros(&writer, 2);
    ipmi_write_u8(&writer, message->username_size);
    ipmi_write_bytes(&writer, message->username, MIN(message->username_size, IPMI_USERNAME_MAX));
    return finish(&writer, out_size, error);
}

bool
ipmi_rakp1_parse(const uint8_t *data, size_t size, IpmiRakp1 *message, GError **error)
{
    IpmiReader reader = ipmi_reader(data, size);
    IpmiRakp1 parsed = {0};
    parsed.tag = ipmi_read_u8(&reader);
    ipmi_read_skip(&reader, 3);
    parsed.bmc_id = ipmi_read_le32(&reader);
    ipmi_read_bytes(&reader, parsed.console_random, IPMI_RANDOM_SIZE);
    parsed.role = ipmi_read_u8(&reader);
    ipmi_read_skip(&reader, 2);
    parsed.username_size = ipmi_read_u8(&reader);
    if (reader.overrun)
        return fail_short("RAKP message 1", size, error);
    if (parsed.username_size > IPMI_USERNAME_MAX)
        return steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "user name of %u bytes",
                          parsed.username_size);
    ipmi_read_bytes(&reader, parsed.username, parsed.username_size);
    if (reader.overrun)
        return fail_short("RAKP message 1", size, error);
    *message = parsed;
    return true;
}

/* A code that ends a message: whatever is left, bounded. */
static bool
read_code(IpmiReader *reader, uint8_t code[IPMI_DIGEST_MAX], size_t *code_size)
{
    *code_size = ipmi_read_left(reader);
    if (*code_size > IPMI_DIGEST_MAX)
        return false;
    ipmi_read_bytes(reader, code, *code_size);
    return !reader->overrun;
}

bool
ipmi_rakp2_build(const IpmiRakp2 *message, uint8_t *out, size_t capacity, size_t *out_size,
                 GError **error)
{
    IpmiWriter writer = ipmi_writer(out, capacity);
    ipmi_write_u8(&writer, message->tag);
    ipmi_write_u8(&writer, message->status);
    ipmi_write_zeros(&writer, 2);
    ipmi_write_le32(&writer, message->console_id);
    if (message->status == IPMI_STATUS_OK) {
        ipmi_write_bytes(&writer, message->bmc_random, IPMI_RANDOM_SIZE);
        ipmi_write_bytes(&writer, message->guid, IPMI_GUID_SIZE);
        ipmi_write_bytes(&writer, message->code, MIN(message->code_size, IPMI_DIGEST_MAX));
    }
    return finish(&writer, out_size, error);
}

bool
ipmi_rakp2_parse(const uint8_t *data, size_t size, IpmiRakp2 *message, GError **error)
{
    IpmiReader reader = ipmi_reader(data, size);
    IpmiRakp2 parsed = {0};
    parsed.tag = ipmi_read_u8(&reader);
    parsed.status = ipmi_read_u8(&reader);
    ipmi_read_skip(&reader, 2);
    parsed.console_id = ipmi_read_le32(&reader);
    if (reader.overrun)
        return fail_short("RAKP message 2", size, error);
    if (parsed.status == IPMI_STATUS_OK) {
        ipmi_read_bytes(&reader, parsed.bmc_random, IPMI_RANDOM_SIZE);
        ipmi_read_bytes(&reader, parsed.guid, IPMI_GUID_SIZE);
        if (reader.overrun || !read_code(&reader, parsed.code, &parsed.code_size))
            return fail_short("RAKP message 2", size, error);
    }
    *message = parsed;
    return true;
}

bool
ipmi_rakp34_build(const IpmiRakp34 *message, uint8_t *out, size_t capacity, size_t *out_size,
                  GError **error)
{
    IpmiWriter writer = ipmi_writer(out, capacity);
    ipmi_write_u8(&writer, message->tag);
    ipmi_write_u8(&writer, message->status);
    ipmi_write_zeros(&writer, 2);
    ipmi_write_le32(&writer, message->session_id);
    if (message->status == IPMI_STATUS_OK)
        ipmi_write_bytes(&writer, message->code, MIN(message->code_size, IPMI_DIGEST_MAX));
    return finish(&writer, out_size, error);
}

bool
ipmi_rakp34_parse(const uint8_t *data, size_t size, IpmiRakp34 *message, GError **error)
{
    IpmiReader reader = ipmi_reader(data, size);
    IpmiRakp34 parsed = {0};
    parsed.tag = ipmi_read_u8(&reader);
    parsed.status = ipmi_read_u8(&reader);
    ipmi_read_skip(&reader, 2);
    parsed.session_id = ipmi_read_le32(&reader);
    if (reader.overrun)
        return fail_short("RAKP message 3 or 4", size, error);
    if (parsed.status == IPMI_STATUS_OK && !read_code(&reader, parsed.code, &parsed.code_size))
        return fail_short("RAKP message 3 or 4", size, error);
    *message = parsed;
    return true;
}
