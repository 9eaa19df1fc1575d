/* The kernel's neighbour table is read as it is sent, and as nobody should send it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "netboot/neighbours.h"

#include <linux/neighbour.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

/* An answer that is being put together. */
typedef struct Answer {
    uint32_t words[1024];
    size_t size;
} Answer;

static void
put(Answer *answer, const void *data, size_t size)
{
    memcpy((uint8_t *)answer->words + answer->size, data, size);
    answer->size += NLMSG_ALIGN(size);
}

static void
put_attribute(Answer *answer, unsigned short type, const void *data, size_t size)
{
    struct rtattr head = {.rta_type = type,
                          .rta_len = (unsigned short)(sizeof(struct rtattr) + size)};
    put(answer, &head, sizeof head);
    put(answer, data, size);
}

static void
put_neighbour(Answer *answer, const char *address_text, uint16_t state, const char *mac,
              size_t mac_size)
{
    HttpAddress address;
    assert_true(http_address_parse(address_text, strlen(address_text), &address));
    bool ipv4 = IN6_IS_ADDR_V4MAPPED(&address.bytes);
    size_t start = answer->size;
    struct nlmsghdr head = {.nlmsg_type = RTM_NEWNEIGH};
    struct ndmsg body = {.ndm_family = ipv4 ? AF_INET : AF_INET6, .ndm_state = state};
    put(answer, &head, sizeof head);
    put(answer, &body, sizeof body);
    put_attribute(answer, NDA_DST, address.bytes.s6_addr + (ipv4 ? 12 : 0), ipv4 ? 4 : 16);
    put_attribute(answer, NDA_LLADDR, mac, mac_size);
    head.nlmsg_len = (uint32_t)(answer->size - start);
    memcpy((uint8_t *)answer->words + start, &head, sizeof head);
}

static Neighbours
read_all(const Answer *answer, const char *address_text, bool *last)
{
    HttpAddress address;
    Neighbours found = {0};
    assert_true(http_address_parse(address_text, strlen(address_text), &address));
    *last = neighbours_read(answer->words, answer->size, &address, &found);
    return found;
}

static void
the_mac_of_an_address_is_found_among_others(void **state)
{
    (void)state;
    Answer answer = {.size = 0};
    bool last = true;
    put_neighbour(&answer, "192.0.2.1", NUD_REACHABLE, "\x02\0\0\0\0\x01", 6);
    put_neighbour(&answer, "192.0.2.44", NUD_STALE, "\x52\x54\0\0\0\xab", 6);
    put_neighbour(&answer, "2001:db8::44", NUD_REACHABLE, "\x52\x54\0\0\0\xcd", 6);
    Neighbours found = read_all(&answer, "192.0.2.44", &last);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.macs[0], "52:54:00:00:00:ab");
    assert_false(last);
    found = read_all(&answer, "2001:db8::44", &last);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.macs[0], "52:54:00:00:00:cd");
    assert_int_equal(read_all(&answer, "192.0.2.45", &last).count, 0);
}

static void
neighbours_that_are_not_reached_or_have_no_mac_say_nothing(void **state)
{
    (void)state;
    Answer answer = {.size = 0};
    bool last;
    put_neighbour(&answer, "192.0.2.44", NUD_FAILED, "\x52\x54\0\0\0\x01", 6);
    put_neighbour(&answer, "192.0.2.44", NUD_INCOMPLETE, "\x52\x54\0\0\0\x01", 6);
    put_neighbour(&answer, "192.0.2.44", NUD_NOARP, "\x52\x54\0\0\0\x01", 6);
    put_neighbour(&answer, "192.0.2.44", NUD_REACHABLE, "\x52\x54\0\0", 4);
    assert_int_equal(read_all(&answer, "192.0.2.44", &last).count, 0);
}

static void
an_address_that_is_known_on_two_links_has_two_macs(void **state)
{
    (void)state;
    Answer answer = {.size = 0};
    bool last;
    for (int i = 0; i < 3; i++)
        put_neighbour(&answer, "192.0.2.44", NUD_REACHABLE,
                      i == 1 ? "\x02\0\0\0\0\x01" : "\x02\0\0\0\0\x02", 6);
    assert_int_equal(read_all(&answer, "192.0.2.44", &last).count, 2);
}

static void
the_end_is_noticed(void **state)
{
    (void)state;
    Answer answer = {.size = 0};
    bool last = false;
    struct nlmsghdr done = {.nlmsg_len = sizeof done, .nlmsg_type = NLMSG_DONE};
    put(&answer, &done, sizeof done);
    read_all(&answer, "192.0.2.44", &last);
    assert_true(last);
}

static void
an_answer_that_is_cut_off_anywhere_does_no_harm(void **state)
{
    (void)state;
    Answer answer = {.size = 0};
    bool last;
    put_neighbour(&answer, "192.0.2.44", NUD_REACHABLE, "\x52\x54\0\0\0\x01", 6);
    for (size_t size = answer.size; size-- > 0;) {
        Answer cut = {.size = size};
        memcpy(cut.words, answer.words, size);
        assert_int_equal(read_all(&cut, "192.0.2.44", &last).count, 0);
    }
}

static void
the_kernel_answers_and_knows_nothing_of_the_loopback(void **state)
{
    (void)state;
    static const char *const addresses[] = {"127.0.0.1", "::1", "203.0.113.77", "2001:db8::77"};
    for (size_t i = 0; i < G_N_ELEMENTS(addresses); i++) {
        g_autoptr(GError) error = NULL;
        HttpAddress address;
        Neighbours found;
        assert_true(http_address_parse(addresses[i], strlen(addresses[i]), &address));
        if (!neighbours_find(&address, &found, &error))
            fail_msg("%s", error->message);
        assert_int_equal(found.count, 0);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mac_of_an_address_is_found_among_others),
        cmocka_unit_test(neighbours_that_are_not_reached_or_have_no_mac_say_nothing),
        cmocka_unit_test(an_address_that_is_known_on_two_links_has_two_macs),
        cmocka_unit_test(the_end_is_noticed),
        cmocka_unit_test(an_answer_that_is_cut_off_anywhere_does_no_harm),
        cmocka_unit_test(the_kernel_answers_and_knows_nothing_of_the_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
