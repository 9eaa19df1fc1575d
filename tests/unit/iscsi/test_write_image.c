/* Images written to a unit of a real target (tgtd): what arrives, what is refused, what ends the
 * wait for a target that is silent.
 * SPDX-License-Identifier: Apache-2.0 */
#include "iscsi/write_image.h"
#include "lab/target.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define IQN "iqn.2008-10.org.openstack:test"
#define PASSWORD "of-this-test-0"
#define DISK (UINT64_C(24) << 20)
#define NOISE 0xa5

typedef struct World {
    char *folder, *disk, *portal; /* owned */
    Target *target;               /* owned */
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

/* A disk that is full of noise, so that what is not written shows. */
static void
make_disk(const World *world)
{
    g_autofree char *noise = g_malloc(DISK);
    memset(noise, NOISE, DISK);
    int fd =
        open(world->disk, O_WRONLY | O_CREAT | O_CLOEXEC, 0600); /* the same file: tgtd has it */
    assert_int_equal(pwrite(fd, noise, DISK, 0), DISK);
    close(fd);
}

static int
begin(void **state)
{
    g_autoptr(GError) error = NULL;
    World *world = g_new0(World, 1);
    uint16_t port = free_port();
    world->folder = g_dir_make_tmp("steel-iscsi-XXXXXX", NULL);
    world->disk = g_build_filename(world->folder, "disk", NULL);
    world->portal = g_strdup_printf("127.0.0.1:%u", port);
    make_disk(world);
    world->target = target_start(world->folder, "127.0.0.1", port, 0, &error);
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
    g_free(world->portal);
    g_free(world);
    return 0;
}

static LunOptions
options_of(const World *world)
{
    return (LunOptions){.portal = world->portal,
                        .target = IQN,
                        .lun = TARGET_LUN,
                        .initiator = "iqn.2008-10.org.openstack:initiator",
                        .username = "steel",
                        .password = PASSWORD};
}

/* A sparse file with data at some places. */
static int
make_image(const World *world, uint64_t size)
{
    g_autofree char *path = g_build_filename(world->folder, "image", NULL);
    static const uint64_t places[] = {0, 3 << 20, (5 << 20) + 4096, 9 << 20};
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++)
        if (places[i] < size) {
            g_autofree char *text = g_strdup_printf("part %zu of the image", i);
            assert_int_equal(pwrite(fd, text, strlen(text), (off_t)places[i]), strlen(text));
        }
    assert_int_equal(pwrite(fd, "!", 1, (off_t)size - 1), 1);
    assert_int_equal(ftruncate(fd, (off_t)size), 0);
    return fd;
}

static char *
contents(const char *path, size_t size)
{
    char *text = NULL;
    gsize all = 0;
    assert_true(g_file_get_contents(path, &text, &all, NULL));
    assert_true(all >= size);
    return text;
}

static bool
write_image(const World *world, const LunOptions *options, const LunImage *image, GError **error)
{
    (void)world;
    g_autoptr(Lun) lun = lun_open(options, error);
    return lun != NULL && lun_write_image(lun, image, error);
}

static void
check_written(const World *world, uint64_t size, uint64_t offset)
{
    g_autofree char *path = g_build_filename(world->folder, "image", NULL);
    g_autofree char *image = contents(path, size);
    g_autofree char *disk = contents(world->disk, DISK);
    assert_memory_equal(disk + offset, image, size);
}

static void
note(void *user, uint64_t done, uint64_t total)
{
    assert_true(done <= total);
    *(uint64_t *)user = done;
}

static void
what_is_written_is_on_the_disk(void **state)
{
    static const uint64_t sizes[] = {
        1, 512, 4097, 1 << 20, (1 << 20) + 1, (7 << 20) + 513, (UINT64_C(12) << 20) + 512, DISK};
    const World *world = *state;
    const LunOptions options = options_of(world);
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) error = NULL;
        uint64_t done = 0;
        LunImage image = {.file = make_image(world, sizes[i]), .tell = note, .user = &done};
        make_disk(world);
        if (!write_image(world, &options, &image, &error))
            fail_msg("%zu: %s", i, error->message);
        check_written(world, sizes[i], 0);
        assert_int_equal(done, sizes[i]);
        close(image.file);
    }
}

