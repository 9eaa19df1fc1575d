/* Who may have a boot script; the contract is in boot_access.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/boot_access.h"

#include "common/config.h"
#include "common/log.h"
#include "common/steady.h"
#include "common/time_text.h"
#include "db/records.h"
#include "netboot/boot_session.h"
#include "netboot/dhcp_leases.h"

#include <stdatomic.h>
#include <string.h>

#define AREA "netboot.access"
/* How often a change is repeated when another request was faster. */
#define TRIES 16
#define WARN_EVERY_MS (60 * 1000)

const BootNetwork boot_network = {.neighbours = neighbours_find, .lease = dhcp_lease_find};

void
boot_grant_clear(BootGrant *grant)
{
    g_free(grant->token);
    g_free(grant->words);
    *grant = (BootGrant){0};
}

/* ---- the owner of an address ---- */

/* If the network cannot be asked, nothing is known. Logged once a minute, since any client can
 * cause it. */
static void
warn_seldom(const GError *error)
{
    static _Atomic int64_t told_ms;
    int64_t now = time_monotonic_ms(), before = atomic_load(&told_ms);
    if (before != 0 && now - before < WARN_EVERY_MS)
        return;
    if (atomic_compare_exchange_strong(&told_ms, &before, now))
        log_warning(AREA, "the owner of an address cannot be found: %s", error->message);
}

/* Adds the MAC addresses of the node's ports and of its port groups: a bond may have its own. */
static bool
add_macs(Db *db, const Node *node, GHashTable *macs, GError **error)
{
    g_autoptr(GPtrArray) ports = db_records_of_node(db, &port_resource, node->uuid, NULL, error);
    g_autoptr(GPtrArray) groups =
        ports != NULL ? db_records_of_node(db, &portgroup_resource, node->uuid, NULL, error) : NULL;
    if (groups == NULL)
        return false;
    for (guint i = 0; i < ports->len; i++)
        g_hash_table_add(macs, g_ascii_strdown(((Port *)ports->pdata[i])->address, -1));
    for (guint i = 0; i < groups->len; i++)
        if (((Portgroup *)groups->pdata[i])->address != NULL)
            g_hash_table_add(macs, g_ascii_strdown(((Portgroup *)groups->pdata[i])->address, -1));
    return true;
}

static BootEvidence
evidence_of(GHashTable *macs, const char *mac)
{
    return g_hash_table_contains(macs, mac) ? BOOT_EVIDENCE_NODES : BOOT_EVIDENCE_OTHERS;
}

/* mac  out: the address that is not the node's */
static BootEvidence
ask_neighbours(const BootSource *source, const HttpAddress *address, GHashTable *macs,
               char mac[MAC_TEXT_SIZE])
{
    g_autoptr(GError) error = NULL;
    Neighbours found = {0};
    BootEvidence evidence = BOOT_EVIDENCE_NONE;
    if (!config_boolean(config_current(), OPT_BOOT_SERVER_CHECK_NEIGHBOURS))
        return evidence;
    if (!source->network->neighbours(address, &found, &error))
        warn_seldom(error);
    for (unsigned i = 0; i < found.count && evidence != BOOT_EVIDENCE_OTHERS; i++) {
        evidence = evidence_of(macs, found.macs[i]);
        memcpy(mac, found.macs[i], MAC_TEXT_SIZE);
    }
    return evidence;
}

/* NULL: there is none. */
static const char *
lease_file(void)
{
    const Config *config = config_current();
    const char *own = config_string(config, OPT_BOOT_SERVER_LEASE_FILE);
    if (own != NULL && *own != '\0')
        return own;
    bool dnsmasq = strcmp(config_string(config, OPT_DHCP_DHCP_PROVIDER), "dnsmasq") == 0;
    return dnsmasq ? config_string(config, OPT_DNSMASQ_DHCP_LEASEFILE) : NULL;
}

static BootEvidence
ask_leases(const BootSource *source, const HttpAddress *address, GHashTable *macs,
           char mac[MAC_TEXT_SIZE])
{
    g_autoptr(GError) error = NULL;
    char found[MAC_TEXT_SIZE] = "";
    const char *path = lease_file();
    if (path == NULL)
        return BOOT_EVIDENCE_NONE;
    if (!source->network->lease(path, address, found, &error))
        warn_seldom(error);
    if (found[0] == '\0')
        return BOOT_EVIDENCE_NONE;
    memcpy(mac, found, MAC_TEXT_SIZE);
    return evidence_of(macs, found);
}

/* mac  out: the address that decided against the client; "" otherwise */
static bool
collect_evidence(const BootSource *source, const Node *node, const HttpAddress *address,
                 BootFacts *facts, char mac[MAC_TEXT_SIZE], GError **error)
{
    g_autoptr(GHashTable) macs = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    mac[0] = '\0';
    if (!add_macs(source->db, node, macs, error))
        return false;
    facts->neighbour = ask_neighbours(source, address, macs, mac);
    if (facts->neighbour == BOOT_EVIDENCE_NONE)
        facts->lease = ask_leases(source, address, macs, mac);
    return true;
}

