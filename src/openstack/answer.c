/* Words of answers; the contract is in answer.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "openstack/answer.h"

#include "common/json_text.h"

#include <string.h>

enum { DEPTH = 16, TEXT_LIMIT = 8192, LEVELS = 3 };

/* Keystone and Nova {"error": {"message"}}, Cinder {"badRequest": {"message"}}, Neutron
 * {"NeutronError": {"message"}}, Glance {"message"}: the first member that is a message, whatever
 * it is under. */
static const char *
message_in(const json_t *value, unsigned level)
{
    const char *message = json_string_member(value, "message");
    const char *key;
    json_t *member;
    if (message != NULL || level == 0)
        return message;
    json_object_foreach((json_t *)(uintptr_t)value, key, member)
    {
        if (json_is_object(member) && (message = message_in(member, level - 1)) != NULL)
            return message;
    }
    return NULL;
}

/* Swift and proxies answer HTML: what stands between the tags. */
static char *
without_tags(const char *text, size_t size)
{
    GString *plain = g_string_new(NULL);
    bool inside = false;
    for (size_t i = 0; i < MIN(size, TEXT_LIMIT); i++) {
        if (text[i] == '<') {
            inside = true;
            g_string_append_c(plain, ' ');
        } else if (text[i] == '>') {
            inside = false;
        } else if (!inside) {
            g_string_append_c(plain, text[i]);
        }
    }
    return g_string_free(plain, FALSE);
}

/* One line of good UTF-8 within the limit. */
static char *
tidy(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)strnlen(text, TEXT_LIMIT));
    g_autoptr(GString) line = g_string_new(NULL);
    bool space = false;
    for (const char *c = valid; *c != '\0' && line->len < ANSWER_WORDS_LIMIT - 8;
         c += g_utf8_skip[(guchar)*c]) {
        gunichar letter = g_utf8_get_char(c);
        if (g_unichar_isspace(letter) || !g_unichar_isprint(letter)) {
            space = line->len > 0;
            continue;
        }
        if (space)
            g_string_append_c(line, ' ');
        space = false;
        g_string_append_unichar(line, letter);
    }
    return g_strdup(line->str);
}

char *
answer_words(const HttpResponse *response)
{
    const char *body = response->body != NULL ? response->body : "";
    json_auto_t *document = json_text_parse(body, response->body_size, DEPTH, NULL);
    const char *message = message_in(document, LEVELS);
    g_autofree char *plain =
        message == NULL ? without_tags(body, response->body_size) : g_strdup(message);
    char *line = tidy(plain);
    if (*line != '\0')
        return line;
    g_free(line);
    return g_strdup("no reason given");
}
