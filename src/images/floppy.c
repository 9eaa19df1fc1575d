/* Floppy images; the contract is in floppy.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "images/floppy.h"

#include "common/process.h"
#include "common/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#define TIMEOUT_MS (60 * 1000)
#define NAME_LIMIT 128u
#define TOKEN_LIMIT (16u * 1024)
#define TEXT(number) TEXT_OF(number)
#define TEXT_OF(number) #number
/* What is built carries this date: 1 January 2020. */
#define DATE 1577836800
#define DATE_TEXT "1577836800"

/* ---- the text ---- */

static bool
name_good(const char *name)
{
    size_t length = strlen(name);
    for (const char *c = name; *c != '\0'; c++)
        if (!g_ascii_isalnum(*c) && strchr("._-", *c) == NULL)
            return false;
    return length > 0 && length <= NAME_LIMIT;
}

/* One line, and no end of a word where the reader does not expect one. */
static bool
value_good(const char *value)
{
    for (const char *c = value; *c != '\0'; c++)
        if (g_ascii_iscntrl(*c) || *c == '"')
            return false;
    return g_utf8_validate(value, -1, NULL);
}

static bool
add_line(GString *text, const char *name, const json_t *value, GError **error)
{
    const char *said = json_string_value(value);
    if (!name_good(name))
        return steel_fail(error, STEEL_ERROR_INVALID, "'%.128s' is no name of a parameter", name);
    if (said == NULL || !value_good(said))
        return steel_fail(error, STEEL_ERROR_INVALID,
                          "the parameter %s has to be one line of text without quotes and control "
                          "characters",
                          name);
    const char *quote = strchr(said, ' ') != NULL ? "\"" : "";
    g_string_append_printf(text, "%s%s=%s%s%s", text->len > 0 ? "\n" : "", name, quote, said,
                           quote);
    return text->len <= FLOPPY_TEXT_LIMIT ||
           steel_fail(error, STEEL_ERROR_TOO_LARGE,
                      "the parameters have more than %u bytes, and a floppy image takes no more",
                      FLOPPY_TEXT_LIMIT);
}

static int
by_name(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

static GPtrArray *
names_of(const json_t *parameters)
{
    GPtrArray *names = g_ptr_array_new();
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)parameters, name, value)
        g_ptr_array_add(names, (char *)(uintptr_t)name);
    g_ptr_array_sort(names, by_name);
    return names;
}

char *
floppy_parameters_text(const json_t *parameters, GError **error)
{
    g_autoptr(GPtrArray) names = names_of(parameters);
    GString *text = g_string_new(NULL);
    bool good = true;
    for (guint i = 0; good && i < names->len; i++) {
        const char *name = names->pdata[i];
        good = add_line(text, name, json_object_get(parameters, name), error);
    }
    if (good)
        return g_string_free(text, FALSE);
    secret_wipe(text->str, text->len);
    g_string_free(text, TRUE);
    return NULL;
}

static bool
check_token(const char *token, GError **error)
{
    return token == NULL || (value_good(token) && strlen(token) <= TOKEN_LIMIT) ||
           steel_fail(error, STEEL_ERROR_INVALID,
                      "the token has to be one line of text without quotes and control characters");
}

/* ---- the image ---- */

static bool
run(const Floppy *floppy, const char *const *argv, GError **error)
{
    static const char *const environment[] = {"SOURCE_DATE_EPOCH=" DATE_TEXT, "TZ=UTC", "LC_ALL=C",
                                              NULL};
    ProcessSpec spec = {.argv = argv,
                        .environment = environment,
                        .working_directory = floppy->folder,
                        .timeout_ms = TIMEOUT_MS};
    return process_run(&spec, NULL, error);
}

static bool
write_private(const char *path, const char *text, GError **error)
{
    size_t size = strlen(text), done = 0;
    struct utimbuf date = {DATE, DATE};
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    ssize_t count = fd >= 0 ? 0 : -1;
    while (count >= 0 && done < size) {
        count = write(fd, text + done, size - done);
        done += count > 0 ? (size_t)count : 0;
    }
    bool good = count >= 0;
    if (fd >= 0 && close(fd) != 0)
        good = false;
    return (good && utime(path, &date) == 0) ||
           steel_fail(error, STEEL_ERROR_IO, "cannot write %s: %s", path, g_strerror(errno));
}

/* What mcopy copies is a secret: it is removed at once. */
static bool
put(const Floppy *floppy, const char *name, const char *text, GError **error)
{
    g_autofree char *path = g_build_filename(floppy->folder, name, NULL),
                    *to = g_strconcat("::", name, NULL);
    const char *const argv[] = {"mcopy", "-m", "-i", floppy->output, name, to, NULL};
    bool good = write_private(path, text, error) && run(floppy, argv, error);
    (void)unlink(path);
    return good;
}

static bool
format(const Floppy *floppy, GError **error)
{
    const char *const argv[] = {"mkfs.vfat",  "-C",           "--invariant",    "-n",
                                FLOPPY_LABEL, floppy->output, TEXT(FLOPPY_KIB), NULL};
    (void)unlink(floppy->output);
    return run(floppy, argv, error);
}

bool
floppy_build(const Floppy *floppy, GError **error)
{
    if (!check_token(floppy->token, error))
        return false;
    char *text = floppy_parameters_text(floppy->parameters, error);
    bool good = text != NULL && format(floppy, error) &&
                put(floppy, FLOPPY_PARAMETERS, text, error) &&
                (floppy->token == NULL || put(floppy, FLOPPY_TOKEN, floppy->token, error)) &&
                (floppy->network_data == NULL ||
                 put(floppy, FLOPPY_NETWORK_DATA, floppy->network_data, error));
    secret_free(text);
    if (good && chmod(floppy->output, 0644) != 0)
        good = steel_fail(error, STEEL_ERROR_IO, "cannot open %s to others: %s", floppy->output,
                          g_strerror(errno));
    return good;
}
