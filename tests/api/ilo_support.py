"""What the suites about iLOs beyond power and boot have in common: steel-lab's iLO and a manageable node, the test as the machine
and its agent.

SPDX-License-Identifier: Apache-2.0
"""
import ramdisk_support
import simulated_bmc
from faults_support import until
from ramdisk_support import MAC


class IloSuite(ramdisk_support.Suite):
    """Each test has a manageable node with an iLO of its own."""

    own_options = ("enabled_hardware_types=ilo,ilo5,fake-hardware", "ilo.power_wait=1", "enabled_network_interfaces=noop")
    bmc_words = ("--bmc", "ilo5", "--uefi")
    driver, boot = "ilo5", "ilo-ipxe"

    def setUp(self):
        self.bmc = simulated_bmc.Bmc(*self.bmc_words)
        self.addCleanup(self.bmc.stop)
        self.bmc.set("post-ms=0")
        info = {"ilo_address": self.bmc.host, "client_port": self.bmc.port, "ilo_username": simulated_bmc.USER,
                "ilo_password": simulated_bmc.PASSWORD, "ilo_verify_ca": self.bmc.certificate}
        self.uuid = self.node(driver=self.driver, driver_info=info, boot_interface=self.boot,
                              properties={"capabilities": "boot_mode:uefi"})["uuid"]
        self.want(201, "POST", "/v1/ports", {"node_uuid": self.uuid, "address": MAC})
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")

    def bmc_get(self, path):
        return self.bmc.ask("GET", path).json

    def request(self, step, args, interface="management", **more):
        self.ask(self.uuid, "clean", clean_steps=[{"interface": interface, "step": step, "args": args}], **more)

    def without_agent(self, step, args, state="manageable"):
        """A cleaning of one step that needs no ramdisk; the node."""
        self.request(step, args, disable_ramdisk=True)
        return self.rest(self.uuid, state)

    def fails(self, step, args, words):
        self.assertIn(words, self.without_agent(step, args, "clean failed")["last_error"])
        self.recover()

    def recover(self):
        self.when_free(202, "DELETE", "/v1/nodes/%s/maintenance" % self.uuid)
        self.ask(self.uuid, "manage")
        self.rest(self.uuid, "manageable")

    def starts_again(self, agent):
        """The agent calls, and the machine starts again for the step; the agent of that start, which has not called."""
        posts = self.bmc.status()["posts"]
        agent.call()
        until("the machine starts again", lambda: self.bmc.status()["posts"] == posts + 1)
        self.rest(self.uuid, "clean wait")
        return self.boots(state="clean wait")[0]
