/* Simulated BMCs: one process and one thread answer IPMI 2.0 (RMCP+) for many BMCs, each on its own
 * address and port, with users, power, boot flags, an event log, and faults that tests switch on.
 * What a power verb does is the owner's callback.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include <glib.h>

#include "bmc/ipmi/wire/chassis.h"
#include "bmc/ipmi/wire/message.h"

typedef struct IpmiServer IpmiServer;
/* owned by its server; alive until ipmi_server_remove() or ipmi_server_free() */
typedef struct IpmiBmc IpmiBmc;

typedef struct IpmiBmcUser {
    const char *name;     /* at most 16 bytes; "" is the null user */
    const char *password; /* at most 20 bytes */
    IpmiPrivilege privilege;
} IpmiBmcUser;

/* What the machine behind a BMC does. All are called on the server thread without any lock held;
 * they must not block (hand the work to another thread and return) and may call ipmi_bmc_*()
 * functions. NULL members: see each. */
typedef struct IpmiBmcOps {
    /* Is the machine powered? NULL: the BMC keeps a power state of its own. */
    bool (*get_power)(void *user_data);
    /* Does (or starts) a power verb. False with an error refuses it: BMC_BUSY is answered as C0h,
     * INVALID_STATE and CONFLICT as D5h, UNSUPPORTED as CCh, others as FFh. NULL: the BMC's own
     * power state changes. */
    bool (*chassis_control)(void *user_data, IpmiChassisControl control, GError **error);
    /* Identify light: seconds, 0 = off, 255 with `forever`. NULL: nothing happens. */
    void (*identify)(void *user_data, unsigned seconds, bool forever);
    /* Called after the boot flags were written. NULL: not needed. */
    void (*boot_flags_set)(void *user_data, const IpmiBootFlags *flags);
    /* Called after the BMC itself was reset (it has lost all sessions). NULL: not needed. */
    void (*bmc_reset)(void *user_data, bool cold);
    /* Characters that a client types at the machine's serial port (Serial over LAN); returns how
     * many of them it takes, the rest is offered again. NULL: there is no port, SOL is refused. */
    size_t (*serial_input)(void *user_data, const uint8_t *bytes, size_t size);
    /* The client sends a break. NULL: it is ignored. */
    void (*serial_break)(void *user_data);
    /* Any command the BMC does not know itself: fill the response and return true, or false for
     * C1h. NULL: C1h. */
    bool (*command)(void *user_data, const IpmiRequest *request, IpmiResponse *response);
} IpmiBmcOps;

/* Faults and limits of one BMC; a zeroed struct is a healthy BMC. */
typedef struct IpmiBmcFaults {
    /* The wire. */
    unsigned latency_ms;          /* before each answer */
    unsigned loss_per_mille;      /* of datagrams, in each direction */
    unsigned duplicate_per_mille; /* of answers sent twice */
    bool dead;                    /* answers nothing */
    bool garbage;                 /* answers random bytes only */
    bool noise;                   /* sends random bytes before each right answer */

    /* The login. */
    bool no_cipher_suite_query;    /* does not answer Get Channel Cipher Suites */
    bool no_auth_capabilities;     /* does not answer Get Channel Authentication Capabilities */
    int only_suite;                /* 3 or 17: refuses the other; 0: both */
    bool suite_insisted;           /* answers proposals of the other with this one's algorithms */
    bool suite_silent;             /* does not answer proposals of the other suite */
    bool refusal_without_id;       /* leaves the console's session id out of refused logins */
    bool ipmi_15_only;             /* says so, and does not answer RMCP+ */
    bool no_free_session;          /* every Open Session is answered "insufficient resources" */
    IpmiPrivilege privilege_limit; /* of every user; 0: their own */

    /* The session. */
    bool no_answer_after_login; /* authenticates, then is silent */
    /* no answer to Close Session: sessions end by time, or are replaced when slots are short */
    bool close_ignored;
    bool busy;             /* every command in a session is answered C0h, node busy */
    uint8_t starting_code; /* every command in a session is answered with this, */
    unsigned starting_ms;  /* for this time after these faults were set */

    /* Commands. */
    bool off_while_off_refused; /* with D5h */
    bool boot_option_0_refused; /* set-in-progress is answered 80h, as many BMCs do */
    bool boot_option_3_refused; /* valid bit clearing likewise */
    bool boot_flags_once;       /* flags that are to persist are refused with CCh */
    bool boot_flags_locked;     /* flags are refused with 82h until the parameter is unlocked */
    bool boot_flags_held;       /* a change has begun and not ended: 81h until then */
    bool short_device_id;       /* Get Device ID is answered with six bytes */
    bool no_device_id;          /* or not at all */
} IpmiBmcFaults;

