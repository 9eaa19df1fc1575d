/* Root device hints. SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/disk_names.h"
#include "model/hints.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* 1 if {name: hint} matches a disk of 10 GiB, 0 if not, -1 if the hint is wrong. */
static int
fits(const char *hints_text)
{
    bool match = false;
    json_t *hints = json_loads(hints_text, 0, NULL);
    json_t *disk =
        json_pack("{s:s, s:s, s:I, s:b, s:n}", "name", "/dev/sda", "model", "SSD Pro 850", "size",
                  (json_int_t)10 << 30, "rotational", false, "serial");
    g_autoptr(GError) error = NULL;
    bool good = hints_match(hints, disk, &match, &error);
    assert_true(good == (error == NULL));
    json_decref(hints);
    json_decref(disk);
    return good ? match : -1;
}

static void
each_operator_means_what_it_means_to_ironic(void **state)
{
    (void)state;
    static const struct {
        const char *hints;
        int result;
    } rows[] = {
        {"{\"size\": 10}",                              1},
        {"{\"size\": 9}",                               0},
        {"{\"size\": \"= 9\"}",                         1},
        {"{\"size\": \">= 10\"}",                       1},
        {"{\"size\": \"< 10\"}",                        0},
        {"{\"size\": \"!= 11\"}",                       1},
        {"{\"size\": \"much\"}",                        -1},
        {"{\"model\": \"ssd pro 850\"}",                1},
        {"{\"model\": \"ssd%20pro%20850\"}",            1},
        {"{\"model\": \"s== ssd\"}",                    0},
        {"{\"model\": \"s!= ssd\"}",                    1},
        {"{\"model\": \"<in> Pro\"}",                   1},
        {"{\"model\": \"<all-in> 850 SSD\"}",           1},
        {"{\"model\": \"<all-in> 850 HDD\"}",           0},
        {"{\"name\": \"<or> /dev/sdb <or> /dev/sda\"}", 1},
        {"{\"name\": \"<or> /dev/sdb\"}",               0},
        {"{\"rotational\": \"false\"}",                 1},
        {"{\"rotational\": true}",                      0},
        {"{\"rotational\": \"perhaps\"}",               -1},
        {"{\"serial\": \"x\"}",                         0},
        {"{\"serial\": \"s!= x\"}",                     0},
        {"{\"name\": \"/dev/sda\", \"size\": 11}",      0},
        {"{\"color\": \"red\"}",                        -1},
        {"{}",                                          1},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (fits(rows[i].hints) != rows[i].result)
            fail_msg("%s is not %d", rows[i].hints, rows[i].result);
}

static void
disks_have_udev_s_names_for_their_places(void **state)
{
    (void)state;
    static const struct {
        const char *device, *name;
    } rows[] = {
        {"../devices/pci0000:00/0000:00:05.0/virtio2/block/vda", "pci-0000:00:05.0"},
        {"../devices/pci0000:00/0000:00:1f.2/ata3/host2/target2:0:0/2:0:0:0/block/sda",
         "pci-0000:00:1f.2-ata-3"},
        {"../devices/pci0000:00/0000:00:06.0/virtio3/host0/target0:0:1/0:0:1:0/block/sdb",
         "pci-0000:00:06.0-scsi-0:0:1:0"},
        {"../devices/pci0000:00/0000:00:07.0/nvme/nvme0/nvme0n1", "pci-0000:00:07.0-nvme-1"},
        {"../devices/virtual/block/md0", NULL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *name = disk_path_name(rows[i].device);
        if (rows[i].name == NULL)
            assert_null(name);
        else
            assert_string_equal(name, rows[i].name);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_operator_means_what_it_means_to_ironic),
        cmocka_unit_test(disks_have_udev_s_names_for_their_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
