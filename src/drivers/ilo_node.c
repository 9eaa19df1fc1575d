/* Reads the keys of driver_info that describe an iLO; the contract is in ilo_node.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/ilo_node.h"

#include "common/config.h"
#include "common/json_text.h"
#include "common/secret.h"

#include <string.h>

#define ILO_PROPERTIES                                                                             \
    {"ilo_address", true, "IP address or hostname of the iLO. Required."},                         \
        {"ilo_username", true,                                                                     \
         "User name of an account of the iLO with administrator privileges. Required."},           \
        {"ilo_password", true, "Password of ilo_username. Required."},                             \
        {"client_port", false, "Port of the iLO; [ilo]client_port unless set. Optional."},         \
        {"client_timeout", false,                                                                  \
         "Seconds to wait for an answer of the iLO; [ilo]client_timeout unless set. Optional."},   \
        {"ca_file", false,                                                                         \
         "File of authorities that the iLO's certificate is checked with. Deprecated: use "        \
         "ilo_verify_ca. Optional."},                                                              \
    {                                                                                              \
        "ilo_verify_ca", false,                                                                    \
            "Whether the iLO's certificate is checked: true, false, or the path of a file or "     \
            "folder of authorities. [ilo]verify_ca unless set, which is true. Optional."           \
    }

const PropertyDef ilo_node_properties[] = {ILO_PROPERTIES, {0}};

const PropertyDef ilo_management_properties[] = {
    ILO_PROPERTIES,
    {"ilo_change_password", false,
     "The password that step reset_ilo_credential gives ilo_username. Optional."},
    {0},
};

const PropertyDef ilo_console_properties[] = {
    ILO_PROPERTIES,
    {"console_port", false,
     "TCP port of the node's console; of [console]port_range unless set. Optional."},
    {0},
};

static const char *const required[] = {"ilo_address", "ilo_username", "ilo_password"};

/* Clients turn a password of digits into a JSON number. NULL: absent. The caller frees. */
static char *
text_of(const Node *node, const char *key)
{
    const json_t *value = json_object_get(node->driver_info, key);
    if (json_is_string(value))
        return g_strdup(json_string_value(value));
    return json_is_number(value) ? json_text_dump(value) : NULL;
}

static bool
check_required(const Node *node, GError **error)
{
    g_autoptr(GString) missing = g_string_new(NULL), wrong = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(required); i++) {
        const json_t *value = json_object_get(node->driver_info, required[i]);
        bool is_text = json_is_number(value) || *(json_string_value(value) ?: "") != '\0';
        GString *list = json_is_nothing(value) ? missing : wrong;
        if (!is_text)
            g_string_append_printf(list, "%s'%s'", list->len > 0 ? ", " : "", required[i]);
    }
    if (missing->len > 0)
        return steel_fail(error, STEEL_ERROR_MISSING,
                          "The following required iLO parameters are missing from the node's "
                          "driver_info: [%s]; set them with: steel node set %s --driver-info "
                          "<name>=<value>",
                          missing->str, node->uuid);
    return wrong->len == 0 ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "The following iLO parameters from the node's driver_info should be strings: "
                      "[%s]",
                      wrong->str);
}

/* A number of driver_info, or that of the configuration. */
static bool
read_number(const Node *node, const char *key, ConfigOption option, int64_t *number)
{
    const json_t *value = json_object_get(node->driver_info, key);
    if (value != NULL && !json_is_null(value))
        return json_integer_member(node->driver_info, key, number);
    *number = config_integer(config_current(), option);
    return true;
}

static bool
read_port(const Node *node, IloTarget *target, GError **error)
{
    int64_t port = 0;
    if (!read_number(node, "client_port", OPT_ILO_CLIENT_PORT, &port) || port < 1 ||
        port > UINT16_MAX)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "driver_info client_port is not a valid port: it must be a number from 1 "
                          "to 65535");
    target->port = (uint16_t)port;
    return true;
}

