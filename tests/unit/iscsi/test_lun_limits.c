/* What a unit takes is kept: the most of one command, of one WRITE SAME, and whether zeros may
 * unmap. The unit is tgtd's; its limits are changed on the way.
 * SPDX-License-Identifier: Apache-2.0 */
#include "common/process.h"
#include "iscsi/write_image.h"
#include "lab/target.h"
#include "middle.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define IQN "iqn.2008-10.org.openstack:limits"
#define PASSWORD "of-this-test-0"
#define MIB (UINT64_C(1) << 20)
#define DISK (24 * MIB)
#define BLOCK 512u
#define NOISE 0xa5

typedef struct World {
    char *folder, *disk, *image; /* owned */
    uint16_t port;
    Target *target; /* owned */
} World;

static uint16_t
free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    close(fd);
    return ntohs(address.sin_port);
}

static void
make_file(const char *path, const uint8_t *bytes)
{
    assert_true(g_file_set_contents(path, (const char *)bytes, (gssize)DISK, NULL));
}

/* A disk full of noise; an image with data in its first half and in its last MiB, zeros between. */
static int
begin(void **state)
{
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *bytes = g_malloc(DISK);
    World *world = g_new0(World, 1);
    world->port = free_port();
    world->folder = g_dir_make_tmp("steel-limits-XXXXXX", NULL);
    world->disk = g_build_filename(world->folder, "disk", NULL);
    world->image = g_build_filename(world->folder, "image", NULL);
    memset(bytes, NOISE, DISK);
    make_file(world->disk, bytes);
    for (size_t i = 0; i < DISK; i++)
        bytes[i] = i < DISK / 2 || i >= DISK - MIB ? (uint8_t)(1 + (i >> 9) % 255) : 0;
    make_file(world->image, bytes);
    world->target = target_start(world->folder, "127.0.0.1", world->port, 0, &error);
    if (world->target == NULL ||
        !target_export(world->target, 1, IQN, world->disk, "steel", PASSWORD, &error))
        fail_msg("%s", error->message);
    *state = world;
    return 0;
}

static int
end(void **state)
{
    World *world = *state;
    target_free(world->target);
    g_autofree char *command = g_strdup_printf("rm -rf '%s'", world->folder);
    assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
    g_free(world->folder);
    g_free(world->disk);
    g_free(world->image);
    g_free(world);
    return 0;
}

/* thin: what is unmapped becomes a hole of the file, as tgtd has it unless it is told. */
static void
set_thin(const World *world, bool thin)
{
    static const char *const environment[] = {"TGT_IPC_SOCKET=tgtd", NULL};
    g_autofree char *line = g_strdup_printf("tgtadm -C 0 --lld iscsi --mode logicalunit --op "
                                            "update --tid 1 --lun 1 --params thin_provisioning=%d",
                                            thin);
    g_auto(GStrv) argv = g_strsplit(line, " ", 0);
    g_autoptr(GError) error = NULL;
    const ProcessSpec spec = {.argv = (const char *const *)argv,
                              .environment = environment,
                              .working_directory = world->folder};
    if (!process_run(&spec, NULL, &error))
        fail_msg("%s", error->message);
}

static MiddleSeen
write_through(const World *world, MiddleLimits limits)
{
    uint16_t port;
    g_autoptr(GError) error = NULL;
    Middle *middle = middle_start(world->port, limits, &port);
    g_autofree char *portal = g_strdup_printf("127.0.0.1:%u", port);
    const LunOptions options = {.portal = portal,
                                .target = IQN,
                                .lun = TARGET_LUN,
                                .initiator = "iqn.2008-10.org.openstack:initiator",
                                .username = "steel",
                                .password = PASSWORD};
    LunImage image = {.file = open(world->image, O_RDONLY | O_CLOEXEC)};
    Lun *lun = lun_open(&options, &error);
    if (lun == NULL || !lun_write_image(lun, &image, &error))
        fail_msg("%s", error->message);
    lun_close(lun);
    close(image.file);
    return middle_end(middle);
}

static void
check_disk(const World *world)
{
    g_autofree char *disk = NULL;
    g_autofree char *image = NULL;
    gsize size = 0;
    assert_true(g_file_get_contents(world->disk, &disk, &size, NULL));
    assert_int_equal(size, DISK);
    assert_true(g_file_get_contents(world->image, &image, NULL, NULL));
    assert_memory_equal(disk, image, DISK);
}

/* Bytes that the disk's file occupies. */
static uint64_t
occupied(const World *world)
{
    struct stat status;
    assert_int_equal(stat(world->disk, &status), 0);
    return (uint64_t)status.st_blocks * 512;
}

/* ---- limits ---- */

static void
a_unit_without_limits_gets_large_commands(void **state)
{
    const World *world = *state;
    MiddleSeen seen = write_through(world, (MiddleLimits){0});
    check_disk(world);
    assert_int_equal(seen.most_written, LUN_PIECE / BLOCK);
    assert_true(seen.most_same > 128);
}

static void
no_command_is_larger_than_the_unit_takes(void **state)
{
    const World *world = *state;
    const MiddleLimits limits = {.transfer_blocks = 96, .same_blocks = 56};
    MiddleSeen seen = write_through(world, limits);
    check_disk(world);
    assert_int_equal(seen.told, 1);
    assert_int_equal(seen.most_written, 96);
    assert_int_equal(seen.most_same, 56);
}

/* A unit may tell more than a command of ours has. */
static void
limits_that_are_larger_change_nothing(void **state)
{
    const World *world = *state;
    const MiddleLimits limits = {.transfer_blocks = UINT32_MAX, .same_blocks = UINT64_MAX};
    MiddleSeen seen = write_through(world, limits);
    check_disk(world);
    assert_int_equal(seen.most_written, LUN_PIECE / BLOCK);
    assert_true(seen.most_same > 0 && seen.most_same <= 4096);
}

/* ---- unmapping ---- */

static void
zeros_of_a_thin_unit_are_unmapped(void **state)
{
    const World *world = *state;
    uint64_t before = occupied(world);
    set_thin(world, true);
    MiddleSeen seen = write_through(world, (MiddleLimits){0});
    check_disk(world);
    assert_true(seen.sames > 0);
    assert_int_equal(seen.unmaps, seen.sames);
    assert_true(occupied(world) <= before - 10 * MIB);
}

static void
zeros_of_a_thick_unit_are_written(void **state)
{
    const World *world = *state;
    set_thin(world, false);
    MiddleSeen seen = write_through(world, (MiddleLimits){0});
    check_disk(world);
    assert_true(seen.sames > 0);
    assert_int_equal(seen.unmaps, 0);
}

static void
a_thin_unit_whose_write_same_cannot_unmap_is_not_asked_to(void **state)
{
    const World *world = *state;
    set_thin(world, true);
    MiddleSeen seen = write_through(world, (MiddleLimits){.same_never_unmaps = true});
    check_disk(world);
    assert_true(seen.sames > 0);
    assert_int_equal(seen.unmaps, 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_unit_without_limits_gets_large_commands),
        CASE(no_command_is_larger_than_the_unit_takes),
        CASE(limits_that_are_larger_change_nothing),
        CASE(zeros_of_a_thin_unit_are_unmapped),
        CASE(zeros_of_a_thick_unit_are_written),
        CASE(a_thin_unit_whose_write_same_cannot_unmap_is_not_asked_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
