/* Questions to other servers; the contract is in policy_remote.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "auth/policy_remote.h"

#include "common/config.h"
#include "common/http_client.h"
#include "common/json_text.h"
#include "common/log.h"
#include "common/time_text.h"

#include <string.h>

/* The answer is one word. */
enum { ANSWER_LIMIT = 4096 };

static const char form_type[] = "application/x-www-form-urlencoded";

struct PolicyQuestions {
    GHashTable *answers; /* rule, URL, owner and lessee -> Verdict + 1 */
    int64_t spent_ms;
    bool may_wait;
};

PolicyQuestions *
policy_questions_new(void)
{
    PolicyQuestions *questions = g_new0(PolicyQuestions, 1);
    questions->answers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return questions;
}

void
policy_questions_free(PolicyQuestions *questions)
{
    if (questions == NULL)
        return;
    g_hash_table_unref(questions->answers);
    g_free(questions);
}

void
policy_questions_allow(PolicyQuestions *questions, bool may_wait)
{
    questions->may_wait = may_wait;
}

/* The member for an owner or lessee: "node.owner". */
static void
set_owner(json_t *target, const char *object, const char *kind, const char *value)
{
    g_autofree char *name = g_strconcat(object, ".", kind, NULL);
    json_object_set_new(target, name, value != NULL ? json_string(value) : json_null());
}

/* As in Ironic, the target also contains the caller's attributes. */
static json_t *
target_of(const CheckContext *context, json_t *credentials)
{
    json_t *target = json_copy(credentials);
    set_owner(target, context->object, "owner", context->owner);
    set_owner(target, context->object, "lessee", context->lessee);
    if (context->service_project_name != NULL)
        json_object_set_new(target, "config.service_project_name",
                            json_string(context->service_project_name));
    return target;
}

static void
append_field(GString *form, const char *name, const json_t *value)
{
    g_autofree char *text = json_text_dump(value);
    g_string_append_printf(form, "%s%s=", form->len > 0 ? "&" : "", name);
    g_string_append_uri_escaped(form, text, NULL, false);
}

/* The body of the request. Caller frees. */
static char *
question_of(const CheckContext *context, bool as_form)
{
    json_auto_t *question = json_object();
    json_t *credentials = credentials_to_json(context->credentials);
    json_object_set_new(question, "rule", json_string(context->rule));
    json_object_set_new(question, "target", target_of(context, credentials));
    json_object_set_new(question, "credentials", credentials);
    if (!as_form)
        return json_text_dump(question);
    GString *form = g_string_new(NULL);
    const char *name;
    json_t *value;
    json_object_foreach(question, name, value) append_field(form, name, value);
    return g_string_free(form, FALSE);
}

/* True for the word True, in quotes or not. */
static bool
is_yes(const HttpResponse *response)
{
    g_autofree char *text = g_strstrip(g_strdup(response->body));
    size_t length = strlen(text), start = strspn(text, "\"");
    while (length > start && text[length - 1] == '"')
        length--;
    return response->status >= 200 && response->status < 300 && length - start == 4 &&
           strncmp(text + start, "True", 4) == 0;
}

static Verdict
answer_of(const char *url, const CheckContext *context, int64_t limit_ms)
{
    const Config *config = config_current();
    const char *type = config_string(config, OPT_OSLO_POLICY_REMOTE_CONTENT_TYPE);
    g_autofree char *body = question_of(context, strcmp(type, form_type) == 0);
    const HttpRequest request = {
        .method = "POST",
        .url = url,
        .body = body,
        .body_size = strlen(body),
        .content_type = type,
        .connect_timeout_ms = (int)limit_ms,
        .timeout_ms = (int)limit_ms,
        .body_limit = ANSWER_LIMIT,
        .ca_file = config_string(config, OPT_OSLO_POLICY_REMOTE_SSL_CA_CRT_FILE),
        .client_certificate = config_string(config, OPT_OSLO_POLICY_REMOTE_SSL_CLIENT_CRT_FILE),
        .client_key = config_string(config, OPT_OSLO_POLICY_REMOTE_SSL_CLIENT_KEY_FILE),
        .insecure = !config_boolean(config, OPT_OSLO_POLICY_REMOTE_SSL_VERIFY_SERVER_CRT),
    };
    g_auto(HttpResponse) response = {0};
    g_autoptr(GError) error = NULL;
    if (http_request(&request, &response, &error))
        return is_yes(&response) ? VERDICT_YES : VERDICT_NO;
    log_warning("api.policy", "rule \"%s\" is refused: %s", context->rule, error->message);
    return VERDICT_FAILED;
}

/* The key of a question within one request. */
static char *
key_of(const char *url, const CheckContext *context)
{
    return g_strjoin("\x1f", context->rule, url, context->owner != NULL ? context->owner : "",
                     context->lessee != NULL ? context->lessee : "", NULL);
}

Verdict
policy_remote_ask(void *user_data, const char *url, const CheckContext *context)
{
    PolicyQuestions *questions = user_data;
    if (questions == NULL)
        return VERDICT_FAILED;
    g_autofree char *key = key_of(url, context);
    int known = GPOINTER_TO_INT(g_hash_table_lookup(questions->answers, key));
    int64_t limit_ms =
        (int64_t)(config_float(config_current(), OPT_OSLO_POLICY_REMOTE_TIMEOUT) * 1000);
    if (known > 0)
        return (Verdict)(known - 1);
    if (!questions->may_wait || questions->spent_ms >= limit_ms)
        return VERDICT_FAILED;
    int64_t begun_ms = time_monotonic_ms();
    Verdict verdict = answer_of(url, context, limit_ms - questions->spent_ms);
    questions->spent_ms += time_monotonic_ms() - begun_ms;
    g_hash_table_insert(questions->answers, g_steal_pointer(&key),
                        GINT_TO_POINTER((int)verdict + 1));
    return verdict;
}
