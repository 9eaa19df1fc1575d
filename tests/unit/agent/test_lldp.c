/* LLDP, from frames and from a wire. SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/lldp.h"
#include "common/json_text.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* Chassis 00:11:22:33:44:55, port "eth7", 120 s, end. */
#define HEAD 0x01, 0x80, 0xc2, 0, 0, 0x0e, 2, 0, 0, 0, 0, 1, 0x88, 0xcc
#define CHASSIS 0x02, 0x07, 0x04, 0x00, 0x11, 0x22, 0x33, 0x44, 0x55
#define PORT 0x04, 0x05, 0x05, 'e', 't', 'h', '7'
#define LIVES 0x06, 0x02, 0x00, 0x78
static const uint8_t whole[] = {HEAD, CHASSIS, PORT, LIVES, 0, 0};
#define WHOLE                                                                                      \
    "[[1,\"0400112233"                                                                             \
    "4455\"],[2,\"0565746837\"],[3,\"0078\"]]"

static void
says(const uint8_t *frame, size_t size, const char *wanted)
{
    json_t *list = lldp_parse(frame, size);
    g_autofree char *text = list != NULL ? json_text_dump(list) : g_strdup("nothing");
    json_decref(list);
    assert_string_equal(text, wanted);
}

static void
a_frame_is_taken_apart_as_ironic_has_it(void **state)
{
    (void)state;
    static const uint8_t long_value[] = {HEAD, 0xff, 0x01, 0xaa}; /* 257 bytes are said to come */
    static const uint8_t other[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x08, 0x00, 2, 0};
    says(whole, sizeof whole, WHOLE);
    says(whole, sizeof whole - 2, WHOLE);
    says(whole, sizeof whole - 3,
         "[[1,\"040011223344"
         "55\"],[2,\"0565746837\"]]");
    says(long_value, sizeof long_value, "[]");
    says(other, sizeof other, "nothing");
    says(whole, 10, "nothing");
}

/* ---- a wire: the loopback of a network of its own ---- */

static bool
up_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    bool good = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    close(fd);
    return good;
}

/* Sends until it is told that it was heard. */
static void *
send_frames(void *data)
{
    atomic_bool *heard = data;
    int fd = socket(AF_PACKET, SOCK_RAW, htons(0x88cc));
    struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex("lo")};
    while (!atomic_load(heard) &&
           sendto(fd, whole, sizeof whole, 0, (const struct sockaddr *)&to, sizeof to) > 0)
        poll(NULL, 0, 1);
    close(fd);
    return NULL;
}

/* In a process of its own, which alone is in the new network. */
static int
listen_there(void)
{
    char loopback[] = "lo", absent[] = "none0", *names[] = {loopback, absent, NULL};
    atomic_bool heard = false;
    pthread_t sender;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 && unshare(CLONE_NEWNET) != 0)
        return 2;
    if (!up_loopback() || pthread_create(&sender, NULL, send_frames, &heard) != 0)
        return 3;
    json_t *list = lldp_listen(names, 60000, NULL);
    atomic_store(&heard, true);
    pthread_join(sender, NULL);
    g_autofree char *text = json_text_dump(list);
    json_decref(list);
    return strcmp(text, "{\"lo\":" WHOLE "}") == 0 ? 0 : 4;
}

static void
what_is_sent_on_a_wire_is_heard(void **state)
{
    (void)state;
    int status = 0;
    pid_t child = fork();
    if (child == 0)
        _exit(listen_there());
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void
silence_ends_when_it_is_told_to(void **state)
{
    (void)state;
    char loopback[] = "lo", *names[] = {loopback, NULL};
    atomic_bool stop = true;
    json_t *list = lldp_listen(names, 3600000, &stop);
    assert_int_equal(json_object_size(list), 0);
    json_decref(list);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_is_taken_apart_as_ironic_has_it),
        cmocka_unit_test(what_is_sent_on_a_wire_is_heard),
        cmocka_unit_test(silence_ends_when_it_is_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
