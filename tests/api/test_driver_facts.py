"""What the drivers redfish, ilo and ilo5 are, from their tables, beside what Ironic's are: interfaces, properties, steps, vendor
methods, RAID. tests/data/ironic-drivers.json is Ironic 21.4.4 (tests/foreign/record_ironic_drivers has written it).

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import re
import subprocess
import unittest

import harness

PROGRAM = os.path.join(os.path.dirname(harness.STEELD), "tests/unit/drivers/driver_facts")
RECORDED = os.path.join(harness.ROOT, "tests/data/ironic-drivers.json")

# What Steel does not have yet. A row may have become needless.
NOT_THERE = [
    (r"hardware_types/[^/]+/deploy/(anaconda|ansible|custom-agent)", "nor has any hardware type"),
    (r"hardware_types/[^/]+/inspect/inspector", "the inspector is in Steel itself: inspect interface agent"),
    (r"(hardware_types/redfish/boot/|interfaces/boot\.)redfish-virtual-media", "virtual media over Redfish"),
    (r"(hardware_types/redfish/raid/|interfaces/raid\.)redfish", "RAID by the BMC"),
    (r"(hardware_types/redfish/vendor/|interfaces/vendor\.)redfish", "subscriptions to events"),
    (r"interfaces/raid\.agent/deploy_steps", "RAID in a deploy"),
    (r"interfaces/boot\.[\w-]+/properties/(kernel_append_params|force_persistent_boot_device|bootloader|rescue_\w+|deploy_\w+)",
     "virtual media are under way"),
]

# What Steel has and Ironic has not. A row may have become needless.
MORE = [
    (r"hardware_types/[^/]+/firmware", "a kind of interface of later releases"),
    (r"hardware_types/[^/]+/\w+/[\w-]+", "an interface of later releases, or of Steel's own"),
    (r"interfaces/vendor\.\w+/(driver_)?methods/\w+", "likewise"),
    (r"interfaces/\w+\.(ilo|redfish)[\w-]*/properties/\w+", "every interface lists what it reads"),
    (r"interfaces/(management|raid)\.\w+/\w+_steps/\w+", "a step that a deploy or a cleaning may use as well"),
]

# What is another thing on purpose.
MEANT = [
    (r"interfaces/(bios\.ilo|management\.\w+|raid\.ilo5|raid\.redfish)/\w+_steps/\w+/requires_ramdisk", "the BMC alone does it: disable_ramdisk is fine"),
    (r"interfaces/deploy\.\w+/deploy_steps/\w+/requires_ramdisk", "a deploy has its ramdisk"),
    (r"interfaces/management\.ilo5?/\w+_steps/reset_ilo_credential/args/(change|ilo)_password",
     "the argument that Ironic's step takes is not the one that it lists: either is taken"),
    (r"interfaces/boot\.ilo-(virtual-media|uefi-https)/properties/(deploy|rescue)_iso", "likewise; a kernel and a ramdisk will do as well"),
    (r"interfaces/deploy\.(direct|ramdisk)/deploy_steps/\w+/abortable", "a deploy can be aborted between and in its steps"),
    (r"interfaces/deploy\.direct/properties/\w+|interfaces/rescue\.agent/properties/rescue_(kernel|ramdisk)",
     "the interface that reads a property lists it"),
    (r"interfaces/raid\.agent/clean_steps/create_configuration/args/\w+", "the agent's arguments, which Ironic does not list"),
]


def named(document):
    """The lists of interfaces as objects, so that one more is one difference; their order beside them."""
    kinds = {hardware: dict({kind: {name: True for name in names} for kind, names in kinds.items()})
             for hardware, kinds in document["hardware_types"].items()}
    return {"hardware_types": kinds, "interfaces": document["interfaces"]}


def differences(ironic, steel, at=""):
    if isinstance(ironic, dict) and isinstance(steel, dict):
        for key in sorted(set(ironic) | set(steel)):
            yield from differences(ironic.get(key), steel.get(key), at + "/" + key if at else key)
    elif ironic != steel and not (ironic in (None, {}) and steel in (None, {})):
        yield at, ironic, steel


class DriverFacts(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        done = subprocess.run([PROGRAM], stdout=subprocess.PIPE, timeout=harness.LIMIT_S, check=True)
        cls.steel = json.loads(done.stdout)
        with open(RECORDED, encoding="utf-8") as file:
            cls.ironic = json.load(file)

    def judged(self):
        """Both, without the hardware types and interfaces that only Steel has."""
        steel = {"hardware_types": {name: self.steel["hardware_types"][name] for name in self.ironic["hardware_types"]},
                 "interfaces": {name: facts for name, facts in self.steel["interfaces"].items() if name in self.ironic["interfaces"]}}
        return named(self.ironic), named(steel)

    def test_what_differs_from_ironic_is_known(self):
        used, left = set(), []
        for place, ironic, steel in differences(*self.judged()):
            kinds = (NOT_THERE if steel is None else []) + (MORE if ironic is None else [])
            rows = [row for row in kinds if re.fullmatch(row[0], place)] or [row for row in MEANT if re.fullmatch(row[0], place)]
            used.update(rows)
            if not rows:
                left.append("%s: Ironic %s, Steel %s" % (place, json.dumps(ironic), json.dumps(steel)))
        left += ["nothing differs any more as in %s (%s)" % row for row in MEANT if row not in used]
        self.assertEqual([], left, "\n" + "\n".join(left))

    def test_interfaces_are_preferred_in_the_same_order(self):
        for hardware, kinds in self.ironic["hardware_types"].items():
            for kind, names in kinds.items():
                ours = self.steel["hardware_types"][hardware][kind]
                with self.subTest(hardware=hardware, kind=kind):
                    self.assertEqual([name for name in names if name in ours], [name for name in ours if name in names])


if __name__ == "__main__":
    unittest.main()
