/* Boot sessions; the contract is in boot_session.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_session.h"

#include "common/secret.h"

static void
set_text(char **text, const char *value)
{
    g_free(*text);
    *text = g_strdup(value);
}

static bool
is_of(const BootSession *session, const char *record_id)
{
    return g_strcmp0(session->record_id, record_id) == 0;
}

/* True if it was served since Steel last started the machine. Before the first start there is no
 * window. */
static bool
is_of_this_start(const BootSession *session)
{
    return session->token != NULL && g_strcmp0(session->served_window_id, session->window_id) == 0;
}

void
boot_session_facts(const BootSession *session, const char *record_id, const char *address,
                   int64_t now_ms, BootFacts *facts)
{
    bool ours = is_of(session, record_id);
    facts->window_open = ours && session->window_until_ms > now_ms;
    facts->served = ours && is_of_this_start(session);
    facts->holder = facts->served && g_strcmp0(session->address, address) == 0;
    facts->attacher = ours && g_strcmp0(session->attached_address, address) == 0;
}

bool
boot_session_continues(const BootSession *session, const char *record_id, const char *address,
                       int64_t now_ms, int64_t window_ms)
{
    return is_of(session, record_id) && is_of_this_start(session) && !session->hooked &&
           g_strcmp0(session->address, address) == 0 && now_ms - session->served_at_ms < window_ms;
}

/* Another record: the node was deployed again. */
static void
begin_record(BootSession *session, const char *record_id)
{
    if (is_of(session, record_id))
        return;
    int64_t revision = session->revision;
    boot_session_clear(session);
    session->revision = revision;
    session->record_id = g_strdup(record_id);
}

void
boot_session_serve(BootSession *session, const char *record_id, const char *address, int64_t now_ms)
{
    char token[SECRET_TEXT_SIZE];
    begin_record(session, record_id);
    set_text(&session->token, secret_text(token));
    set_text(&session->address, address);
    set_text(&session->served_window_id, session->window_id);
    session->served_at_ms = now_ms;
    session->hooked = false;
}

bool
boot_session_believes(const BootSession *session, const char *record_id, const char *address,
                      const char *token)
{
    bool equal = secret_equal(session->token, token);
    return equal && is_of(session, record_id) && is_of_this_start(session) &&
           g_strcmp0(session->address, address) == 0;
}

bool
boot_session_attach(BootSession *session)
{
    if (session->hooked)
        return false;
    session->hooked = true;
    set_text(&session->attached_address, session->address);
    return true;
}

void
boot_session_open_window(BootSession *session, const char *record_id, int64_t until_ms)
{
    char id[SECRET_TEXT_SIZE];
    begin_record(session, record_id);
    set_text(&session->window_id, secret_text(id));
    session->window_until_ms = until_ms;
}
