/* Reads ipmi_* keys and talks to the BMC they name; the contract is in ipmi_node.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ipmi_node.h"

#include "bmc/ipmi/client/commands.h"
#include "common/backoff.h"
#include "common/config.h"
#include "common/lock.h"
#include "common/log.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "drivers/driver_info.h"

#include <string.h>

enum {
    ONE_TRY_MS = 20 * 1000, /* for one session with all its retries */
    SHORTEST_TRY_MS = 250,
    FIRST_PAUSE_MS = 500, /* between two tries; doubles */
    LONGEST_PAUSE_MS = 5000,
    WARNED_MAX = 65536,
};

const PropertyDef ipmi_node_properties[] = {
    {"ipmi_address", true, "IP address or host name of the node's BMC. Required."},
    {"ipmi_port", false, "UDP port of the BMC; 623 unless set. Optional."},
    {"ipmi_username", false, "User name; the null user unless set. Optional."},
    {"ipmi_password", false, "Password. Optional."},
    {"ipmi_priv_level", false,
     "Privilege level: ADMINISTRATOR (unless set), OPERATOR, USER or CALLBACK. Optional."},
    {"ipmi_hex_kg_key", false, "K_g key of the BMC in hexadecimal digits. Optional."},
    {"ipmi_cipher_suite", false,
     "Cipher suite, 17 or 3; the BMC is asked and 17 preferred unless set. Optional."},
    {"ipmi_protocol_version", false,
     "Version of IPMI; 2.0 unless set, which is the only one that is supported. Optional."},
    {"ipmi_bridging", false,
     "Bridging: no unless set, which is the only value that is supported. Optional."},
    {"ipmi_target_channel", false, "Destination channel of bridged requests. Not used."},
    {"ipmi_target_address", false, "Destination address of bridged requests. Not used."},
    {"ipmi_transit_channel", false, "Transit channel of bridged requests. Not used."},
    {"ipmi_transit_address", false, "Transit address of bridged requests. Not used."},
    {"ipmi_local_address", false, "Local IPMB address of bridged requests. Not used."},
    {"ipmi_force_boot_device", false,
     "True for a BMC that forgets the boot device: it is set again before each power on. False "
     "unless set. Optional."},
    {"ipmi_disable_boot_timeout", false,
     "False for a BMC that refuses to keep the boot device longer than 60 seconds; "
     "[ipmi]disable_boot_timeout unless set. Optional."},
    {"ipmi_terminal_port", false,
     "TCP port of the node's console; of [console]port_range unless set. Optional."},
    {0},
};

/* Nodes whose password was warned of. */
static Lock warned_lock = LOCK_INITIALIZER(IPMI_WARNED);
static GHashTable *warned GUARDED_BY(&warned_lock); /* uuids, owned */

static bool
is_first_warning(const char *uuid)
{
    lock_acquire(&warned_lock);
    if (warned == NULL)
        warned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    bool is_new =
        g_hash_table_size(warned) < WARNED_MAX && g_hash_table_add(warned, g_strdup(uuid));
    lock_release(&warned_lock);
    return is_new;
}

/* The BMC cut it when it was set, and ipmitool cuts it at use: so it works with Ironic. */
static void
cut_password(const Node *node, char *password)
{
    size_t length = password != NULL ? strlen(password) : 0;
    if (length <= IPMI_PASSWORD_MAX)
        return;
    secret_wipe(password + IPMI_PASSWORD_MAX, length - IPMI_PASSWORD_MAX);
    if (is_first_warning(node->uuid))
        log_warning("drivers.ipmi",
                    "node %s: driver_info ipmi_password is longer than the %d bytes that IPMI 2.0 "
                    "knows; only the first %d are used, so set it to these",
                    node->uuid, IPMI_PASSWORD_MAX, IPMI_PASSWORD_MAX);
}

