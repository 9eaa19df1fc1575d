/* The command line of steel-lab; the contract is in options.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/options.h"

#include "common/error.h"
#include "lab/quirks.h"
#include "lab/redfish/bmc.h"
#include "lab/redfish/certificate.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>

/* OPTION_DECIMAL: a decimal number with at most one digit after the point, kept times ten. */
typedef enum OptionKind { OPTION_FLAG, OPTION_NUMBER, OPTION_DECIMAL, OPTION_TEXT } OptionKind;

typedef struct CommandRow {
    const char *name;
    const char *arguments;
    const char *help;
} CommandRow;

typedef struct OptionRow {
    unsigned commands; /* bit per LabCommand */
    const char *name;
    const char *value; /* for the help; NULL for flags */
    OptionKind kind;
    size_t offset;
    int minimum, maximum;
    const char *help;
} OptionRow;

static const CommandRow commands[LAB_COMMAND_COUNT] = {
#define COMMAND_ROW(command, name, arguments, help)                                                \
    [LAB_COMMAND_##command] = {name, arguments, help},
#define OPTION_ROW(commands, name, value, kind, member, minimum, maximum, help)
#include "lab/options.def"
#undef COMMAND_ROW
#undef OPTION_ROW
};

#define UP (1U << LAB_COMMAND_UP)
#define STATUS (1U << LAB_COMMAND_STATUS)
#define CONSOLE (1U << LAB_COMMAND_CONSOLE)
#define DOWN (1U << LAB_COMMAND_DOWN)
#define FLEET (1U << LAB_COMMAND_FLEET)
#define FLEET_SET (1U << LAB_COMMAND_FLEET_SET)
#define BMC (1U << LAB_COMMAND_BMC)
#define BMC_SET (1U << LAB_COMMAND_BMC_SET)
#define GUEST (1U << LAB_COMMAND_GUEST)
#define WITH_FOLDER (UP | STATUS | CONSOLE | DOWN | FLEET | FLEET_SET | BMC | BMC_SET)
#define PORT_MAX 65535

static const OptionRow option_rows[] = {
#define COMMAND_ROW(command, name, arguments, help)
#define OPTION_ROW(commands, name, value, kind, member, minimum, maximum, help)                    \
    {commands, name, value, OPTION_##kind, offsetof(LabOptions, member), minimum, maximum, help},
#include "lab/options.def"
#undef COMMAND_ROW
#undef OPTION_ROW
};

static const OptionRow *
find_option(LabCommand command, const char *name, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(option_rows); i++) {
        const OptionRow *row = &option_rows[i];
        if ((row->commands & (1U << command)) != 0 && strlen(row->name) == length &&
            strncmp(row->name, name, length) == 0)
            return row;
    }
    return NULL;
}

static bool
take_value(const OptionRow *row, const char *value, LabOptions *options, GError **error)
{
    char *field = (char *)options + row->offset;
    if (value == NULL || value[0] == '\0')
        return steel_fail(error, STEEL_ERROR_INVALID, "--%s needs a value: %s", row->name,
                          row->value);
    if (row->kind == OPTION_TEXT) {
        memcpy(field, &value, sizeof value);
        return true;
    }
    int scale = row->kind == OPTION_DECIMAL ? 10 : 1;
    char *end;
    gint64 number = g_ascii_strtoll(value, &end, 10);
    if (row->kind == OPTION_DECIMAL) {
        number = number * 10;
        if (end[0] == '.' && g_ascii_isdigit(end[1])) {
            number += end[1] - '0';
            end += 2;
        }
    }
    if (*end != '\0' || number < row->minimum || number > row->maximum)
        return steel_fail(error, STEEL_ERROR_INVALID, "--%s is a number from %d to %d, not %s",
                          row->name, row->minimum / scale, row->maximum / scale, value);
    int narrow = (int)number;
    memcpy(field, &narrow, sizeof narrow);
    return true;
}

/* One option with its value; moves *position to the last word it used. */
static bool
take_option(int argc, char *const *argv, int *position, LabOptions *options, GError **error)
{
    const char *name = argv[*position] + 2;
    const char *equals = strchr(name, '=');
    size_t length = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const OptionRow *row = find_option(options->command, name, length);
    if (row == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "%s has no option --%.*s; see steel-lab help",
                          commands[options->command].name, (int)length, name);
    if (row->kind == OPTION_FLAG) {
        if (equals != NULL)
            return steel_fail(error, STEEL_ERROR_INVALID, "--%s takes no value", row->name);
        bool yes = true;
        memcpy((char *)options + row->offset, &yes, sizeof yes);
        return true;
    }
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (value == NULL && *position + 1 < argc)
        value = argv[++*position];
    return take_value(row, value, options, error);
}

/* Names go into host names, IQNs and file names. */
static bool
is_name(const char *text)
{
    size_t length = strlen(text);
    return length >= 1 && length <= 20 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length && text[0] != '-';
}

/* A URL goes into QEMU's and dnsmasq's configuration: one word of printable ASCII. */
static bool
is_url(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (!g_ascii_isgraph(*c))
            return false;
    return strlen(text) <= 500 && strstr(text, "://") != NULL;
}

static bool
check_bmc(const LabOptions *options, GError **error)
{
    struct in_addr address;
    RedfishKind kind;
    RedfishCertificateFault fault;
    if (strcmp(options->bmc, "ipmi") != 0 && !redfish_kind_parse(options->bmc, &kind))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "--bmc is ipmi, redfish, ilo5, ilo4 or ilo4-gen8, not %s", options->bmc);
    if (!redfish_certificate_fault(options->certificate, &fault))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "--certificate is good, expired or other-name, not %s",
                          options->certificate);
    if (options->firmware_ca != NULL && strcmp(options->bmc, "ipmi") == 0)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "--firmware-ca needs --bmc redfish, ilo5 or ilo4: by IPMI no machine is "
                          "told a URL to boot");
    return inet_pton(AF_INET, options->redfish_address, &address) == 1 ||
           steel_fail(error, STEEL_ERROR_INVALID, "--redfish-address is an IPv4 address, not %s",
                      options->redfish_address);
}

