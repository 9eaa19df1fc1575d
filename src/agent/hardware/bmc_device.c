/* The kernel's way to the BMC, /dev/ipmi0; the contract is in bmc.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "agent/hardware/bmc.h"

#include <fcntl.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_MS 2000

static bool
send_request(int fd, struct ipmi_msg message)
{
    struct ipmi_system_interface_addr address = {.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE,
                                                 .channel = IPMI_BMC_CHANNEL};
    struct ipmi_req request = {.addr = (unsigned char *)&address,
                               .addr_len = sizeof address,
                               .msgid = message.cmd,
                               .msg = message};
    return ioctl(fd, IPMICTL_SEND_COMMAND, &request) == 0;
}

static bool
receive_answer(int fd, uint8_t *answer, size_t *size)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    struct ipmi_addr address;
    struct ipmi_recv received = {.addr = (unsigned char *)&address,
                                 .addr_len = sizeof address,
                                 .msg = {.data = answer, .data_len = (unsigned short)*size}};
    if (poll(&waiting, 1, ANSWER_TIMEOUT_MS) != 1 ||
        ioctl(fd, IPMICTL_RECEIVE_MSG_TRUNC, &received) != 0)
        return false;
    *size = received.msg.data_len;
    return true;
}

/* A BMC that does not answer once is not asked again: self is closed, -1. */
static bool
ask_device(void *self, uint8_t function, uint8_t command, const uint8_t *data, size_t data_size,
           uint8_t *answer, size_t *size)
{
    int *fd = self;
    struct ipmi_msg message = {.netfn = function,
                               .cmd = command,
                               .data_len = (unsigned short)data_size,
                               .data = (unsigned char *)(uintptr_t)data};
    if (*fd < 0)
        return false;
    if (send_request(*fd, message) && receive_answer(*fd, answer, size))
        return true;
    close(*fd);
    *fd = -1;
    return false;
}

void
bmc_addresses_read(BmcAddresses *addresses, const char *root)
{
    g_autofree char *path = g_strconcat(root, "/dev/ipmi0", NULL);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return;
    bmc_addresses_ask(addresses, ask_device, &fd);
    if (fd >= 0)
        close(fd);
}
