/* Questions about ports beyond loading and saving. Any thread; errors as in db.h.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "db/db.h"
#include "model/resources.h"

/* An agent has as many interfaces as a machine may have. */
enum { DB_ADDRESS_LIMIT = 64 };

/* Finds the node of the ports with these addresses. The addresses are in the form that ports have.
 *
 * count      at most DB_ADDRESS_LIMIT
 * uuid       out: of one such node, the caller frees; NULL if there is none
 * ambiguous  out: true if there is another one */
bool db_ports_node(Db *db, const char *const *addresses, size_t count, char **uuid, bool *ambiguous,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A port of this port group other than the one named, as an array that owns it; empty when there is
 * none, NULL on failure.
 *
 * except  the uuid of a port, or NULL */
GPtrArray *db_portgroup_member(Db *db, const char *portgroup_uuid, const char *except,
                               GError **error);

/* All ports of this port group, as an array that owns them; NULL on failure. */
GPtrArray *db_portgroup_ports(Db *db, const char *portgroup_uuid, GError **error);

/* True if a port of this port group belongs to another node than this one. */
bool db_portgroup_has_strays(Db *db, const char *portgroup_uuid, const char *node_uuid,
                             bool *strays, GError **error) G_GNUC_WARN_UNUSED_RESULT;
