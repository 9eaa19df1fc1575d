/* Real surroundings for the tests of drivers: a database, a registry, clients of IPMI and Redfish
 * with a BMC each in this process, and a node with a task.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/bmc/server.h"
#include "drivers/task.h"
#include "ilo_device.h"
#include "redfish_machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define FIXTURE_NODE "1be26c0b-03f2-4d2e-ae87-c02d7f33c781"
#define FIXTURE_USER "admin"
#define FIXTURE_PASSWORD "steel-password"
#define FIXTURE_PORTAL                                                                             \
    "{\"target_portal\": \"192.0.2.5:3260\", \"target_iqn\": \"iqn.2010-10.com.example:a\", "      \
    "\"target_lun\": \"1\"}"

typedef struct DriverFixture {
    char *directory, *path;
    Db *db;
    Registry *registry;
    Events *events;
    LunWrites *writes; /* nobody is told of their end */
    Consoles *consoles;
    IpmiClient *client;
    HttpEngine *http;
    IloClient *ilo_client;
    IloDevice *ilo; /* an iLO 5, users ILO_DEVICE_USER and ILO_DEVICE_PASSWORD */
    IpmiServer *server;
    IpmiBmc *bmc;            /* at 127.0.0.1, users FIXTURE_USER and FIXTURE_PASSWORD */
    RedfishMachine *machine; /* another BMC, with the same user; its client is in services */
    struct BmcGuard *guard;
    DriverServices services;
    Task *task; /* NULL until driver_fixture_begin */
} DriverFixture;

/* Everything but the task. `settings` are those of config_set, NULL-terminated, next to the
 * fixture's own: no pause between IPMI commands, short patience. */
DriverFixture *driver_fixture_new(const char *const *settings);
void driver_fixture_free(DriverFixture *fixture);

/* A node that is not stored yet: FIXTURE_NODE, "rack1-07", deploying, its driver_info naming the
 * fixture's BMC. */
Node *driver_fixture_node(const DriverFixture *fixture, const char *driver);

/* Stores the node (taken) and begins an exclusive task for it. Fails the test if the registry
 * refuses it. */
Task *driver_fixture_begin(DriverFixture *fixture, Node *node);

/* Rows of the node; texts are copied, properties is JSON text. */
void driver_fixture_port(DriverFixture *fixture, const char *address, bool pxe_enabled);
void driver_fixture_target(DriverFixture *fixture, int64_t boot_index, const char *type,
                           const char *volume_id, const char *properties);
void driver_fixture_connector(DriverFixture *fixture, const char *type, const char *id);

/* Everything a node needs to boot from an iSCSI volume: port, target, connector, capability. */
void driver_fixture_volume(DriverFixture *fixture);

json_t *driver_fixture_json(const char *text);

/* Fails the test with the error's text if there is one. */
void assert_no_error(const GError *error);

/* The code and a part of the message; clears the error. */
void assert_error(GError **error, SteelErrorCode code, const char *part);