static bool
read_credentials(const Node *node, IpmiNode *ipmi, GError **error)
{
    if (!driver_info_text(node, "ipmi_username", &ipmi->username, error) ||
        !driver_info_text(node, "ipmi_password", &ipmi->password, error))
        return false;
    if (ipmi->username != NULL && strlen(ipmi->username) > IPMI_USERNAME_MAX)
        return driver_info_invalid("ipmi_username",
                                   "at most 16 bytes long: IPMI knows no longer ones", error);
    cut_password(node, ipmi->password);
    ipmi->target.username = ipmi->username;
    ipmi->target.password = ipmi->password;
    return true;
}

static bool
read_privilege(const Node *node, IpmiNode *ipmi, GError **error)
{
    g_autofree char *text = NULL;
    if (!driver_info_text(node, "ipmi_priv_level", &text, error))
        return false;
    if (text == NULL || ipmi_privilege_from_name(text, &ipmi->target.privilege))
        return true;
    return driver_info_invalid("ipmi_priv_level", "ADMINISTRATOR, OPERATOR, USER or CALLBACK",
                               error);
}

static bool
read_kg(const Node *node, IpmiNode *ipmi, GError **error)
{
    const json_t *value = json_object_get(node->driver_info, "ipmi_hex_kg_key");
    if (value == NULL || json_is_null(value))
        return true;
    const char *digits = json_string_value(value);
    size_t length = digits != NULL ? strlen(digits) : 1;
    if (length % 2 != 0 || length > 2 * IPMI_KG_MAX)
        return driver_info_invalid("ipmi_hex_kg_key",
                                   "an even number of hexadecimal digits, at most 40", error);
    for (size_t i = 0; i < length; i++)
        if (!g_ascii_isxdigit(digits[i]))
            return driver_info_invalid("ipmi_hex_kg_key", "of hexadecimal digits alone", error);
    for (size_t i = 0; i < length / 2; i++)
        ipmi->target.kg[i] = (uint8_t)(g_ascii_xdigit_value(digits[2 * i]) << 4 |
                                       g_ascii_xdigit_value(digits[2 * i + 1]));
    ipmi->target.kg_size = length / 2;
    return true;
}

/* [ipmi]cipher_suite_versions with one usable item selects it; with both the client's own choice
 * stays. */
static int
configured_suite(void)
{
    const Config *config = config_current();
    bool with_3 = config_list_contains(config, OPT_IPMI_CIPHER_SUITE_VERSIONS, "3");
    bool with_17 = config_list_contains(config, OPT_IPMI_CIPHER_SUITE_VERSIONS, "17");
    if (with_3 == with_17)
        return -1;
    return with_3 ? 3 : 17;
}

static bool
read_suite(const Node *node, IpmiNode *ipmi, GError **error)
{
    const json_t *value = json_object_get(node->driver_info, "ipmi_cipher_suite");
    int64_t suite = configured_suite();
    if (value != NULL && !json_is_null(value) &&
        !json_integer_member(node->driver_info, "ipmi_cipher_suite", &suite))
        return driver_info_invalid("ipmi_cipher_suite", "a number, 17 or 3", error);
    ipmi->target.cipher_suite = (int)suite;
    if (suite == -1 || suite == 3 || suite == 17)
        return true;
    return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                      "driver_info ipmi_cipher_suite %lld is not supported; use 17 or 3",
                      (long long)suite);
}

static bool
check_version(const Node *node, GError **error)
{
    g_autofree char *version = NULL;
    if (!driver_info_text(node, "ipmi_protocol_version", &version, error))
        return false;
    if (version == NULL || strcmp(version, "2.0") == 0 || strcmp(version, "2") == 0)
        return true;
    if (strcmp(version, "1.5") == 0)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "driver_info ipmi_protocol_version 1.5 is not supported: it sends "
                          "everything unencrypted; use a BMC that speaks 2.0");
    return driver_info_invalid("ipmi_protocol_version", "2.0", error);
}