static bool
check_fleet(const LabOptions *options, GError **error)
{
    const int counts[] = {options->agent_count, options->fleet_count, options->redfish_count};
    int count = 0, kinds = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(counts); i++) {
        count = MAX(count, counts[i]);
        kinds += counts[i] > 0;
    }
    if (kinds != 1)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "fleet needs one of --agents N, --ipmi N and --redfish N");
    if (options->deploy_url != NULL &&
        (options->agent_count == 0 || options->image == NULL || !is_url(options->deploy_url)))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "--deploy is the URL of an API, and needs --agents N and --image URL");
    if (options->deploy_url == NULL && (options->image != NULL || options->enrol != NULL))
        return steel_fail(error, STEEL_ERROR_INVALID, "--image and --enrol need --deploy URL");
    return options->port_base + count - 1 <= PORT_MAX ||
           steel_fail(error, STEEL_ERROR_INVALID, "there are no %d ports from %d on", count,
                      options->port_base);
}

static bool
check(const LabOptions *options, GError **error)
{
    if (!check_bmc(options, error))
        return false;
    if (!is_name(options->name_prefix))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "--name is 1 to 20 of a-z, 0-9 and '-', not %s", options->name_prefix);
    if (options->boot_url != NULL && !is_url(options->boot_url))
        return steel_fail(error, STEEL_ERROR_INVALID, "--boot-url is a URL, not %s",
                          options->boot_url);
    if (options->no_dhcp && !options->bridge)
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "--no-dhcp needs --bridge: QEMU's user networking has its own DHCP");
    if (options->ipmi_port + options->node_count - 1 > PORT_MAX)
        return steel_fail(error, STEEL_ERROR_INVALID, "there are no %d ports from %d on",
                          options->node_count, options->ipmi_port);
    if (options->command == LAB_COMMAND_CONSOLE && options->node == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "console needs the name of a server");
    if (options->command == LAB_COMMAND_FLEET && !check_fleet(options, error))
        return false;
    if (options->command == LAB_COMMAND_FLEET_SET && (options->index >= 0) == options->all)
        return steel_fail(error, STEEL_ERROR_INVALID, "fleet-set needs either --index I or --all");
    if (options->command == LAB_COMMAND_BMC_SET && options->set == NULL)
        return steel_fail(error, STEEL_ERROR_INVALID, "bmc-set needs --set NAME=NUMBER");
    if (options->dead && options->alive)
        return steel_fail(error, STEEL_ERROR_INVALID, "a BMC is dead or alive, not both");
    if (options->power != NULL && strcmp(options->power, "on") != 0 &&
        strcmp(options->power, "off") != 0)
        return steel_fail(error, STEEL_ERROR_INVALID, "--power is on or off, not %s",
                          options->power);
    return true;
}

