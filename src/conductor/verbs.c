/* The table of what a conductor answers; the contract is in verbs.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "conductor/verbs.h"

enum {
    VERB_COUNT = 0
#define VERB(code, handler, lock, pool, purpose) +1
#include "conductor/verbs.def"
#undef VERB
};
_Static_assert(VERB_COUNT == (int)RPC_METHOD_COUNT,
               "each method of rpc/methods.def needs a row in conductor/verbs.def");

static const Verb verbs[RPC_METHOD_COUNT] = {
#define VERB(code, handler, lock, pool, purpose)                                                   \
    [RPC_##code] = {handler, VERB_##lock, CONDUCTOR_##pool, purpose},
#include "conductor/verbs.def"
#undef VERB
};

const Verb *
verb_row(RpcMethod method)
{
    return &verbs[method];
}
