/* Talking to Keystone as Steel's own user: logging in, and requests that carry the token got so.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "common/config.h"
#include "common/http_client.h"

typedef struct KeystoneSession KeystoneSession;

/* Reads [keystone_authtoken]; asks nothing yet. Errors: CONFIG naming the option that is
 * missing. */
KeystoneSession *keystone_session_new(const Config *config,
                                      GError **error) G_GNUC_WARN_UNUSED_RESULT;
void keystone_session_free(KeystoneSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeystoneSession, keystone_session_free)

/* GETs a path below /v3 with Steel's token and one more header, logging in before or again when
 * that is needed.
 *
 * header    "X-Subject-Token: …", borrowed; never in a message
 * response  out: an answer of 200, or of a status that refuses the token in the header (400, 404,
 *           413, 414, 422, 431)
 * Errors    IDENTITY_UNAVAILABLE for everything else. What concerns all tokens (Keystone not
 *           reachable, 5xx, Steel's own login refused) is then answered at once for a moment,
 *           without asking
 * Threads   any; one of them logs in, the others wait for it. Blocks up to some seconds. */
bool keystone_session_get(KeystoneSession *session, const char *path, const char *header,
                          HttpResponse *response, GError **error) G_GNUC_WARN_UNUSED_RESULT;
