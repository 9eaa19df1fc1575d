"""Which tests are left out where API and conductor are processes of their own (tests/on-cluster), and why.

SPDX-License-Identifier: Apache-2.0
"""

METRICS = "asks the API's /metrics for what the conductor has counted, which a process of its own tells on its own listener (test_rpc_metrics)"
OWN_BROKER = "has a broker of its own at [DEFAULT]transport_url, where API and conductor do not meet"

# "module", "module.Class" or "module.Class.test": the reason.
LEFT_OUT = {
    "test_bus.Console": OWN_BROKER,
    "test_bus.Fields": OWN_BROKER,
    "test_bus.Sensors": OWN_BROKER,
    "test_faults_bmc.Absent.test_a_dead_bmc_is_left_alone_until_its_settings_change": METRICS,
    "test_faults_bmc.Absent.test_a_refused_login_is_not_sent_again_until_it_is_changed": METRICS,
    "test_observe_metrics.MetricsOfApi.test_transitions_and_calls_are_counted": METRICS,
    "test_redfish_faults.Leaving": METRICS,
    "test_redfish_fleet.Forty.test_logins_under_way_are_ended_too": METRICS,
    "test_sensors": METRICS,
}


def reason(test):
    """Why a test is left out; None: it is not."""
    words = test.id().split(".")
    return next((LEFT_OUT[".".join(words[:count])] for count in (1, 2, 3) if ".".join(words[:count]) in LEFT_OUT), None)
