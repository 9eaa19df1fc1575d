/* The clients of BMC protocols that a process has: made once by its main, handed down to the
 * drivers. Code that passes them on knows none of the protocols.
 * SPDX-License-Identifier: Apache-2.0 */
#pragma once

typedef struct BmcGuard BmcGuard;
typedef struct HttpEngine HttpEngine;
typedef struct IloClient IloClient;
typedef struct IpmiClient IpmiClient;
typedef struct RedfishClient RedfishClient;

/* Immutable while drivers run; the clients are owned by the main. */
typedef struct BmcClients {
    BmcGuard *guard;  /* of all of them; NULL in some tests */
    IpmiClient *ipmi; /* NULL where nothing speaks IPMI: tests */
    HttpEngine *http; /* sends the requests of those below */
    IloClient *ilo;
    RedfishClient *redfish;
} BmcClients;
