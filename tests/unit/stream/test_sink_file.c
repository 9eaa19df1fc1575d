/* Files as sinks: what is lent or not, aligned or not, arrives; a failure names the byte.
 * SPDX-License-Identifier: Apache-2.0 */
#include "stream/direct_writes.h"
#include "stream/sink.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB ((size_t)1 << 20)
#define DISK (16 * MIB)
/* What a disk takes that fails behind it. */
#define TAKEN (5 * MIB + 3 * DIRECT_ALIGNMENT)

typedef struct World {
    char *folder, *path; /* owned */
    uint8_t *data;       /* owned; DISK bytes, aligned */
    Sink *sink;          /* owned */
} World;

static int
begin(void **state)
{
    World *world = g_new0(World, 1);
    world->folder = g_dir_make_tmp("steel-sink-XXXXXX", NULL);
    world->path = g_build_filename(world->folder, "disk", NULL);
    world->data = aligned_alloc(DIRECT_ALIGNMENT, DISK);
    for (size_t i = 0; i < DISK; i++)
        world->data[i] = (uint8_t)(1 + (i * 2654435761u >> 13) % 255);
    int fd = open(world->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(ftruncate(fd, (off_t)DISK), 0);
    close(fd);
    world->sink = sink_open_file(world->path, NULL);
    assert_non_null(world->sink);
    *state = world;
    return 0;
}

static int
end(void **state)
{
    World *world = *state;
    sink_free(world->sink);
    unlink(world->path);
    rmdir(world->folder);
    free(world->data);
    g_free(world->folder);
    g_free(world->path);
    g_free(world);
    return 0;
}

/* The file has these bytes from an offset on. */
static void
check_disk(const World *world, size_t offset, const uint8_t *data, size_t size)
{
    g_autofree char *text = NULL;
    gsize all = 0;
    assert_true(g_file_get_contents(world->path, &text, &all, NULL));
    assert_int_equal(all, DISK);
    assert_memory_equal(text + offset, data, size);
}

static void
what_is_lent_in_many_turns_arrives(void **state)
{
    World *world = *state;
    for (size_t at = 0; at < DISK; at += MIB / 2) {
        assert_true(sink_write_lent(world->sink, at, world->data + at, MIB / 2, NULL));
        if (at % MIB != 0)
            assert_true(sink_end_turn(world->sink, NULL));
    }
    assert_true(sink_settle(world->sink, NULL));
    check_disk(world, 0, world->data, DISK);
}

/* A buffer may be used again when some turns after its own have ended: they have buffers in
 * turn. */
static void
what_is_lent_may_change_some_turns_later(void **state)
{
    World *world = *state;
    uint8_t *buffers = aligned_alloc(DIRECT_ALIGNMENT, (SINK_TURNS_LENT + 1) * MIB);
    for (size_t at = 0; at < DISK; at += MIB) {
        uint8_t *buffer = buffers + at % ((SINK_TURNS_LENT + 1) * MIB);
        memcpy(buffer, world->data + at, MIB);
        assert_true(sink_write_lent(world->sink, at, buffer, MIB, NULL));
        assert_true(sink_end_turn(world->sink, NULL));
    }
    assert_true(sink_flush(world->sink, NULL));
    check_disk(world, 0, world->data, DISK);
    free(buffers);
}

/* Places, addresses and sizes as they come, next to one another; a part of a disk. */
static void
what_is_lent_at_odd_places_arrives(void **state)
{
    static const size_t sizes[] = {8, MIB - 8, MIB, 4096, 511, 3 * MIB + 1, 4096 - 512, MIB};
    World *world = *state;
    Sink *part = sink_window(world->sink, MIB, 8 * MIB);
    size_t at = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(sizes); at += sizes[i++])
        assert_true(sink_write_lent(part, at, world->data + at, sizes[i], NULL));
    assert_true(sink_zero(part, at, MIB, NULL));
    assert_true(sink_flush(part, NULL));
    sink_free(part);
    check_disk(world, MIB, world->data, at);
    g_autofree uint8_t *zeros = g_malloc0(MIB);
    check_disk(world, MIB + at, zeros, MIB);
}

/* ---- a disk that fails ---- */

static int
begin_failing(void **state)
{
    int result = begin(state);
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    limit.rlim_cur = TAKEN;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    return result;
}

static int
end_failing(void **state)
{
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    return end(state);
}

typedef bool (*Write)(Sink *sink, uint64_t offset, const void *data, size_t size, GError **error);

static void
fails_at_its_byte(const World *world, Write write)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *words =
        g_strdup_printf("%s: a write fails at byte %zu: File too large", world->path, TAKEN);
    bool good = true;
    for (size_t at = 0; good && at < DISK; at += MIB)
        good = write(world->sink, at, world->data + at, MIB, &error) &&
               sink_end_turn(world->sink, &error);
    assert_false(good);
    assert_string_equal(error->message, words);
    assert_true(steel_error_is(error, STEEL_ERROR_IO));
}

static void
a_failure_of_what_was_lent_names_its_byte(void **state)
{
    const World *world = *state;
    fails_at_its_byte(world, sink_write_lent);
    assert_false(sink_settle(world->sink, NULL));
    assert_false(sink_flush(world->sink, NULL));
    check_disk(world, 0, world->data, TAKEN);
}

static void
a_failure_of_what_was_copied_names_its_byte(void **state)
{
    fails_at_its_byte(*state, sink_write);
}

/* The last one: nothing is written after it. */
static void
a_failure_shows_at_the_end_at_the_latest(void **state)
{
    const World *world = *state;
    bool written = sink_write_lent(world->sink, 5 * MIB, world->data, MIB, NULL);
    assert_false(written && sink_settle(world->sink, NULL));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
#define FAILING(name) cmocka_unit_test_setup_teardown(name, begin_failing, end_failing)
    const struct CMUnitTest tests[] = {
        TEST(what_is_lent_in_many_turns_arrives),
        TEST(what_is_lent_may_change_some_turns_later),
        TEST(what_is_lent_at_odd_places_arrives),
        FAILING(a_failure_of_what_was_lent_names_its_byte),
        FAILING(a_failure_of_what_was_copied_names_its_byte),
        FAILING(a_failure_shows_at_the_end_at_the_latest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