/* Data and zeros in turn, shorter and longer than a command's bytes. */
static void
data_and_zeros_in_turn_arrive(void **state)
{
    const World *world = *state;
    const LunOptions options = options_of(world);
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *bytes = g_malloc0(DISK);
    for (size_t at = 0, length = 1000; at + length < DISK;
         at += 2 * length, length = length * 3 % 2999999 + 1)
        memset(bytes + at, 'x', length);
    g_autofree char *path = g_build_filename(world->folder, "image", NULL);
    assert_true(g_file_set_contents(path, (const char *)bytes, DISK - 300, NULL));
    LunImage image = {.file = open(path, O_RDONLY | O_CLOEXEC)};
    if (!write_image(world, &options, &image, &error))
        fail_msg("%s", error->message);
    close(image.file);
    check_written(world, DISK - 300, 0);
}

/* The rest of the disk keeps what it had. */
static void
a_part_of_the_disk_is_written_alone(void **state)
{
    const World *world = *state;
    const LunOptions options = options_of(world);
    g_autoptr(GError) error = NULL;
    LunImage image = {.file = make_image(world, 4 << 20), .offset = 8 << 20, .size = 6 << 20};
    if (!write_image(world, &options, &image, &error))
        fail_msg("%s", error->message);
    close(image.file);
    check_written(world, 4 << 20, 8 << 20);
    g_autofree char *disk = contents(world->disk, DISK);
    for (size_t i = 0; i < DISK; i++)
        if ((i < (8 << 20) || i >= (14 << 20)) && (uint8_t)disk[i] != NOISE)
            fail_msg("byte %zu has changed", i);
}

static void
an_image_that_does_not_fit_is_refused_before_anything_is_written(void **state)
{
    const World *world = *state;
    const LunOptions options = options_of(world);
    g_autoptr(GError) error = NULL;
    LunImage image = {.file = make_image(world, DISK + 512)};
    assert_false(write_image(world, &options, &image, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_STORAGE));
    assert_non_null(strstr(error->message, "the image has 25166336 bytes"));
    assert_non_null(strstr(error->message, "has room for 25165824"));
    close(image.file);
    g_autofree char *disk = contents(world->disk, DISK);
    assert_int_equal((uint8_t)disk[0], NOISE);
}

static void
a_wrong_password_is_told_without_it(void **state)
{
    const World *world = *state;
    LunOptions options = options_of(world);
    g_autoptr(GError) error = NULL;
    options.password = "wrong-password";
    assert_null(lun_open(&options, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_STORAGE));
    assert_non_null(strstr(error->message, IQN));
    assert_non_null(strstr(error->message, "Authentication failure"));
    assert_null(strstr(error->message, options.password));
}

static void
a_unit_or_target_that_is_not_there_is_told(void **state)
{
    const World *world = *state;
    LunOptions options = options_of(world);
    g_autoptr(GError) first = NULL;
    g_autoptr(GError) second = NULL;
    options.lun = 7;
    assert_null(lun_open(&options, &first));
    options.lun = 1;
    options.portal = "127.0.0.1:1";
    assert_null(lun_open(&options, &second));
    assert_non_null(strstr(second->message, "127.0.0.1:1"));
}

static void
a_target_that_is_silent_ends_the_wait(void **state)
{
    const World *world = *state;
    LunOptions options = options_of(world);
    g_autoptr(GError) error = NULL;
    options.stall_s = 1;
    g_autoptr(Lun) lun = lun_open(&options, NULL);
    assert_non_null(lun);
    kill(target_pid(world->target), SIGSTOP);
    LunImage image = {.file = make_image(world, DISK)};
    assert_false(lun_write_image(lun, &image, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_TIMEOUT));
    assert_non_null(strstr(error->message, "has not answered for 1 s"));
    kill(target_pid(world->target), SIGCONT);
    close(image.file);
}

static void
a_write_ends_by_request(void **state)
{
    const World *world = *state;
    LunOptions options = options_of(world);
    g_autoptr(GError) error = NULL;
    atomic_bool stop = false;
    options.stop = &stop;
    g_autoptr(Lun) lun = lun_open(&options, NULL);
    assert_non_null(lun);
    atomic_store(&stop, true);
    LunImage image = {.file = make_image(world, DISK)};
    assert_false(lun_write_image(lun, &image, &error));
    assert_true(steel_error_is(error, STEEL_ERROR_CANCELLED));
    close(image.file);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(what_is_written_is_on_the_disk),
        CASE(data_and_zeros_in_turn_arrive),
        CASE(a_part_of_the_disk_is_written_alone),
        CASE(an_image_that_does_not_fit_is_refused_before_anything_is_written),
        CASE(a_wrong_password_is_told_without_it),
        CASE(a_unit_or_target_that_is_not_there_is_told),
        CASE(a_target_that_is_silent_ends_the_wait),
        CASE(a_write_ends_by_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
