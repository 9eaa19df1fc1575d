/* Orders from the BMCs' thread to the main thread. Only the main thread starts and stops machines:
 * a child needs a thread that lives as long as the lab (see common/process.h), and a BMC must
 * answer at once.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "bmc/ipmi/wire/chassis.h"

#include <glib.h>

typedef struct Mailbox Mailbox;

typedef enum MailboxKind {
    MAILBOX_CONTROL, /* switch the machine */
    MAILBOX_BREAK,   /* send a break to its serial port */
    MAILBOX_MEDIUM   /* change what is in a drive */
} MailboxKind;

typedef struct MailboxOrder {
    MailboxKind kind;
    void *recipient; /* borrowed; must outlive the mailbox */
    IpmiChassisControl control;
    unsigned slot; /* a RedfishSlot */
    char *file;    /* of the medium, a name in the lab's folder; owned by the order; NULL: none */
} MailboxOrder;

/* Errors: IO. */
Mailbox *mailbox_new(GError **error) G_GNUC_WARN_UNUSED_RESULT;
void mailbox_free(Mailbox *mailbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Mailbox, mailbox_free)

/* Readable while an order waits. */
int mailbox_fd(const Mailbox *mailbox);

/* Takes the order's file when it succeeds. Any thread. Errors: BMC_BUSY when 1024 orders wait. */
bool mailbox_put(Mailbox *mailbox, const MailboxOrder *order,
                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The oldest order, whose file is the caller's; false when there is none. Any thread. */
bool mailbox_take(Mailbox *mailbox, MailboxOrder *order);
