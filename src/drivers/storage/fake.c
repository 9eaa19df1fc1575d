/* A storage driver that attaches nothing and writes images. For demos, tests and development.
 * SPDX-License-Identifier: Apache-2.0 */
#include "drivers/storage/storage.h"

#include "drivers/fake.h"

static bool
fake_storage_validate(Task *task, GError **error)
{
    return fake_act(task, "storage.validate", error);
}

static bool
fake_storage_attach(Task *task, GError **error)
{
    return fake_act(task, "storage.attach", error);
}

static bool
fake_storage_detach(Task *task, GError **error)
{
    return fake_act(task, "storage.detach", error);
}

const StorageOps storage_fake = {
    .interface = {.name = "fake", .properties = fake_properties, .validate = fake_storage_validate},
    .attach = fake_storage_attach,
    .detach = fake_storage_detach,
};
