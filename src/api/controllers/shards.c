/* Shards and the number of their nodes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "api/controllers/controllers.h"
#include "db/nodes.h"

static void
write_shard(const char *name, int64_t count, void *user_data)
{
    GString *out = user_data;
    if (out->str[out->len - 1] != '[')
        g_string_append_c(out, ',');
    g_string_append(out, "{\"name\":");
    json_text_append_string(out, name != NULL ? name : "None"); /* the name that clients expect */
    g_string_append(out, ",\"count\":");
    json_text_append_integer(out, count);
    g_string_append_c(out, '}');
}

Answer
shards_list(Request *request, GError **error)
{
    static const char *const none[] = {NULL};
    if (!request_only_arguments(request, none, error))
        return ANSWER_FAILED;
    GString *out = request_out(request, 200, 512);
    g_string_append(out, "{\"shards\":[");
    if (!db_nodes_per_shard(request_db(request), write_shard, out, error))
        return ANSWER_FAILED;
    g_string_append(out, "]}");
    return ANSWER_NOW;
}

Answer
shard_get(Request *request, GError **error)
{
    steel_fail(error, STEEL_ERROR_NOT_FOUND,
               "A single shard cannot be shown: GET /v1/nodes?shard=%.80s lists its nodes.",
               request->captures[0]);
    return ANSWER_FAILED;
}
