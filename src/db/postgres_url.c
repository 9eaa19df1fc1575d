/* Addresses of PostgreSQL, as oslo.db writes them; the contract is in postgres.h.
 *
 * Source: PostgreSQL 15, "Connection URIs".
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/postgres.h"

#include <string.h>

static void
host_clear(void *data)
{
    PostgresHost *host = data;
    g_free(host->host);
    g_free(host->port);
}

void
postgres_address_clear(PostgresAddress *address)
{
    g_free(address->url);
    g_free(address->user);
    g_free(address->name);
    if (address->hosts != NULL)
        g_array_unref(address->hosts);
    *address = (PostgresAddress){0};
}

static const char *
value_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val != NULL && *options->val != '\0' ? options->val : NULL;
    return NULL;
}

/* Several hosts have as many ports, or share one. */
static void
add_hosts(GArray *hosts, const char *names, const char *ports)
{
    g_auto(GStrv) name = g_strsplit(names != NULL ? names : "", ",", -1);
    g_auto(GStrv) port = g_strsplit(ports != NULL ? ports : "", ",", -1);
    guint port_count = g_strv_length(port);
    for (guint i = 0; i == 0 || (name[0] != NULL && name[i] != NULL); i++) {
        const char *its_name = name[0] != NULL ? name[i] : NULL;
        const char *its_port =
            port_count == 0 ? NULL : port[port_count > 1 ? MIN(i, port_count - 1) : 0];
        const PostgresHost host = {
            its_name != NULL && *its_name != '\0' ? g_strdup(its_name) : NULL,
            its_port != NULL && *its_port != '\0' ? g_strdup(its_port) : NULL};
        g_array_append_val(hosts, host);
    }
}

/* The library's words may repeat parts of the password, but not when they name a parameter. */
static bool
refuse(const char *message, GError **error)
{
    bool harmless = message != NULL && strstr(message, "query parameter: \"") != NULL;
    g_autofree char *why = harmless ? g_strdelimit(g_strdup(message), "\n", '\0') : NULL;
    return steel_fail(
        error, STEEL_ERROR_CONFIG,
        "[database]connection is no URL of PostgreSQL%s%s: write "
        "postgresql://USER:PASSWORD@HOST:PORT/NAME?sslmode=verify-full, with %%XX for "
        "special characters of a password; several hosts stand as HOST:PORT,HOST:PORT",
        harmless ? ", " : "", harmless ? why : "");
}

bool
postgres_address_parse(const char *address, PostgresAddress *out, GError **error)
{
    char *message = NULL;
    g_autofree char *url = g_strconcat("postgresql://", address, NULL);
    PQconninfoOption *options = PQconninfoParse(url, &message);
    if (options == NULL) {
        refuse(message, error);
        PQfreemem(message);
        return false;
    }
    const char *user = value_of(options, "user"), *name = value_of(options, "dbname");
    out->url = g_steal_pointer(&url);
    out->user = g_strdup(user);
    out->name = g_strdup(name != NULL ? name : user);
    out->hosts = g_array_new(false, false, sizeof(PostgresHost));
    g_array_set_clear_func(out->hosts, host_clear);
    add_hosts(out->hosts, value_of(options, "host"), value_of(options, "port"));
    PQconninfoFree(options);
    return true;
}
