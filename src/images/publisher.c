/* Places for images; the contract is in publisher.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "images/publisher.h"

#include "common/process.h"
#include "common/secret.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOVE_TIMEOUT_MS (10 * 60 * 1000)

/* ---- ids ---- */

char *
publisher_id(int64_t until_s, char buffer[PUBLISHER_ID_SIZE])
{
    char random[SECRET_TEXT_SIZE];
    g_snprintf(buffer, PUBLISHER_ID_SIZE, "%" G_GINT64_MODIFIER "x-%s", (guint64)MAX(until_s, 0),
               secret_text(random));
    return buffer;
}

int64_t
publisher_id_end(const char *id)
{
    const char *c = id;
    int64_t end = 0;
    for (; g_ascii_isxdigit(*c) && c - id < 15; c++)
        end = end * 16 + g_ascii_xdigit_value(*c);
    return c > id && *c == '-' ? end : -1;
}

bool
publisher_path_refused(const char *path, int64_t now_s)
{
    static const char beginning[] = "/" PUBLISHER_FOLDER "/";
    if (!g_str_has_prefix(path, beginning))
        return false;
    int64_t end = publisher_id_end(path + strlen(beginning));
    return end < 0 || (end > 0 && end <= now_s);
}

bool
publisher_id_good(const char *id)
{
    for (const char *c = id; *c != '\0'; c++)
        if (!g_ascii_isxdigit(*c) && *c != '-')
            return false;
    return *id != '\0' && strlen(id) < PUBLISHER_ID_SIZE;
}

/* ---- the boot file server ---- */

static char *
folder_of(const PublisherPlace *place, const char *id)
{
    return g_build_filename(place->http_root, PUBLISHER_FOLDER, id, NULL);
}

static bool
publisher_web_check(const PublisherPlace *place, GError **error)
{
    return (place->http_url != NULL && *place->http_url != '\0') ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "this conductor serves no boot files: set [boot_server]enabled, host_ip and "
                      "port in its configuration");
}

/* Nobody lists what others have published. */
static bool
make_folder(const PublisherPlace *place, const char *folder, GError **error)
{
    g_autofree char *all = g_build_filename(place->http_root, PUBLISHER_FOLDER, NULL);
    return (g_mkdir_with_parents(all, 0711) == 0 && g_mkdir_with_parents(folder, 0755) == 0) ||
           steel_fail(error, STEEL_ERROR_IO, "cannot make %s ([deploy]http_root): %s", folder,
                      g_strerror(errno));
}

static bool
publisher_web_put(const PublisherPlace *place, const char *id, const char *file, const char *path,
                  GError **error)
{
    g_autofree char *folder = folder_of(place, id);
    g_autofree char *to = g_build_filename(folder, file, NULL);
    if (!make_folder(place, folder, error))
        return false;
    if (rename(path, to) == 0)
        return true;
    if (errno != EXDEV)
        return steel_fail(error, STEEL_ERROR_IO, "cannot make %s: %s", to, g_strerror(errno));
    const char *const argv[] = {"mv", "-f", "--", path, to, NULL};
    const ProcessSpec spec = {.argv = argv, .timeout_ms = MOVE_TIMEOUT_MS};
    return process_run(&spec, NULL, error);
}

static bool
publisher_web_remove(const PublisherPlace *place, const char *id, const char *file, GError **error)
{
    (void)file; /* it is alone in its folder */
    g_autofree char *folder = folder_of(place, id);
    if (!publisher_id_good(id))
        return steel_fail(error, STEEL_ERROR_INVALID, "'%.64s' is no id of an image", id);
    const char *const argv[] = {"rm", "-rf", "--", folder, NULL};
    const ProcessSpec spec = {.argv = argv, .timeout_ms = MOVE_TIMEOUT_MS};
    return process_run(&spec, NULL, error);
}

static char *
publisher_web_url(const PublisherPlace *place, const char *id, const char *file, GError **error)
{
    size_t length = strlen(place->http_url);
    (void)error;
    while (length > 0 && place->http_url[length - 1] == '/')
        length--;
    return g_strdup_printf("%.*s/" PUBLISHER_FOLDER "/%s/%s", (int)length, place->http_url, id,
                           file);
}

static GPtrArray *
publisher_web_list(const PublisherPlace *place)
{
    g_autofree char *all = g_build_filename(place->http_root, PUBLISHER_FOLDER, NULL);
    GPtrArray *ids = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GDir) dir = g_dir_open(all, 0, NULL);
    const char *name;
    while (dir != NULL && (name = g_dir_read_name(dir)) != NULL)
        if (publisher_id_good(name))
            g_ptr_array_add(ids, g_strdup(name));
    return ids;
}

const Publisher publisher_web = {
    .word = "web",
    .check = publisher_web_check,
    .put = publisher_web_put,
    .remove = publisher_web_remove,
    .url = publisher_web_url,
    .list = publisher_web_list,
};

const Publisher *
publisher_find(const char *word)
{
    static const Publisher *const all[] = {&publisher_web, &publisher_swift};
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
        if (strcmp(all[i]->word, word) == 0)
            return all[i];
    return NULL;
}