/* Starts the server thread. Errors: INTERNAL. */
IpmiServer *ipmi_server_new(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Stops the thread and frees all BMCs. Not from a callback. NULL is fine. */
void ipmi_server_free(IpmiServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(IpmiServer, ipmi_server_free)

/* Adds a BMC listening at address:port (UDP). One descriptor each: raise RLIMIT_NOFILE for fleets.
 *
 * address     IPv4 or IPv6 literal
 * port        0: the kernel chooses; see ipmi_bmc_port()
 * users       copied; at most 15 (user ids 1..15 in this order)
 * ops         borrowed until the BMC is gone; NULL: a machine that only keeps its power state
 * Errors      INVALID (address, names), IO (bind)
 * Threads     any.
 */
IpmiBmc *ipmi_server_add(IpmiServer *server, const char *address, uint16_t port,
                         const IpmiBmcUser *users, size_t user_count, const IpmiBmcOps *ops,
                         void *user_data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Removes a BMC; when this returns no callback runs or will run for it. Any thread but the
 * server's. */
void ipmi_server_remove(IpmiServer *server, IpmiBmc *bmc);

/* Who has sent what is being done: "192.0.2.7:40000", "[2001:db8::7]:40000"; the caller frees. From
 * a callback of IpmiBmcOps only. */
char *ipmi_bmc_asker(const IpmiBmc *bmc);

/* All below: any thread, also from callbacks; none blocks, and what they are given is copied. */
uint16_t ipmi_bmc_port(const IpmiBmc *bmc);
void ipmi_bmc_set_faults(IpmiBmc *bmc, const IpmiBmcFaults *faults);

/* Manufacturer (20 bits, IANA enterprise number) and product of Get Device ID; default 0 and 0
 * ("unspecified"). */
void ipmi_bmc_set_identity(IpmiBmc *bmc, uint32_t manufacturer, uint16_t product);
void ipmi_bmc_set_guid(IpmiBmc *bmc, const uint8_t guid[16]);

/* Seconds after a chassis control until unused boot flags are void (28.12, parameter 3); default
 * 60000 ms. */
void ipmi_bmc_set_boot_flag_timeout(IpmiBmc *bmc, unsigned timeout_ms);
/* Milliseconds until an idle session is dropped; default 60000. Sessions at a time; default 8,
 * 1..32. */
void ipmi_bmc_set_session_limits(IpmiBmc *bmc, unsigned timeout_ms, unsigned slots);

/* Requires a K_g for login (two-key); size 0 takes it away. At most IPMI_KG_MAX bytes, more is a
 * bug of the caller. */
void ipmi_bmc_set_kg(IpmiBmc *bmc, const uint8_t *kg, size_t size);

/* The power state a BMC without get_power keeps; for tests and for machines that power off by
 * themselves. */
void ipmi_bmc_set_power(IpmiBmc *bmc, bool on);

/* What the machine's firmware does at power on or reset: reads the boot flags and, when they are
 * for one boot only, clears them. False: no valid flags, boot as usual (out-parameters
 * untouched). */
bool ipmi_bmc_take_boot_device(IpmiBmc *bmc, IpmiBootDevice *device, bool *persistent, bool *efi);

/* The flags as they stand, without taking them. */
void ipmi_bmc_peek_boot_flags(IpmiBmc *bmc, IpmiBootFlags *flags);

/* What the machine's serial port sends: goes to the client that has Serial over LAN, and nowhere if
 * none has it, or if it does not keep up. */
void ipmi_bmc_serial_output(IpmiBmc *bmc, const uint8_t *bytes, size_t size);

typedef struct IpmiBmcStats {
    uint64_t datagrams_received;
    uint64_t datagrams_dropped; /* malformed, unknown session, bad integrity */
    uint64_t sessions_opened;   /* logins that succeeded */
    uint64_t commands;          /* in sessions, repeated ones not counted */
    unsigned sessions;          /* now */
} IpmiBmcStats;
void ipmi_bmc_stats(IpmiBmc *bmc, IpmiBmcStats *stats);
