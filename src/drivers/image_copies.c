/* Files for machines by way of the image cache; the contract is in image_copies.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/image_copies.h"

#include "common/config.h"
#include "common/log.h"
#include "drivers/image_login.h"
#include "openstack/glance.h"

#include <errno.h>
#include <unistd.h>

/* The limit of one copy over a slow network. */
#define COPY_TIMEOUT_MS (60 * 60 * 1000)
#define SIZE_LIMIT (UINT64_C(16) << 40)
#define TEXT_TIMEOUT_MS (60 * 1000)
#define TEXT_LIMIT ((uint64_t)1 << 20)

char *
image_copies_path(const char *name)
{
    return g_build_filename(config_string(config_current(), OPT_DEPLOY_HTTP_ROOT), name, NULL);
}

/* Without a configured cache copies are made in a folder of their own, and none is kept. */
static ImageCache
cache_of(const Config *config, const char *without)
{
    const char *folder = config_string(config, OPT_PXE_INSTANCE_MASTER_PATH);
    unsigned at_a_time = (unsigned)config_integer(config, OPT_IMAGE_DOWNLOAD_CONCURRENCY);
    if (folder == NULL || *folder == '\0')
        return (ImageCache){.folder = without, .at_a_time = at_a_time};
    return (ImageCache){
        .folder = folder,
        .at_a_time = at_a_time,
        .size_limit =
            (uint64_t)MIN(config_integer(config, OPT_PXE_IMAGE_CACHE_SIZE), INT64_C(1) << 40) << 20,
        .age_limit_s = MIN(config_integer(config, OPT_PXE_IMAGE_CACHE_TTL), INT64_C(1) << 40) * 60};
}

static char *
folder_without_cache(const Config *config)
{
    return g_build_filename(config_string(config, OPT_STATE_PATH), "image_copies", NULL);
}

bool
image_copies_verify_signatures(void)
{
    return config_boolean(config_current(), OPT_GLANCE_VERIFY_GLANCE_SIGNATURES);
}

/* `true`, `false`, or a file of authorities. */
static void
read_trust(const Config *config, ImageFetch *fetch)
{
    const char *said = config_string(config, OPT_WEBSERVER_VERIFY_CA);
    fetch->insecure = g_ascii_strcasecmp(said, "false") == 0;
    if (*said == '/')
        fetch->ca_file = said;
}

/* trust: must outlive the fetch */
static ImageFetch
fetch_of(const Config *config, const Openstack *openstack, const char *url, SignatureTrust *trust)
{
    int64_t again = config_integer(config, OPT_GLANCE_NUM_RETRIES);
    const char *id = glance_id(url); /* one name for both ways to say it: the cache goes by it */
    ImageFetch fetch = {
        .url = id != NULL ? id : url,
        .openstack = openstack,
        .direct_files = config_list_contains(config, OPT_GLANCE_ALLOWED_DIRECT_URL_SCHEMES, "file"),
        .again = (int)CLAMP(again, 0, 100),
        .allowed = config_list(config, OPT_CONDUCTOR_FILE_URL_ALLOWED_PATHS),
        .size_limit = SIZE_LIMIT,
        .stall_s = (int)config_integer(config, OPT_WEBSERVER_CONNECTION_TIMEOUT),
        .timeout_ms = COPY_TIMEOUT_MS};
    ImageLogin login;
    *trust = (SignatureTrust){
        .certificates = config_list(config, OPT_GLANCE_DEFAULT_TRUSTED_CERTIFICATE_IDS),
        .anybody = !config_boolean(config, OPT_GLANCE_ENABLE_CERTIFICATE_VALIDATION)};
    if (image_copies_verify_signatures())
        fetch.signed_by = trust;
    image_login_for(config, url, &login);
    fetch.username = login.user;
    fetch.password = login.password;
    read_trust(config, &fetch);
    return fetch;
}

char *
image_copies_text(const char *url, GError **error)
{
    SignatureTrust trust;
    ImageFetch fetch = fetch_of(config_current(), NULL, url, &trust);
    fetch.size_limit = TEXT_LIMIT;
    fetch.timeout_ms = TEXT_TIMEOUT_MS;
    return image_fetch_text(&fetch, error);
}

bool
image_copies_check(const Openstack *openstack, const char *what, const char *url, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (image_url_known(url))
        return true;
    if (glance_id(url) == NULL)
        return steel_fail(error, STEEL_ERROR_UNSUPPORTED,
                          "%s is no http://, https:// or file:// URL, and no image in Glance (its "
                          "ID, or glance://ID)",
                          what);
    return openstack_service(openstack, OPENSTACK_GLANCE, &cause) != NULL ||
           steel_fail(error, STEEL_ERROR_UNSUPPORTED, "%s is an image in Glance: %s", what,
                      cause->message);
}

bool
image_copies_put(const Openstack *openstack, const char *url, const char *path, CachedImage *image,
                 GError **error)
{
    const Config *config = config_current();
    g_autofree char *without = folder_without_cache(config);
    const ImageCache cache = cache_of(config, without);
    SignatureTrust trust;
    const ImageFetch fetch = fetch_of(config, openstack, url, &trust);
    return image_cache_put(&cache, &fetch, path, image, error);
}

/* All waits together are shorter than the limit of a copy. */
static void
read_needs(const Config *config, ImageConversion *conversion)
{
    int64_t pause_s =
        MIN(config_integer(config, OPT_MINIMUM_MEMORY_WAIT_TIME), COPY_TIMEOUT_MS / 1000);
    conversion->needed_mib = (uint64_t)config_integer(config, OPT_MINIMUM_REQUIRED_MEMORY);
    conversion->needed_pause_s = (unsigned)pause_s;
    conversion->needed_looks = (unsigned)MIN(
        config_integer(config, OPT_MINIMUM_MEMORY_WAIT_RETRIES), COPY_TIMEOUT_MS / 1000 / pause_s);
    conversion->needed_warns = config_boolean(config, OPT_MINIMUM_MEMORY_WARNING_ONLY);
}

bool
image_copies_put_raw(const char *from, const char *sha256, const char *path, CachedImage *image,
                     GError **error)
{
    const Config *config = config_current();
    g_autofree char *without = folder_without_cache(config);
    const ImageCache cache = cache_of(config, without);
    int64_t memory = config_integer(config, OPT_DISK_UTILS_IMAGE_CONVERT_MEMORY_LIMIT),
            attempts = config_integer(config, OPT_DISK_UTILS_IMAGE_CONVERT_ATTEMPTS);
    ImageConversion conversion = {.from = from,
                                  .memory_mib = (unsigned)MIN(memory, 1 << 20),
                                  .attempts = (unsigned)MIN(attempts, 100),
                                  .timeout_ms = COPY_TIMEOUT_MS};
    read_needs(config, &conversion);
    return image_cache_put_raw(&cache, &conversion, sha256, path, image, error);
}

void
image_copies_remove(const char *path)
{
    if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
        log_warning("drivers.images", "cannot remove %s: %s", path, g_strerror(errno));
}