/* ---- sessions ---- */

static int64_t
window_ms(void)
{
    return config_integer(config_current(), OPT_BOOT_SERVER_BOOT_WINDOW) * 1000;
}

/* Changes the current session; false: nothing to change. */
typedef bool (*SessionChange)(BootSession *session, void *user_data);

static bool
fail_busy(const char *node_uuid, GError **error)
{
    return steel_fail(error, STEEL_ERROR_DATABASE_BUSY,
                      "the boot session of node %s keeps changing", node_uuid);
}

static bool
change_session(Db *db, const char *node_uuid, SessionChange change, void *user_data, GError **error)
{
    for (unsigned i = 0; i < TRIES; i++) {
        g_auto(BootSession) session = {0};
        bool stored = false;
        if (!db_boot_session_load(db, node_uuid, &session, error))
            return false;
        if (!change(&session, user_data))
            return true;
        if (!db_boot_session_store(db, node_uuid, &session, &stored, error))
            return false;
        if (stored)
            return true;
    }
    return fail_busy(node_uuid, error);
}

/* ---- asking ---- */

typedef struct Asking {
    const BootRecord *record;
    const char *address;
    BootFacts facts;
    BootGrant *grant;
} Asking;

/* A SessionChange. All facts are read again if another request was faster. */
static bool
serve_if_admitted(BootSession *session, void *user_data)
{
    Asking *asking = user_data;
    const char *id = asking->record->id;
    int64_t now = steady_now_ms();
    boot_session_facts(session, id, asking->address, now, &asking->facts);
    asking->grant->verdict = boot_admission_decide(&asking->facts);
    if (!boot_verdict_serves(asking->grant->verdict))
        return false;
    asking->grant->again =
        boot_session_continues(session, id, asking->address, now, MAX(window_ms(), 1000));
    if (!asking->grant->again)
        boot_session_serve(session, id, asking->address, now);
    g_free(asking->grant->token);
    asking->grant->token = g_strdup(session->token);
    return !asking->grant->again;
}

bool
boot_access_ask(const BootSource *source, const Node *node, const BootRecord *record,
                const HttpAddress *address, BootGrant *out, GError **error)
{
    char text[HTTP_ADDRESS_TEXT_SIZE], mac[MAC_TEXT_SIZE];
    Asking asking = {.record = record, .address = http_address_text(address, text), .grant = out};
    asking.facts.own_reboots = config_boolean(config_current(), OPT_BOOT_SERVER_ALLOW_OWN_REBOOTS);
    if (!collect_evidence(source, node, address, &asking.facts, mac, error) ||
        !change_session(source->db, node->uuid, serve_if_admitted, &asking, error))
        return false;
    if (!boot_verdict_serves(out->verdict))
        g_clear_pointer(&out->token, g_free);
    out->words = g_strdup_printf("%s%s%s%s: %s", text, mac[0] != '\0' ? " (" : "", mac,
                                 mac[0] != '\0' ? ")" : "", boot_verdict_words(out->verdict));
    return true;
}

/* ---- reports ---- */

typedef struct Reporting {
    const BootRecord *record;
    const char *address, *token;
    BootPhase phase;
    bool believed;
} Reporting;

/* A SessionChange. */
static bool
attach_if_believed(BootSession *session, void *user_data)
{
    Reporting *reporting = user_data;
    reporting->believed =
        boot_session_believes(session, reporting->record->id, reporting->address, reporting->token);
    return reporting->believed && boot_phase_is_up(reporting->phase) &&
           boot_session_attach(session);
}

bool
boot_access_report(const BootSource *source, const Node *node, const BootRecord *record,
                   const HttpAddress *address, const char *token, BootPhase phase, GError **error)
{
    char text[HTTP_ADDRESS_TEXT_SIZE];
    Reporting reporting = {record, http_address_text(address, text), token, phase, false};
    if (!change_session(source->db, node->uuid, attach_if_believed, &reporting, error))
        return false;
    return reporting.believed ||
           steel_fail(error, STEEL_ERROR_FORBIDDEN,
                      "the token is not that of this boot, or the script was served to another "
                      "address");
}

/* ---- the window ---- */

typedef struct Opening {
    const BootRecord *record;
    int64_t until_ms;
} Opening;

/* A SessionChange. */
static bool
open_window(BootSession *session, void *user_data)
{
    const Opening *opening = user_data;
    boot_session_open_window(session, opening->record->id, opening->until_ms);
    return true;
}

bool
boot_access_open_window(Db *db, const Node *node, int64_t change_ms, GError **error)
{
    BootRecord record;
    if (!boot_record_read(node, &record))
        return true;
    int64_t window = window_ms();
    Opening opening = {&record, window > 0 ? steady_now_ms() + change_ms + window : 0};
    return change_session(db, node->uuid, open_window, &opening, error);
}