static bool
find_command(const char *word, LabCommand *command)
{
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        word = "help";
    if (strcmp(word, "--version") == 0)
        word = "version";
    for (int i = 0; i < LAB_COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, word) == 0) {
            *command = (LabCommand)i;
            return true;
        }
    }
    return false;
}

bool
lab_options_parse(int argc, char *const *argv, LabOptions *options, GError **error)
{
    LabOptions parsed = {.node_count = 1,
                         .name_prefix = "lab",
                         .memory_mib = 256,
                         .disk_gib = 2,
                         .nfs_port = 12049,
                         .accelerator = "auto",
                         .address = "127.0.0.1",
                         .ipmi_port = 6230,
                         .bmc = "ipmi",
                         .redfish_address = "127.1.0.1",
                         .redfish_port = 443,
                         .target_port = 13260,
                         .timeout_s = 120,
                         .port_base = 20000,
                         .boot_tenths = 20,
                         .write_tenths = 50,
                         .clean_tenths = 10,
                         .late_tenths = 300,
                         .wave_size = 100,
                         .retries = 3,
                         .limit_s = 3600,
                         .latency_ms = -1,
                         .loss_per_mille = -1,
                         .username = "admin",
                         .password = "password",
                         .index = -1};
    if (argc < 2)
        return steel_fail(error, STEEL_ERROR_INVALID, "say what to do: steel-lab help lists it");
    if (!find_command(argv[1], &parsed.command))
        return steel_fail(error, STEEL_ERROR_INVALID, "there is no command %s; see steel-lab help",
                          argv[1]);
    for (int i = 2; i < argc; i++) {
        if (g_str_has_prefix(argv[i], "--") && argv[i][2] != '\0') {
            if (!take_option(argc, argv, &i, &parsed, error))
                return false;
        } else if (parsed.command == LAB_COMMAND_CONSOLE && parsed.node == NULL) {
            parsed.node = argv[i];
        } else {
            return steel_fail(error, STEEL_ERROR_INVALID, "%s does not take the word %s",
                              commands[parsed.command].name, argv[i]);
        }
    }
    if (!check(&parsed, error))
        return false;
    *options = parsed;
    return true;
}

void
lab_options_help(FILE *out)
{
    fprintf(out, "steel-lab: virtual bare metal: servers (QEMU) behind real BMCs (IPMI 2.0), iSCSI "
                 "volumes, network boot\n");
    for (int i = 0; i < LAB_COMMAND_COUNT; i++) {
        fprintf(out, "\nsteel-lab %s%s\n    %s\n", commands[i].name, commands[i].arguments,
                commands[i].help);
        for (size_t j = 0; j < G_N_ELEMENTS(option_rows); j++) {
            const OptionRow *row = &option_rows[j];
            if ((row->commands & (1U << i)) == 0)
                continue;
            g_autofree char *usage =
                g_strdup_printf("--%s%s%s", row->name, row->value != NULL ? " " : "",
                                row->value != NULL ? row->value : "");
            fprintf(out, "      %-22s %s\n", usage, row->help);
        }
        if (i == LAB_COMMAND_BMC_SET) {
            fprintf(out, "\n    words: what a BMC does, and the numbers they take\n");
            redfish_knobs_help(out);
        }
        if (i == LAB_COMMAND_FLEET) {
            fprintf(out, "\n    quirks: what a BMC does\n");
            quirks_help(out);
        }
    }
}
