"""What calls to the services of a cloud are right: in which order, which may fail, and where Steel may ask more than Ironic.

SPDX-License-Identifier: Apache-2.0
"""
import re

# How clients of the same service write the same place.
SPELLINGS = ((re.compile(r"(/v3)/\{\}(?=/volumes)"), r"\1"),)

# (what is asked, what must have been asked before it, how often that counts): regular expressions of shapes, about the same volume. What
# a service itself forbids (a port's address changes only while it is unbound) it refuses, which is a failure as well.
ONCE, ALWAYS = True, False
ORDER = (
    (r"POST .*/action os-reserve", r"GET /v3.*/volumes/\{\}", ONCE),
    (r"POST .*/action os-initialize_connection", r"POST .*/action os-reserve", ONCE),
    (r"POST .*/action os-attach", r"POST .*/action os-initialize_connection", ONCE),
    (r"POST .*/action os-begin_detaching", r"POST .*/action os-attach", ONCE),
    (r"POST .*/action os-terminate_connection", r"POST .*/action os-begin_detaching", ONCE),
    (r"POST .*/action os-detach", r"POST .*/action os-terminate_connection", ONCE),
    (r"GET /v1/AUTH_\{\}/glance/.*", r"GET /v2/images/\{\}", ALWAYS),
    (r"DELETE /v2.0/ports/\{\}", r"POST /v2.0/ports", ONCE),
)

# What differs and why; a row that fits nothing is an error.
# Calls that are refused: (side, shape, status, why).
REFUSED = (
    ("Ironic", r"GET /v2.0/networks/(cleaning|provisioning)", 404, "openstacksdk takes a network's name for its ID first"),
    ("Steel", r"PUT /v1/AUTH_\{\}/ironic_configdrive_container/\{\}", 404, "the container is made when it is not there, not before each drive"),
)
# What is left: (side, what, why).
LEFT = (
    ("Ironic", r"object ironic_configdrive_container/configdrive-.*", "it has an end, X-Delete-After"),
    ("Ironic", r"the user's port has the DHCP options of the boot from a volume", "Ironic does not take them back"),
)
# What Steel does not do yet, so that these calls of Ironic do not count: (shape, why).
MISSING = ()
# Where Steel asks more: (round, service, how many, why).
MORE = (
    ("image", "swift", 1, "Steel removes the config drive, which Ironic leaves to its end"),
)
USED = set()


def row_of(table, *values):
    """The first row whose patterns fit the values; it is used."""
    for row in table:
        if all(re.fullmatch(pattern, value) if isinstance(pattern, str) else pattern == value for pattern, value in zip(row, values)):
            USED.add(row)
            return row
    return None


def unused():
    return [row for row in (*REFUSED, *LEFT, *MISSING, *MORE) if row not in USED]


def plain(shape):
    for pattern, by in SPELLINGS:
        shape = pattern.sub(by, shape)
    return shape


def thing_of(call):
    """The volume that a call is about."""
    found = re.search(r"/volumes/([^/?]+)", call.path)
    return found.group(1) if found else None


def order(calls):
    """Complaints about calls that came before what they need."""
    wrong = []
    good = [call for call in calls if isinstance(call.status, int) and call.status < 400]
    for what, before, once in ORDER:
        ready = set()
        for call in good:
            place, thing = call.shape.split("?")[0], thing_of(call)
            if re.fullmatch(before, place):
                ready.add(thing)
            elif re.fullmatch(what, place):
                if thing not in ready:
                    wrong.append("%s without %s" % (call.shape, before))
                if once:
                    ready.discard(thing)
    return wrong


def failures(side, calls):
    return ["%s was answered %s" % (call.shape, call.status) for call in calls if not isinstance(call.status, int) or call.status >= 400
            if not row_of(REFUSED, side, call.shape, call.status)]


def leftovers(side, left):
    return ["%s is left" % what for what in left if not row_of(LEFT, side, what)]


def counts(call):
    """Whether the call is one of those that are compared."""
    return row_of(MISSING, call.shape) is None


def allowed(name, service):
    row = row_of(MORE, name, service)
    return row[2] if row else 0
