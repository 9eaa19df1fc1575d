/* Captured serial consoles; the contract is in console.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/console.h"

#include "common/backoff.h"
#include "common/error.h"
#include "common/time_text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TAIL_SIZE 8192
#define LAST_LINE_LENGTH 200
#define LOOK_AGAIN_MS 100
#define ESCAPE 0x1b

/* Length of the escape sequence at text (ECMA-48: ESC [ parameters final, or ESC and one
 * character), 1 when it is cut off. */
static size_t
escape_length(const char *text, size_t length)
{
    if (length < 2)
        return length;
    if (text[1] != '[')
        return 2;
    for (size_t i = 2; i < length; i++)
        if (text[i] >= 0x40 && text[i] <= 0x7e)
            return i + 1;
    return length;
}

size_t
console_clean(char *text, size_t length)
{
    size_t kept = 0;
    for (size_t i = 0; i < length;) {
        unsigned char c = (unsigned char)text[i];
        if (c == ESCAPE) {
            i += escape_length(text + i, length - i);
            continue;
        }
        if (c == '\n' || c == '\t' || (c >= 0x20 && c != 0x7f))
            text[kept++] = text[i];
        i++;
    }
    return kept;
}

char *
console_last_line(const char *path)
{
    char tail[TAIL_SIZE + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return g_strdup("");
    off_t end = lseek(fd, 0, SEEK_END);
    ssize_t size = pread(fd, tail, TAIL_SIZE, MAX(end - TAIL_SIZE, 0));
    close(fd);
    size_t length = console_clean(tail, size > 0 ? (size_t)size : 0);
    tail[length] = '\0';
    g_strchomp(tail);
    const char *newline = strrchr(tail, '\n');
    g_autofree char *line = g_strndup(newline != NULL ? newline + 1 : tail, LAST_LINE_LENGTH);
    return g_utf8_make_valid(line, -1);
}

/* The boot that `text` ends in: what follows the last line that begins one. */
static const char *
current_boot(const char *text)
{
    static const char *const beginnings[] = {"\n--- power on ", "\n--- reset "};
    const char *start = text;
    for (size_t i = 0; i < G_N_ELEMENTS(beginnings); i++) {
        const char *found = g_strrstr(start, beginnings[i]);
        if (found != NULL)
            start = found;
    }
    return start;
}

static bool
read_new_output(int fd, GString *raw, GError **error)
{
    char buffer[16384];
    for (;;) {
        ssize_t size = read(fd, buffer, sizeof buffer);
        if (size < 0 && errno == EINTR)
            continue;
        if (size < 0)
            return steel_fail(error, STEEL_ERROR_IO, "cannot read the console: %s",
                              g_strerror(errno));
        if (size == 0)
            return true;
        g_string_append_len(raw, buffer, size);
    }
}

/* Takes complete lines out of `raw`, prints them cleaned and, if asked to, adds them to `seen`. */
static void
print_lines(GString *raw, GString *seen, FILE *out)
{
    const char *newline = g_strrstr_len(raw->str, (gssize)raw->len, "\n");
    size_t length = newline != NULL ? (size_t)(newline - raw->str) + 1 : 0;
    g_autofree char *text = g_memdup2(raw->str, length + 1);
    g_string_erase(raw, 0, (gssize)length);
    size_t kept = console_clean(text, length);
    fwrite(text, 1, kept, out);
    fflush(out);
    if (seen == NULL)
        return;
    g_string_append_len(seen, text, (gssize)kept);
    const char *start = current_boot(seen->str);
    g_string_erase(seen, 0, start - seen->str);
}

static void
print_unfinished_line(GString *raw, FILE *out)
{
    size_t kept = console_clean(raw->str, raw->len);
    fwrite(raw->str, 1, kept, out);
    if (kept > 0 && raw->str[kept - 1] != '\n')
        fputc('\n', out);
    fflush(out);
}

bool
console_print(const char *path, const ConsoleWish *wish, FILE *out, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return steel_fail(error, STEEL_ERROR_IO, "cannot open %s: %s", path, g_strerror(errno));
    g_autoptr(GString) raw = g_string_new(NULL);
    g_autoptr(GString) seen = wish->wait_for != NULL ? g_string_new("\n") : NULL;
    int64_t deadline = time_monotonic_ms() + (int64_t)wish->timeout_s * 1000;
    bool good = true;
    while ((good = read_new_output(fd, raw, error))) {
        print_lines(raw, seen, out);
        if (seen != NULL && strstr(seen->str, wish->wait_for) != NULL)
            break;
        if (seen == NULL && !wish->follow) {
            print_unfinished_line(raw, out);
            break;
        }
        if (seen != NULL && time_monotonic_ms() > deadline) {
            good = steel_fail(error, STEEL_ERROR_TIMEOUT, "\"%s\" did not appear within %d s",
                              wish->wait_for, wish->timeout_s);
            break;
        }
        backoff_sleep(LOOK_AGAIN_MS);
    }
    close(fd);
    return good;
}