static bool
read_timeout(const Node *node, IloTarget *target, GError **error)
{
    int64_t seconds = 0;
    if (!read_number(node, "client_timeout", OPT_ILO_CLIENT_TIMEOUT, &seconds))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "The following iLO parameters from the node's driver_info should be "
                          "integers: ['client_timeout']");
    if (seconds < 1 || seconds > 3600)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "driver_info client_timeout must be from 1 to 3600 seconds");
    target->timeout_ms = (int)seconds * 1000;
    return true;
}

/* The older key wins, as in Ironic. */
static bool
read_ca_file(const Node *node, char **ca_file, GError **error)
{
    const char *file = json_string_member(node->driver_info, "ca_file");
    if (file == NULL)
        file = config_string(config_current(), OPT_ILO_CA_FILE);
    if (file == NULL || *file == '\0')
        return true;
    if (!g_file_test(file, G_FILE_TEST_IS_REGULAR))
        return steel_fail(error, STEEL_ERROR_INVALID, "ca_file \"%s\" is not found.", file);
    *ca_file = g_strdup(file);
    return true;
}

static bool
not_a_choice(const Node *node, GError **error)
{
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "Invalid value type set in driver_info/ilo_verify_ca on node %s. The value "
                      "should be a Boolean or the path to a file/directory",
                      node->uuid);
}

/* true, false, or a path. */
static bool
read_verify_ca(const Node *node, IloNode *ilo, GError **error)
{
    const json_t *value = json_object_get(node->driver_info, "ilo_verify_ca");
    const char *word = value == NULL || json_is_null(value)
                           ? config_string(config_current(), OPT_ILO_VERIFY_CA)
                           : json_string_value(value);
    bool checks = true;
    if (word != NULL && g_file_test(word, G_FILE_TEST_EXISTS)) {
        ilo->ca_file = g_strdup(word);
        return true;
    }
    if (word != NULL ? !json_boolean_word(word, &checks) : !json_is_boolean(value))
        return not_a_choice(node, error);
    ilo->target.insecure = word != NULL ? !checks : json_is_false(value);
    return true;
}

static bool
read_trust(const Node *node, IloNode *ilo, GError **error)
{
    if (!read_ca_file(node, &ilo->ca_file, error))
        return false;
    return ilo->ca_file != NULL || read_verify_ca(node, ilo, error);
}

bool
ilo_node_read(const Node *node, IloNode *out, GError **error)
{
    g_auto(IloNode) ilo = {0};
    if (!check_required(node, error) || !read_port(node, &ilo.target, error) ||
        !read_timeout(node, &ilo.target, error) || !read_trust(node, &ilo, error))
        return false;
    ilo.address = text_of(node, "ilo_address");
    ilo.username = text_of(node, "ilo_username");
    ilo.password = text_of(node, "ilo_password");
    ilo.target.address = ilo.address;
    ilo.target.username = ilo.username;
    ilo.target.password = ilo.password;
    ilo.target.ca_file = ilo.ca_file;
    *out = ilo;
    ilo = (IloNode){0};
    return true;
}

void
ilo_node_clear(IloNode *ilo)
{
    if (ilo == NULL)
        return;
    g_free(ilo->address);
    g_free(ilo->username);
    secret_free(ilo->password);
    g_free(ilo->ca_file);
    *ilo = (IloNode){0};
}

/* ---- SNMP ---- */

void
ilo_node_snmp_clear(IloNodeSnmp *snmp)
{
    g_free(snmp->address);
    g_free(snmp->user);
    secret_free(snmp->auth_password);
    secret_free(snmp->priv_password);
    *snmp = (IloNodeSnmp){0};
}

