/* A simulated machine of a fleet: its power, its disk, what it is at, and the agent in it. No I/O:
 * life.c does what it decides to do, agent_server.c asks it for answers, a BMC switches it.
 *
 * Threads: the lock guards what says GUARDED. One job at a time works for a machine (`busy`); what
 * says "job" belongs to it alone. Nothing here blocks.
 *
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "agent_protocol/parameters.h"
#include "bmc/ipmi/bmc/server.h"
#include "common/lock.h"
#include "common/pool.h"
#include "common/uuid.h"
#include "lab/fleet/boot_script.h"
#include "lab/fleet/certificates.h"
#include "lab/fleet/doors.h"
#include "lab/fleet/order_journal.h"
#include "lab/fleet/teletype.h"
#include "lab/options.h"
#include "model/agent_protocol.h"

#include <jansson.h>
#include <stdatomic.h>

typedef enum MachinePhase {
#define MACHINE_PHASE(code, word, works) MACHINE_##code,
#include "lab/fleet/machine_phases.def"
#undef MACHINE_PHASE
    MACHINE_PHASE_COUNT
} MachinePhase;

/* What happened to a machine, counted. */
typedef enum MachineCount {
#define MACHINE_COUNT(code, word, purpose) COUNT_##code,
#include "lab/fleet/machine_counts.def"
#undef MACHINE_COUNT
    MACHINE_COUNT_COUNT
} MachineCount;

/* The words of the tables; static. */
const char *machine_phase_word(MachinePhase phase);
const char *machine_count_word(MachineCount count);
/* "on", "off", ... */
const char *machine_order_word(IpmiChassisControl order);

/* What all machines of a fleet share. */
typedef struct MachineShared {
    const LabOptions *options;  /* borrowed */
    const char *boot_url;       /* borrowed */
    Pool *pool;                 /* borrowed */
    PoolJob job;                /* a machine's turn; gets the machine */
    Doors *doors;               /* borrowed; NULL in tests */
    Certificates *certificates; /* borrowed */
    OrderJournal *journal;      /* borrowed; NULL: none is kept */
    atomic_bool stopping;
} MachineShared;

/* A command's result, as agent_server.c shows it; counted by references (results.h). */
typedef struct MachineResult {
    char id[UUID_TEXT_SIZE];
    AgentCommand command;
    const char *status;    /* AGENT_STATUS_… */
    json_t *value, *error; /* owned; NULL: null */
    bool gone;             /* its agent has ended */
} MachineResult;

/* What a command does to its machine when it has succeeded. */
typedef enum MachineEffect {
    EFFECT_NONE,
    EFFECT_WRITTEN,   /* the disk has an image */
    EFFECT_ERASED,    /* it has none */
    EFFECT_POWER_OFF, /* the machine goes off */
    EFFECT_RESTART,
    EFFECT_LEAVE, /* the agent ends */
} MachineEffect;

/* The command that runs on after its answer. */
typedef struct MachineWork {
    bool runs;
    int64_t begun_ms, due_ms;
    MachineEffect effect;
    GError *fault;     /* owned: how it is going to fail; NULL: it succeeds */
    const char *phase; /* of its progress; static */
    char *check_url;   /* owned: an image to ask for before anything else; NULL: none */
    int64_t check_due_ms;
    unsigned check_failures;
    int64_t size;  /* bytes to write; -1: unknown */
    json_t *value; /* owned: of its success */
} MachineWork;

#define MACHINE_HISTORY 32

typedef struct FleetMachine {
    MachineShared *shared; /* borrowed */
    unsigned index;
    uint16_t port; /* UDP: its BMC; TCP: its agent */
    char *name, *uuid;
    char mac[18];

    IpmiBmc *bmc;      /* borrowed; NULL in tests */
    Teletype teletype; /* at its serial port; the BMC server's thread */

    /* Job: the agent's view of its service. */
    BootScript script;
    Parameters *parameters; /* owned; NULL: no ramdisk was booted yet */
    char *node_uuid;        /* owned; as the lookup said */
    unsigned api_minor;     /* version of the API; 0: it has not told yet */
    int64_t heartbeat_timeout_s, progress_interval_s;
    char *certificate; /* owned: PEM; NULL before its first agent */

    Lock lock;
    MachinePhase phase GUARDED;
    unsigned epoch GUARDED;       /* grows when the power changes: what was under way is void */
    bool busy GUARDED;            /* a job works for it */
    int64_t scheduled_ms GUARDED; /* the next job's turn; INT64_MAX: none */
    int64_t due_ms GUARDED;       /* of the phase */
    unsigned attempts GUARDED;    /* of the phase that failed, in a row */
    int64_t power_due_ms GUARDED; /* when the power changes by itself; INT64_MAX: it does not */
    bool power_due_on GUARDED;
    bool has_image GUARDED;     /* on its disk */
    char *token GUARDED;        /* of the agent; NULL: none */
    int64_t started_ms GUARDED; /* wall clock: the agent's start */
    int64_t heartbeat_due_ms GUARDED, heartbeat_last_ms GUARDED;
    int64_t progress_due_ms GUARDED;
    MachineWork work GUARDED;
    GQueue results GUARDED;  /* of MachineResult, oldest first */
    uint32_t rolls GUARDED;  /* of the dice */
    uint32_t pauses GUARDED; /* that were chosen */
    unsigned counts[MACHINE_COUNT_COUNT] GUARDED;
    uint8_t history[MACHINE_HISTORY] GUARDED; /* IpmiChassisControl, the last ones */
    unsigned history_length GUARDED;          /* since the start */
} FleetMachine;

/* Makes a machine that is off, in place. shared: borrowed until machine_clear, which frees what the
 * machine owns when no thread has it any more. port: of BMC and agent. */
void machine_init(FleetMachine *machine, MachineShared *shared, unsigned index, uint16_t port);
void machine_clear(FleetMachine *machine);

/* A number from 0 to 1 for the length of a pause. How many pauses there are is a matter of time, so
 * they are no throws of the dice. */
double machine_pause(FleetMachine *machine) REQUIRES(machine->lock);

/* True with this chance; the same for the same seed, machine and number of the throw. */
bool machine_roll(FleetMachine *machine, int per_mille) REQUIRES(machine->lock);

static inline void machine_count(FleetMachine *machine, MachineCount count) REQUIRES(machine->lock);

static inline void
machine_count(FleetMachine *machine, MachineCount count)
{
    machine->counts[count]++;
}

/* Sees that a job takes its turn at this time (monotonic). */
void machine_wake(FleetMachine *machine, int64_t at_ms) REQUIRES(machine->lock);

/* Its next turn, of all that it waits for; INT64_MAX: it waits for nothing. */
int64_t machine_next_due(const FleetMachine *machine) REQUIRES(machine->lock);

/* Enters a phase whose turn comes after a delay. */
void machine_enter(FleetMachine *machine, MachinePhase phase, int64_t delay_ms)
    REQUIRES(machine->lock);

/* Half of a boot's time: what the firmware takes, and what the ramdisk takes. */
int64_t machine_half_boot_ms(const FleetMachine *machine);

/* Switches the machine on or off, as if by itself: whatever ran has ended. */
void machine_switch(FleetMachine *machine, bool on) REQUIRES(machine->lock);

/* The agent of this boot begins or ends: its results and its token are gone, its door is closed. */
void machine_agent_end(FleetMachine *machine) REQUIRES(machine->lock);

/* {"name", "uuid", "mac", "port", "phase", "image", "power": ["on", ...], COUNT...}, a new
 * object. Any thread. */
json_t *machine_report(FleetMachine *machine);
