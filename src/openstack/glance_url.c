/* Temporary URLs of images, and those that are given again; the contract is in glance.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/lock.h"
#include "common/secret.h"
#include "common/time_text.h"
#include "openstack/glance.h"
#include "openstack/swift.h"
#include "openstack/swift_url.h"

#include <string.h>

/* Above it the URLs that were given are forgotten. */
#define CACHE_LIMIT 1000

typedef struct Given {
    char *url; /* a secret */
    int64_t until_s;
} Given;

static Lock lock = LOCK_INITIALIZER(IMAGE_URLS);
static GHashTable *given GUARDED_BY(lock); /* owned id: owned Given */

static void
given_free(void *data)
{
    Given *item = data;
    secret_free(item->url);
    g_free(item);
}

/* One that holds until then at least; the caller frees. NULL: none. */
static char *
given_before(const char *id, int64_t until_s)
{
    lock_acquire(&lock);
    const Given *item = given != NULL ? g_hash_table_lookup(given, id) : NULL;
    char *url = item != NULL && item->until_s >= until_s ? g_strdup(item->url) : NULL;
    lock_release(&lock);
    return url;
}

static void
remember(const char *id, const char *url, int64_t until_s)
{
    Given *item = g_new(Given, 1);
    *item = (Given){g_strdup(url), until_s};
    lock_acquire(&lock);
    if (given == NULL)
        given = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, given_free);
    if (g_hash_table_size(given) >= CACHE_LIMIT)
        g_hash_table_remove_all(given);
    g_hash_table_insert(given, g_strdup(id), item);
    lock_release(&lock);
}

/* ---- where the object is ---- */

static const char *
text(const Config *config, ConfigOption option)
{
    const char *value = config_string(config, option);
    return value != NULL && *value != '\0' ? value : NULL;
}

/* Glance spreads images over containers by the beginning of their IDs: so many characters, not
 * counting dashes. */
static char *
container_of(const Config *config, const char *id)
{
    const char *first = config_string(config, OPT_GLANCE_SWIFT_CONTAINER);
    int64_t seed = config_integer(config, OPT_GLANCE_SWIFT_STORE_MULTIPLE_CONTAINERS_SEED);
    if (seed <= 0)
        return g_strdup(first);
    size_t length = (size_t)MIN(seed, (int64_t)strlen(id)), dashes = 0;
    for (size_t i = 0; i < length; i++)
        dashes += id[i] == '-';
    return g_strdup_printf("%s_%.*s", first, (int)MIN(length + dashes, strlen(id)), id);
}

static char *
missing(const char *option, const GError *cause, GError **error)
{
    steel_fail(
        error, STEEL_ERROR_MISSING,
        "images of Glance cannot be lent by temporary URLs of Swift: [glance]%s is not set%s%s",
        option, cause != NULL ? ", and Swift does not tell: " : "",
        cause != NULL ? cause->message : "");
    return NULL;
}

/* "https://swift.example.org": an endpoint without its path. */
static char *
host_of(const char *endpoint)
{
    const char *authority = strstr(endpoint, "://");
    size_t length = authority != NULL ? (size_t)(authority - endpoint) + 3 : 0;
    return g_strndup(endpoint, length + strcspn(endpoint + length, "/"));
}

static char *
address_of(const Config *config, OpenstackSession *swift, GError **error)
{
    const char *said = text(config, OPT_GLANCE_SWIFT_ENDPOINT_URL);
    g_autoptr(GError) cause = NULL;
    if (said != NULL)
        return g_strndup(said, strlen(said) - (g_str_has_suffix(said, "/") ? 1 : 0));
    g_autofree char *endpoint = swift != NULL ? openstack_endpoint(swift, &cause) : NULL;
    return endpoint != NULL ? host_of(endpoint) : missing("swift_endpoint_url", cause, error);
}

static char *
account_of(const Config *config, OpenstackSession *swift, GError **error)
{
    const char *said = text(config, OPT_GLANCE_SWIFT_ACCOUNT),
               *prefix = config_string(config, OPT_GLANCE_SWIFT_ACCOUNT_PREFIX);
    g_autoptr(GError) cause = NULL;
    if (said != NULL)
        return g_strdup(said);
    g_autofree char *project = swift != NULL ? openstack_project(swift, &cause) : NULL;
    return project != NULL ? g_strdup_printf("%s_%s", prefix, project)
                           : missing("swift_account", cause, error);
}

static char *
key_of(const Config *config, OpenstackSession *swift, const char *container, GError **error)
{
    const char *said = text(config, OPT_GLANCE_SWIFT_TEMP_URL_KEY);
    g_autoptr(GError) cause = NULL;
    if (said != NULL)
        return g_strdup(said);
    char *key = swift != NULL ? swift_key(swift, container, &cause) : NULL;
    return key != NULL ? key : missing("swift_temp_url_key", cause, error);
}

/* ---- the URL ---- */

static bool
check_times(int64_t life_s, int64_t delay_s, GError **error)
{
    return life_s >= delay_s || steel_fail(error, STEEL_ERROR_INVALID,
                                           "[glance]swift_temp_url_duration (%d) must be at least "
                                           "swift_temp_url_expected_download_start_delay (%d)",
                                           (int)life_s, (int)delay_s);
}

static char *
make_url(const Config *config, OpenstackSession *swift, const char *id, const char *filename,
         int64_t until_s, GError **error)
{
    g_autofree char *container = container_of(config, id);
    g_autofree char *address = address_of(config, swift, error);
    g_autofree char *account = address != NULL ? account_of(config, swift, error) : NULL;
    char *key = account != NULL ? key_of(config, swift, container, error) : NULL;
    if (key == NULL)
        return NULL;
    g_autofree char *endpoint = g_strdup_printf(
        "%s/%s/%s", address, config_string(config, OPT_GLANCE_SWIFT_API_VERSION), account);
    const SwiftUrl wanted = {.endpoint = endpoint,
                             .container = container,
                             .object = id,
                             .key = key,
                             .until_s = until_s,
                             .filename = filename};
    char *url = swift_temp_url(&wanted, error);
    secret_free(key);
    return url;
}

char *
glance_lend(const Config *config, OpenstackSession *swift, const char *id, const char *filename,
            GError **error)
{
    int64_t life_s = config_integer(config, OPT_GLANCE_SWIFT_TEMP_URL_DURATION),
            delay_s =
                config_integer(config, OPT_GLANCE_SWIFT_TEMP_URL_EXPECTED_DOWNLOAD_START_DELAY),
            now_s = time_now_ms() / 1000;
    bool again =
        filename == NULL && config_boolean(config, OPT_GLANCE_SWIFT_TEMP_URL_CACHE_ENABLED);
    if (!check_times(life_s, delay_s, error))
        return NULL;
    char *url = again ? given_before(id, now_s + MAX(delay_s, 1)) : NULL;
    if (url != NULL)
        return url;
    url = make_url(config, swift, id, filename, now_s + life_s, error);
    if (url != NULL && again)
        remember(id, url, now_s + life_s);
    return url;
}
