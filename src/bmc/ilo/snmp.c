/* Drives by SNMP; the contract is in snmp.h. SPDX-License-Identifier: Apache-2.0 */
#include "bmc/ilo/snmp.h"

#include "common/process.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>

#define SETTINGS_FILE "snmp.conf"
#define TRIES "3"
#define TRY_SECONDS "3"

enum { LOGIN_MAX = 255, OPEN_FOLDERS = 8 };

/* Columns with the sizes of physical drives, in MiB. */
static const char *const columns[] = {
    ".1.3.6.1.4.1.232.3.2.5.1.1.45", /* cpqDaPhyDrvSize: array controllers */
    ".1.3.6.1.4.1.232.5.2.4.1.1.7",  /* cpqScsiPhyDrvSize */
    ".1.3.6.1.4.1.232.5.5.2.1.1.8",  /* cpqSasPhyDrvSize */
};

/* ---- the settings ---- */

static bool
is_login(const char *text)
{
    size_t length = text != NULL ? strlen(text) : 0;
    for (size_t i = 0; i < length; i++)
        if (g_ascii_iscntrl(text[i]))
            return false;
    return length > 0 && length <= LOGIN_MAX;
}

/* A line; the value in quotes. */
static void
add_setting(GString *text, const char *name, const char *value)
{
    g_string_append_printf(text, "%s \"", name);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            g_string_append_c(text, '\\');
        g_string_append_c(text, *value);
    }
    g_string_append(text, "\"\n");
}

static bool
write_settings(const IloSnmp *snmp, const char *folder, GError **error)
{
    g_autoptr(GError) cause = NULL;
    g_autofree char *path = g_build_filename(folder, SETTINGS_FILE, NULL);
    GString *text = g_string_new("defVersion 3\ndefSecurityLevel authPriv\n");
    g_string_append_printf(text, "defAuthType %s\ndefPrivType %s\n", snmp->auth_protocol,
                           snmp->priv_protocol);
    add_setting(text, "defSecurityName", snmp->user);
    add_setting(text, "defAuthPassphrase", snmp->auth_password);
    add_setting(text, "defPrivPassphrase", snmp->priv_password);
    bool good = g_file_set_contents_full(path, text->str, (gssize)text->len,
                                         G_FILE_SET_CONTENTS_CONSISTENT, 0600, &cause);
    explicit_bzero(text->str, text->len);
    g_string_free(text, TRUE);
    return good || steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
}

static int
ilo_snmp_remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    remove(path);
    return 0;
}

/* ---- the walk ---- */

static char *
peer_of(const IloSnmp *snmp)
{
    bool bare = strchr(snmp->address, ':') != NULL && snmp->address[0] != '[';
    const char *kind = bare || snmp->address[0] == '[' ? "udp6" : "udp";
    return g_strdup_printf(bare ? "%s:[%s]:%u" : "%s:%s:%u", kind, snmp->address,
                           (unsigned)snmp->port);
}

/* A table that is not there is told in words. */
static int64_t
largest_of(const char *output)
{
    int64_t largest = 0;
    g_auto(GStrv) lines = g_strsplit(output, "\n", 0);
    for (char **line = lines; *line != NULL; line++) {
        guint64 size = 0;
        if (g_ascii_string_to_unsigned(g_strstrip(*line), 10, 0, G_MAXINT32, &size, NULL))
            largest = MAX(largest, (int64_t)size);
    }
    return largest;
}

static bool
walk(const IloSnmp *snmp, const char *folder, const char *column, int timeout_ms, int64_t *mib,
     GError **error)
{
    g_auto(ProcessResult) result = {0};
    g_autofree char *peer = peer_of(snmp);
    g_autofree char *settings = g_strdup_printf("SNMPCONFPATH=%s", folder);
    g_autofree char *state = g_strdup_printf("SNMP_PERSISTENT_DIR=%s", folder);
    const char *const environment[] = {settings, state, "MIBS=", NULL};
    const char *const argv[] = {"snmpbulkwalk", "-Oqv", "-t", TRY_SECONDS, "-r",
                                TRIES,          "--",   peer, column,      NULL};
    const ProcessSpec spec = {.argv = argv, .environment = environment, .timeout_ms = timeout_ms};
    if (!process_run(&spec, &result, error))
        return false;
    *mib = MAX(*mib, largest_of(result.output));
    return true;
}

bool
ilo_snmp_largest_drive(const IloSnmp *snmp, int timeout_ms, int64_t *mib, GError **error)
{
    g_autoptr(GError) cause = NULL;
    *mib = 0;
    if (!is_login(snmp->user) || !is_login(snmp->auth_password) || !is_login(snmp->priv_password))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "an SNMP login has 1 to %d characters and no control characters",
                          LOGIN_MAX);
    g_autofree char *folder = g_dir_make_tmp("steel-snmp-XXXXXX", &cause);
    if (folder == NULL)
        return steel_fail(error, STEEL_ERROR_IO, "%s", cause->message);
    bool good = write_settings(snmp, folder, error);
    for (size_t i = 0; good && i < G_N_ELEMENTS(columns); i++)
        good = walk(snmp, folder, columns[i], timeout_ms, mib, error);
    nftw(folder, ilo_snmp_remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS);
    return good;
}
