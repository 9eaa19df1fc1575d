/* Which engine a URL names; the contracts are in db.h and internal.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "db/internal.h"

#include <string.h>

const DbEngine *
db_engine_of(const char *url)
{
    static const DbEngine *const engines[] = {&db_engine_sqlite, &db_engine_postgres};
    const char *separator = strstr(url, "://");
    size_t length = strcspn(url, "+:"); /* a driver of SQLAlchemy's may follow: scheme+driver:// */
    for (size_t i = 0; separator != NULL && i < G_N_ELEMENTS(engines); i++)
        if (strlen(engines[i]->scheme) == length && strncmp(url, engines[i]->scheme, length) == 0 &&
            separator[3] != '\0')
            return engines[i];
    return NULL;
}

bool
db_check_url(const char *url, GError **error)
{
    /* the rest of the URL may hold a password */
    const char *separator = strstr(url, "://");
    int length = separator != NULL ? (int)MIN(separator - url, 20) : 0;
    const DbEngine *engine = db_engine_of(url);
    if (engine != NULL)
        return engine->check_address == NULL || engine->check_address(separator + 3, error);
    return steel_fail(error, STEEL_ERROR_CONFIG,
                      "[database]connection: Steel has no engine for '%.*s://'; it keeps a "
                      "database of its own: sqlite:////PATH or "
                      "postgresql://USER:PASSWORD@HOST/NAME, here, as --set "
                      "database.connection=... or as OS_DATABASE__CONNECTION",
                      length, url);
}
