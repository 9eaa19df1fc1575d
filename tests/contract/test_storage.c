/* What every storage driver must do (src/drivers/storage/storage.h), with the cloud that
 * STEEL_CLOUD_AUTH_URL names.
 * SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include "cloud.h"
#include "db/records.h"
#include "db/sql.h"
#include "drivers/storage/storage.h"

#include <stdlib.h>
#include <string.h>

typedef struct Cloud {
    Config *config;
    Openstack *openstack;
} Cloud;

static void
make_volume(Subject *subject)
{
    const GPtrArray *targets = task_volume_targets(subject->task, NULL);
    const VolumeTarget *target = targets->pdata[0];
    g_autofree char *order = g_strdup_printf("{\"volumes\": {\"%s\": {}}}", target->volume_id);
    cloud_control(order);
}

/* The service where the subject's volume is. */
static Cloud
open_cloud(Subject *subject)
{
    Cloud cloud = {.config = config_new()};
    cloud_login(cloud.config);
    assert_true(config_finish(cloud.config, NULL));
    cloud.openstack = openstack_new(cloud.config);
    subject->fixture->services.openstack = cloud.openstack;
    make_volume(subject);
    return cloud;
}

static void
close_cloud(Subject *subject, Cloud *cloud)
{
    subject->fixture->services.openstack = NULL;
    openstack_free(cloud->openstack);
    config_free(cloud->config);
}

static void
delete_targets(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    assert_true(
        db_execute(subject->fixture->db, "DELETE FROM volume_targets", NULL, 0, NULL, &error));
    task_forget_lists(subject->task);
}

static void
attaches_and_detaches_twice(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    Cloud cloud = open_cloud(subject);
    for (int i = 0; i < 2; i++)
        if (!storage_attach(subject->task, &error))
            assert_no_error(error);
    for (int i = 0; i < 2; i++)
        if (!storage_detach(subject->task, &error))
            assert_no_error(error);
    close_cloud(subject, &cloud);
}

static void
has_nothing_to_do_without_volumes(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    delete_targets(subject);
    assert_true(storage_attach(subject->task, &error));
    assert_true(storage_detach(subject->task, &error));
    assert_true(storage_should_write_image(subject->task));
    assert_false(storage_boots_from_volume(subject->task));
    assert_null(storage_boot_target(subject->task));
}

static void
writes_the_image_when_there_is_one(Subject *subject)
{
    json_object_set_new(subject->task->node->instance_info, "image_source",
                        json_string("http://192.0.2.1/image"));
    assert_true(storage_should_write_image(subject->task));
    assert_false(storage_boots_from_volume(subject->task));
    assert_non_null(storage_boot_target(subject->task));
}

static void
boots_from_a_volume_or_writes_an_image_but_not_both(Subject *subject)
{
    assert_int_equal(storage_boots_from_volume(subject->task),
                     !storage_should_write_image(subject->task));
}

static void
validates_a_node_in_which_all_fits(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    Cloud cloud = open_cloud(subject);
    if (subject->interface->validate != NULL)
        subject->interface->validate(subject->task, &error);
    assert_no_error(error);
    close_cloud(subject, &cloud);
}

static void
refuses_a_volume_it_would_boot_from_and_cannot(Subject *subject)
{
    g_autoptr(GError) error = NULL;
    json_object_del(subject->task->node->properties, "capabilities");
    if (!storage_boots_from_volume(subject->task))
        return; /* volumes mean nothing to it; the deploy interface refuses the node */
    assert_non_null(subject->interface->validate);
    assert_false(subject->interface->validate(subject->task, &error));
    assert_error(&error, STEEL_ERROR_INVALID, "iscsi_boot");
}

int
main(void)
{
    static const ContractCase cases[] = {
        {"attaches and detaches twice", attaches_and_detaches_twice},
        {"has nothing to do without volumes", has_nothing_to_do_without_volumes},
        {"writes the image when there is one", writes_the_image_when_there_is_one},
        {"boots from a volume or writes an image but not both",
         boots_from_a_volume_or_writes_an_image_but_not_both},
        {"validates a node in which all fits", validates_a_node_in_which_all_fits},
        {"refuses a volume it would boot from and cannot",
         refuses_a_volume_it_would_boot_from_and_cannot},
    };
    return contract_run(INTERFACE_STORAGE, cases, G_N_ELEMENTS(cases));
}
