/* The login at image servers; the contract is in image_login.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/image_login.h"

#include "common/http_client.h"
#include "common/log.h"

#include <string.h>

static bool
logs_in(const Config *config)
{
    const char *strategy = config_string(config, OPT_DEPLOY_IMAGE_SERVER_AUTH_STRATEGY);
    return strcmp(strategy, "http_basic") == 0;
}

/* entry: a host, or ".example.org" for all hosts below it. Upper and lower case are the same. */
static bool
fits(const char *entry, const char *host)
{
    size_t length = strlen(host), tail = strlen(entry);
    if (*entry != '.')
        return g_ascii_strcasecmp(entry, host) == 0;
    return tail > 1 && length > tail && g_ascii_strcasecmp(entry, host + length - tail) == 0;
}

static bool
is_permitted(const Config *config, const char *url)
{
    const char *const *hosts = config_list(config, OPT_DEPLOY_IMAGE_SERVER_AUTH_HOSTS);
    g_autofree char *host = http_url_host(url);
    if (host == NULL)
        return false;
    if (hosts == NULL || *hosts == NULL)
        return config_boolean(config, OPT_DEPLOY_IMAGE_SERVER_AUTH_PERMIT_UNKNOWN_HOSTS);
    for (; *hosts != NULL; hosts++)
        if (fits(*hosts, host))
            return true;
    return false;
}

bool
image_login_for(const Config *config, const char *url, ImageLogin *login)
{
    *login = (ImageLogin){0};
    if (!logs_in(config) || !is_permitted(config, url))
        return false;
    *login = (ImageLogin){config_string(config, OPT_DEPLOY_IMAGE_SERVER_USER),
                          config_string(config, OPT_DEPLOY_IMAGE_SERVER_PASSWORD)};
    return true;
}

static bool
is_empty(const char *text)
{
    return text == NULL || *text == '\0';
}

bool
image_login_check(const Config *config, GError **error)
{
    const char *user = config_string(config, OPT_DEPLOY_IMAGE_SERVER_USER);
    const char *const *hosts = config_list(config, OPT_DEPLOY_IMAGE_SERVER_AUTH_HOSTS);
    bool everybody = config_boolean(config, OPT_DEPLOY_IMAGE_SERVER_AUTH_PERMIT_UNKNOWN_HOSTS);
    if (!logs_in(config))
        return true;
    if (is_empty(user) || is_empty(config_string(config, OPT_DEPLOY_IMAGE_SERVER_PASSWORD)))
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "%s: http_basic needs image_server_user and image_server_password",
                          config_origin(config, OPT_DEPLOY_IMAGE_SERVER_AUTH_STRATEGY));
    if (strchr(user, ':') != NULL)
        return steel_fail(error, STEEL_ERROR_CONFIG,
                          "%s: a user of http_basic has no colon in its name",
                          config_origin(config, OPT_DEPLOY_IMAGE_SERVER_USER));
    if ((hosts == NULL || *hosts == NULL) && !everybody)
        log_warning("drivers.images",
                    "[deploy]image_server_user is sent to no server: name the servers that may "
                    "have it in [deploy]image_server_auth_hosts");
    return true;
}