static bool
check_bridging(const Node *node, GError **error)
{
    g_autofree char *bridging = NULL;
    if (!driver_info_text(node, "ipmi_bridging", &bridging, error))
        return false;
    if (bridging == NULL || strcmp(bridging, "no") == 0)
        return true;
    if (strcmp(bridging, "single") == 0 || strcmp(bridging, "dual") == 0)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "driver_info ipmi_bridging '%s' is not supported: ipmi_address must be "
                          "that of the machine's own BMC",
                          bridging);
    return driver_info_invalid("ipmi_bridging", "no", error);
}

static void
read_flags(const Node *node, IpmiNode *ipmi)
{
    const json_t *timeout = json_object_get(node->driver_info, "ipmi_disable_boot_timeout");
    ipmi->force_boot_device =
        json_is_truthy(json_object_get(node->driver_info, "ipmi_force_boot_device"));
    ipmi->disable_boot_timeout =
        timeout != NULL && !json_is_null(timeout)
            ? json_is_truthy(timeout)
            : config_boolean(config_current(), OPT_IPMI_DISABLE_BOOT_TIMEOUT);
}

/* Ironic compares these texts with ipmitool's output, which for a completion code is its words. */
static IpmiCodeSet
codes_of_operators_texts(void)
{
    IpmiCodeSet codes = {0};
    const char *const *texts =
        config_list(config_current(), OPT_IPMI_ADDITIONAL_RETRYABLE_IPMI_ERRORS);
    for (; *texts != NULL; texts++)
        (void)ipmi_code_set_add_words(&codes, *texts);
    return codes;
}

bool
ipmi_node_is_passing(uint8_t completion_code)
{
    IpmiCodeSet codes = codes_of_operators_texts();
    return ipmi_code_set_has(&codes, completion_code);
}

static bool
read_all(const Node *node, IpmiNode *ipmi, GError **error)
{
    uint16_t terminal_port = 0;
    ipmi->address = g_strdup(json_string_member(node->driver_info, "ipmi_address"));
    if (ipmi->address == NULL || *ipmi->address == '\0')
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "driver_info has no ipmi_address, the address of the BMC; set it with: "
                          "steel node set %s --driver-info ipmi_address=<address>",
                          node->name != NULL ? node->name : node->uuid);
    ipmi->target.address = ipmi->address;
    ipmi->target.passing = codes_of_operators_texts();
    ipmi->target.min_command_interval_ms =
        (unsigned)config_integer(config_current(), OPT_IPMI_MIN_COMMAND_INTERVAL) * 1000;
    read_flags(node, ipmi);
    return driver_info_port(node, "ipmi_port", &ipmi->target.port, error) &&
           driver_info_port(node, "ipmi_terminal_port", &terminal_port, error) &&
           check_version(node, error) && check_bridging(node, error) &&
           read_credentials(node, ipmi, error) && read_privilege(node, ipmi, error) &&
           read_kg(node, ipmi, error) && read_suite(node, ipmi, error);
}

bool
ipmi_node_read(const Node *node, IpmiNode *out, GError **error)
{
    IpmiNode ipmi = {.target = IPMI_TARGET_INIT};
    if (!read_all(node, &ipmi, error)) {
        ipmi_node_clear(&ipmi);
        return false;
    }
    *out = ipmi;
    secret_wipe(ipmi.target.kg, sizeof ipmi.target.kg);
    return true;
}

void
ipmi_node_clear(IpmiNode *ipmi)
{
    g_free(ipmi->address);
    g_free(ipmi->username);
    secret_free(ipmi->password);
    secret_wipe(ipmi, sizeof *ipmi);
}

bool
ipmi_node_validate(Task *task, GError **error)
{
    g_auto(IpmiNode) ipmi = {0};
    return ipmi_node_read(task->node, &ipmi, error);
}

