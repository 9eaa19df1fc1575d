/* Runs the same cases on every implementation of a kind of interface: a new row of interfaces.def
 * inherits its tests.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once
#include "driver_fixture.h"
#include "drivers/registry_internal.h"

/* What a case gets: a task whose interface of this kind is the row's, with real surroundings. The
 * node is one of fake-hardware, its other interfaces are fakes, but management and power are those
 * of the row's name, or of its first word, where there are any; it has a boot volume and everything
 * that belongs to it (for an interface that boots none: a port, kernel and ramdisk), and storage
 * external. */
typedef struct Subject {
    DriverFixture *fixture;
    Task *task;
    const Interface *interface;
} Subject;

typedef struct ContractCase {
    const char *sentence;
    void (*run)(Subject *subject);
} ContractCase;

/* Runs each case on each row of the kind; returns what main returns. Tests are named "power
 * ipmitool: <sentence>". */
int contract_run(InterfaceType type, const ContractCase *cases, size_t count);

/* Makes the subject fail: the fake is told to, the BMC no longer takes the password. */
void contract_break(Subject *subject, const char *action);

/* True when the subject is the row of this name. */
bool contract_is(const Subject *subject, const char *name);