/* One of two words, in any case; the first one unless given. */
static bool
read_protocol(const Node *node, const char *key, const char *const words[2], const char **protocol,
              GError **error)
{
    const json_t *value = json_object_get(node->driver_info, key);
    const char *word = json_string_value(value);
    *protocol = words[0];
    if (json_is_nothing(value) || (word != NULL && *word == '\0'))
        return true;
    for (size_t i = 0; word != NULL && i < 2; i++)
        if (g_ascii_strcasecmp(word, words[i]) == 0) {
            *protocol = words[i];
            return true;
        }
    return steel_fail(error, STEEL_ERROR_INVALID,
                      "Invalid value %.60s given for driver_info parameter %s: it must be %s or %s",
                      word != NULL ? word : "of another type", key, words[0], words[1]);
}

static bool
check_snmp(const IloNodeSnmp *snmp, GError **error)
{
    const char *missing = snmp->auth_password == NULL   ? "snmp_auth_prot_password"
                          : snmp->priv_password == NULL ? "snmp_auth_priv_password"
                                                        : NULL;
    return missing == NULL ||
           steel_fail(error, STEEL_ERROR_MISSING,
                      "The following required SNMP parameters are missing from the node's "
                      "driver_info: ['%s']",
                      missing);
}

static bool
read_snmp_port(const Node *node, IloSnmp *target, GError **error)
{
    const json_t *value = json_object_get(node->driver_info, "snmp_port");
    int64_t port = ILO_SNMP_PORT;
    if ((!json_is_nothing(value) && !json_integer_member(node->driver_info, "snmp_port", &port)) ||
        port < 1 || port > UINT16_MAX)
        return steel_fail(
            error, STEEL_ERROR_INVALID,
            "driver_info snmp_port is not a valid port: it must be a number from 1 to "
            "65535");
    target->port = (uint16_t)port;
    return true;
}

bool
ilo_node_read_snmp(const Node *node, IloNodeSnmp *out, GError **error)
{
    static const char *const auths[] = {"MD5", "SHA"}, *const privs[] = {"DES", "AES"};
    g_auto(IloNodeSnmp) snmp = {.user = text_of(node, "snmp_auth_user"),
                                .auth_password = text_of(node, "snmp_auth_prot_password"),
                                .priv_password = text_of(node, "snmp_auth_priv_password")};
    IloSnmp *target = &snmp.target;
    *out = (IloNodeSnmp){0};
    if (snmp.user == NULL || *snmp.user == '\0')
        return true;
    if (!check_snmp(&snmp, error) || !read_snmp_port(node, target, error) ||
        !read_protocol(node, "snmp_auth_protocol", auths, &target->auth_protocol, error) ||
        !read_protocol(node, "snmp_auth_priv_protocol", privs, &target->priv_protocol, error))
        return false;
    snmp.address = text_of(node, "ilo_address");
    target->address = snmp.address;
    target->user = snmp.user;
    target->auth_password = snmp.auth_password;
    target->priv_password = snmp.priv_password;
    *out = snmp;
    snmp = (IloNodeSnmp){0};
    return true;
}

bool
ilo_node_validate(Task *task, GError **error)
{
    g_auto(IloNode) ilo = {0};
    g_auto(IloNodeSnmp) snmp = {0};
    return ilo_node_read(task->node, &ilo, error) && ilo_node_read_snmp(task->node, &snmp, error);
}

/* While the task waits for the iLO, its lease is renewed, or runs out. */
static bool
may_send(void *task)
{
    return task_may_act(task, NULL);
}

bool
ilo_node_open(Task *task, IloNode *node, Ilo *ilo, GError **error)
{
    g_auto(IloNode) own = {0};
    if (!task_may_act(task, error) || !ilo_node_read(task->node, &own, error))
        return false;
    own.target.deadline_ms = task->deadline_ms;
    own.target.may_send = may_send;
    own.target.may_send_user = task;
    *node = own;
    own = (IloNode){0};
    if (ilo_open(task->services->bmc.ilo, &node->target, ilo, error))
        return true;
    ilo_node_clear(node);
    return false;
}