char *
ipmi_node_vendor(const IpmiResponse *response, GError **error)
{
    IpmiDeviceId id;
    if (response->completion_code != IPMI_CC_OK) {
        steel_fail(error, STEEL_ERROR_BMC_REFUSED, "the BMC refused to name itself: %s (%02xh)",
                   ipmi_completion_text(response->completion_code), response->completion_code);
        return NULL;
    }
    if (response->size == 0) {
        steel_fail(error, STEEL_ERROR_BMC_PROTOCOL, "the BMC does not name itself");
        return NULL;
    }
    if (!ipmi_parse_device_id(response, &id, error)) {
        g_prefix_error(error, "reading the BMC's identity: ");
        return NULL;
    }
    const char *name = ipmi_manufacturer_name(id.manufacturer);
    return name != NULL ? g_ascii_strdown(name, -1) : NULL;
}

/* What ipmitool prints for every failed login. */
static const char login_words[] = "Error: Unable to establish IPMI v2 / RMCP+ session";

/* True if the operator lists this error as retryable, in our words or in ipmitool's. */
static bool
matches_operators_texts(const GError *error)
{
    bool no_login = steel_error_is(error, STEEL_ERROR_BMC_AUTH) ||
                    steel_error_is(error, STEEL_ERROR_UNSUPPORTED);
    const char *const *texts =
        config_list(config_current(), OPT_IPMI_ADDITIONAL_RETRYABLE_IPMI_ERRORS);
    for (; *texts != NULL; texts++)
        if (**texts != '\0' && (strstr(error->message, *texts) != NULL ||
                                (no_login && strstr(login_words, *texts) != NULL)))
            return true;
    return false;
}

static bool
is_worth_repeating(const GError *error, bool repeatable)
{
    if (steel_error_is(error, STEEL_ERROR_BMC_BUSY))
        return true;
    return repeatable && (steel_error_retryable(error) || matches_operators_texts(error));
}

static bool
all_repeatable(const IpmiRequest *requests, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!requests[i].repeatable)
            return false;
    return true;
}

int64_t
ipmi_node_patience_ms(const Task *task)
{
    int64_t patience_ms =
        config_integer(config_current(), OPT_IPMI_COMMAND_RETRY_TIMEOUT) * INT64_C(1000);
    return time_monotonic_ms() + task_time_left_ms(task, (unsigned)MIN(patience_ms, INT_MAX));
}

/* The client asks this while the task waits for it: a slow BMC may take longer than a lease, which
 * is renewed meanwhile. */
static bool
may_send(void *task)
{
    return task_may_act(task, NULL);
}

bool
ipmi_node_call(Task *task, const IpmiRequest *requests, size_t count, IpmiResponse *responses,
               GError **error)
{
    g_auto(IpmiNode) ipmi = {0};
    if (!ipmi_node_read(task->node, &ipmi, error))
        return false;
    int64_t give_up_ms = ipmi_node_patience_ms(task);
    bool repeatable = all_repeatable(requests, count);
    ipmi.target.may_send = may_send;
    ipmi.target.may_send_user = task;
    Backoff backoff = {FIRST_PAUSE_MS, LONGEST_PAUSE_MS, give_up_ms - SHORTEST_TRY_MS, NULL};
    for (unsigned tries = 1;; tries++) {
        g_autoptr(GError) cause = NULL;
        int64_t left_ms = give_up_ms - time_monotonic_ms();
        if (!task_may_act(task, error))
            return false;
        ipmi.target.deadline_ms = (unsigned)CLAMP(left_ms, 1, ONE_TRY_MS);
        if (ipmi_client_call(task->services->bmc.ipmi, &ipmi.target, requests, count, responses,
                             &cause))
            return true;
        log_debug("drivers.ipmi", "try %u: %s", tries, cause->message);
        if (is_worth_repeating(cause, repeatable) && backoff_pause(&backoff))
            continue;
        if (tries > 1)
            g_prefix_error(&cause, "after %u tries: ", tries);
        /* Ironic's words for its exception IPMIFailure */
        g_propagate_prefixed_error(error, g_steal_pointer(&cause), "IPMI call failed: ");
        return false;
    }
}
