/* Orders between threads; the contract is in mailbox.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "lab/mailbox.h"

#include "common/error.h"
#include "common/lock.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ORDER_LIMIT 1024

struct Mailbox {
    int fd; /* owned, eventfd */
    Lock lock;
    MailboxOrder orders[ORDER_LIMIT] GUARDED; /* ring */
    unsigned first GUARDED, count GUARDED;
};

Mailbox *
mailbox_new(GError **error)
{
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0) {
        steel_fail(error, STEEL_ERROR_IO, "eventfd: %s", g_strerror(errno));
        return NULL;
    }
    Mailbox *mailbox = g_new0(Mailbox, 1);
    mailbox->fd = fd;
    lock_init(&mailbox->lock, LOCK_RANK_MAILBOX);
    return mailbox;
}

void
mailbox_free(Mailbox *mailbox)
{
    if (mailbox == NULL)
        return;
    MailboxOrder order;
    while (mailbox_take(mailbox, &order))
        g_free(order.file);
    close(mailbox->fd);
    lock_destroy(&mailbox->lock);
    g_free(mailbox);
}

int
mailbox_fd(const Mailbox *mailbox)
{
    return mailbox->fd;
}

bool
mailbox_put(Mailbox *mailbox, const MailboxOrder *order, GError **error)
{
    lock_acquire(&mailbox->lock);
    bool room = mailbox->count < ORDER_LIMIT;
    if (room)
        mailbox->orders[(mailbox->first + mailbox->count++) % ORDER_LIMIT] = *order;
    lock_release(&mailbox->lock);
    if (!room)
        return steel_fail(error, STEEL_ERROR_BMC_BUSY, "%d orders wait already", ORDER_LIMIT);
    uint64_t one = 1;
    ssize_t ignored = write(mailbox->fd, &one, sizeof one);
    (void)ignored; /* it can only fail by being full, and then it is readable */
    return true;
}

bool
mailbox_take(Mailbox *mailbox, MailboxOrder *order)
{
    lock_acquire(&mailbox->lock);
    bool any = mailbox->count > 0;
    if (any) {
        *order = mailbox->orders[mailbox->first];
        mailbox->first = (mailbox->first + 1) % ORDER_LIMIT;
        mailbox->count--;
    } else {
        uint64_t waiting;
        ssize_t ignored = read(mailbox->fd, &waiting, sizeof waiting);
        (void)ignored; /* not readable: nothing to reset */
    }
    lock_release(&mailbox->lock);
    return any;
}
