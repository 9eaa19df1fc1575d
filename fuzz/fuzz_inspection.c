/* What agents say of machines, {"inventory": …, "plugin_data": …}, goes through all hooks of an
 * inspection, onto a node in a database.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/config.h"
#include "common/json_text.h"
#include "common/log.h"
#include "db/records.h"
#include "drivers/inspect/inspection.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct {
    char *folder;
    Db *db;
    Task *task;
} world;

static void
require(bool condition, const GError *error)
{
    if (condition)
        return;
    fprintf(stderr, "%s\n", error != NULL ? error->message : "not as it should be");
    abort();
}

static void
configure(void)
{
    g_autoptr(GError) error = NULL;
    Config *config = config_new();
    require(config_set(config,
                       "inspector.pci_device_alias={\"vendor_id\": \"8086\", "
                       "\"product_id\": \"1572\", \"name\": \"card\"}",
                       &error),
            error);
    require(config_finish(config, &error), error);
    config_publish(config);
}

static void
leave_world(void)
{
    static const char *const names[] = {"db", "db-wal", "db-shm", ""};
    task_free(world.task);
    db_close(world.db);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(world.folder, names[i], NULL);
        remove(path);
    }
    g_free(world.folder);
    config_shutdown();
}

static Node *
store_node(void)
{
    g_autoptr(GError) error = NULL;
    Node *node = node_new();
    record_set_text(&node->uuid, "1be26c0b-03f2-4d2e-ae87-c02d7f33c781");
    record_set_text(&node->driver, "ipmi");
    record_set_text(&node->provision_state, "inspecting");
    require(db_record_insert(world.db, &node_resource, node, &error), error);
    return node;
}

static void
make_world(void)
{
    static DriverServices services;
    g_autoptr(GError) error = NULL;
    log_set_level(LOG_LEVEL_ERROR);
    configure();
    world.folder = g_dir_make_tmp("steel-fuzz-XXXXXX", NULL);
    g_autofree char *url = g_strdup_printf("sqlite:///%s/db", world.folder);
    world.db = db_open(url, &db_throw_away, &error);
    require(world.db != NULL, error);
    services = (DriverServices){.db = world.db, .conductor_host = "fuzz"};
    world.task = task_new_without_driver(&services, store_node());
    world.task->exclusive = true;
    atexit(leave_world);
}

/* A port can be on one node only, and the database can hold all that was said. */
static void
check_ports(void)
{
    g_autoptr(GError) error = NULL;
    task_forget_lists(world.task);
    const GPtrArray *ports = task_ports(world.task, &error);
    require(ports != NULL, error);
    for (guint i = 0; i < ports->len; i++) {
        const Port *port = ports->pdata[i];
        require(strlen(port->address) == strlen("52:54:00:12:34:56"), NULL);
    }
}

static void
inspect(const json_t *said)
{
    g_autoptr(GError) error = NULL;
    const json_t *inventory = json_object_get(said, "inventory"),
                 *plugin_data = json_object_get(said, "plugin_data");
    json_auto_t *nothing = json_object();
    if (!json_is_object(plugin_data))
        plugin_data = nothing;
    if (!inspection_keep(world.task, inventory, plugin_data, &error)) {
        require(steel_error_is(error, STEEL_ERROR_INVALID), error);
        return;
    }
    if (!inspection_finish(world.task, &error))
        require(steel_error_is(error, STEEL_ERROR_INVALID), error);
    check_ports();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (world.db == NULL)
        make_world();
    json_auto_t *said = json_text_parse((const char *)data, size, 0, NULL);
    if (json_is_object(json_object_get(said, "inventory")))
        inspect(said);
    return 0;
}
