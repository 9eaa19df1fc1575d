"""Runs in the Debian of the newest Ironic: its `baremetal` and its openstacksdk, each told what it is to do, one thing after another.

    newest_clients.py TOURS PROXY baremetal|sdk|nova

nova: the calls that the ironic driver of nova-compute 34 makes of openstacksdk in the life of servers.

The clients speak to PROXY, which is told the name of each thing before it begins (record_newest_clients).

SPDX-License-Identifier: Apache-2.0
"""
import os
import sys
import urllib.parse
import urllib.request

TOURS, PROXY, CLIENT = sys.argv[1:4]
sys.path.insert(0, os.path.dirname(TOURS))
import tour_cli  # noqa: E402
import tour_common  # noqa: E402
import tour_sdk  # noqa: E402
from tour_sdk import NODE, NOBODY, OTHER, own  # noqa: E402

RUNBOOK_STEP = {"interface": "bios", "step": "factory_reset", "args": {}, "order": 1}
ACTION = {"op": "set-attribute", "args": {"path": "/extra/seen", "value": "yes"}}


def begin(name):
    urllib.request.urlopen(PROXY + "/begin?" + urllib.parse.quote(name)).read()


def baremetal():
    from ironicclient import shell

    client = tour_cli.Shell(shell.main, tour_cli.commands_of("openstack.baremetal.v1", "baremetal "), ["baremetal"])
    client.knows_json = lambda arguments: False
    with open(os.path.join(TOURS, "commands_newest.txt")) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                begin(line.strip())
                status, _, err = client.run(quoted(line.strip()))
                print(status, line.strip(), "" if status == 0 else err.strip().splitlines()[-1:])


def quoted(line):
    """JSON in a line is one word to the shell."""
    return " ".join("'%s'" % word if word[0] in "[{" and '"' in word else word for word in line.split(" ")) if '"' in line and "[" in line else line


class Caller:
    """Calls the proxy of the SDK; the recorder is told what is called."""

    def __init__(self, proxy):
        self.proxy = proxy

    def __getattr__(self, method):
        def call(*arguments, **named):
            begin("%s(%s)" % (method, ", ".join([repr(a) for a in arguments] + ["%s=%r" % item for item in named.items()])))
            try:
                value = getattr(self.proxy, method)(*arguments, **named)
                if hasattr(value, "__next__"):
                    value = list(value)
                print("ok", method)
                return value
            except Exception as error:  # what it was answered is what is kept
                print(type(error).__name__, method, str(error)[:150])
                return None
        return call


def newest_calls(call):
    """What openstacksdk 4.20 knows beyond 0.101."""
    call.create_node(driver="fake-hardware", id=NODE, name="sdk-1", firmware_interface="fake", is_automated_clean_enabled=False)
    call.create_node(driver="fake-hardware", id=OTHER, name="sdk-2", parent_node=NODE, shard="east")
    call.nodes(details=True, include_children=True)
    call.nodes(parent_node=NODE)
    call.nodes(fields=["uuid", "parent_node"], include_children=True)
    call.nodes(shard="east")
    call.get_node(NODE)
    call.get_node(OTHER, fields=["uuid", "firmware_interface", "parent_node", "shard"])
    call.update_node(NODE, instance_name="vm-1")
    call.update_node(NODE, disable_power_off=True)
    call.list_node_firmware(NODE)
    call.list_node_firmware(NOBODY)
    call.get_node_inventory(NODE)
    call.get_node_boot_device(NODE)
    call.get_node_supported_boot_devices(NODE)
    call.inject_nmi_to_node(NODE)
    call.get_node_console(NODE)
    call.enable_node_console(NODE)
    call.disable_node_console(NODE)
    call.attach_vmedia_to_node(NODE, "cdrom", "http://192.0.2.1/a.iso")
    call.attach_vmedia_to_node(NODE, "nonesuch", "http://192.0.2.1/a.iso")
    call.detach_vmedia_from_node(NODE)
    call.detach_vmedia_from_node(NODE, ["cdrom"])
    call.create_port(node_id=NODE, id=own("p", 1), address="52:54:00:00:0e:01", name="eth0")
    call.ports(details=True)
    call.get_port("eth0")
    call.find_port("eth0")
    call.create_port_group(node_id=NODE, id=own("g", 1), name="bond")
    call.port_groups(details=True)
    call.create_runbook(id=own("r", 1), name="CUSTOM_SDK", steps=[RUNBOOK_STEP], extra={"a": 1})
    call.create_runbook(name="CUSTOM_SDK", steps=[RUNBOOK_STEP])
    call.create_runbook(name="bad", steps=[RUNBOOK_STEP])
    call.runbooks()
    call.runbooks(details=True)
    call.get_runbook("CUSTOM_SDK")
    call.get_runbook(own("r", 1), fields=["uuid", "name"])
    call.get_runbook(NOBODY)
    call.update_runbook("CUSTOM_SDK", extra={"b": 1})
    call.update_runbook(own("r", 1), is_public=True)
    call.patch_runbook(own("r", 1), [{"op": "replace", "path": "/name", "value": "CUSTOM_OTHER"}])
    call.add_runbook_trait(own("r", 1), "CUSTOM_A")
    call.set_runbook_traits(own("r", 1), ["CUSTOM_A", "CUSTOM_B"])
    call.remove_runbook_trait(own("r", 1), "CUSTOM_B")
    call.create_inspection_rule(id=own("i", 1), description="words", actions=[ACTION], conditions=[])
    call.create_inspection_rule(actions=[], conditions=[])
    call.inspection_rules()
    call.inspection_rules(details=True)
    call.get_inspection_rule(own("i", 1))
    call.get_inspection_rule(NOBODY)
    call.update_inspection_rule(own("i", 1), description="other")
    call.patch_inspection_rule(own("i", 1), [{"op": "replace", "path": "/priority", "value": 7}])
    call.find_deploy_template("nonesuch")
    call.set_node_provision_state(NODE, "manage", wait=True, timeout=60)
    call.set_node_provision_state(NODE, "clean", clean_steps=[dict(RUNBOOK_STEP)], wait=True, timeout=60)
    call.set_node_provision_state(NODE, "clean", clean_steps=[{"interface": "bios", "step": "factory_reset", "args": {}}], wait=True, timeout=60)
    call.set_node_provision_state(NODE, "unhold")
    call.set_node_provision_state(NODE, "provide", wait=True, timeout=60)
    call.create_allocation(id=own("a", 1), name="sdk", resource_class="none")
    call.allocations()
    call.delete_allocation("sdk")
    call.set_node_provision_state(NODE, "active", wait=True, timeout=60)
    call.get_node(NODE)
    call.set_node_provision_state(NODE, "deleted", wait=True, timeout=60)
    for delete, items in ((call.delete_inspection_rule, [own("i", 1), NOBODY]), (call.delete_runbook, [own("r", 1), NOBODY]),
                          (call.delete_port, ["eth0"]), (call.delete_port_group, ["bond"]), (call.delete_node, [OTHER, NODE, NOBODY])):
        for item in items:
            delete(item)


# Fields that nova-compute asks for, by their names in the API.
NOVA_FIELDS = ("uuid", "power_state", "target_power_state", "provision_state", "target_provision_state", "last_error", "maintenance",
               "properties", "instance_uuid", "traits", "resource_class")
INSTANCE, VIF = own("i", 1), own("v", 1)
# What it writes into instance_info of a server from an image.
OF_SERVER = {"image_source": "http://127.0.0.1:1/image", "root_gb": "10", "swap_mb": "0", "display_name": "server-1", "vcpus": "4", "nova_host_id": "compute-1",
             "memory_mb": "1024", "local_gb": "100", "project_id": "p", "project_name": "project", "user_id": "u", "user_name": "user",
             "flavor_name": "gold", "fixed_ips": "[]", "floating_ips": "[]", "traits": ["CUSTOM_FAST"]}


def nova_looks(call):
    """What it asks each minute, and of a server's node."""
    call.nodes(fields=NOVA_FIELDS)
    call.nodes(fields=NOVA_FIELDS, shard="east")
    call.nodes(fields=("instance_uuid",), associated=True)
    call.nodes(fields=("uuid",), associated=True)
    call.nodes(fields=NOVA_FIELDS, instance_id=INSTANCE)
    call.get_node(NODE, fields=NOVA_FIELDS)


def nova_spawn(call):
    call.update_node(NODE, retry_on_conflict=False, instance_id=INSTANCE)
    call.update_node(NODE, retry_on_conflict=False, instance_id=own("i", 2))
    call.patch_node(NODE, [{"op": "add", "path": "/instance_info/" + name, "value": value} for name, value in OF_SERVER.items()])
    call.create_volume_target(node_id=NODE, volume_type="iscsi", boot_index=0, volume_id=own("w", 1),
                              properties={"target_iqn": "iqn.2026-11.org.example:v", "target_portal": "192.0.2.1:3260", "target_lun": 0})
    call.attach_vif_to_node(NODE, VIF, retry_on_conflict=False)
    call.attach_vif_to_node(NODE, VIF, retry_on_conflict=False)
    call.validate_node(NODE, required=None)
    call.volume_targets(details=True, node=NODE)
    call.volume_connectors(details=True, node=NODE)
    call.ports(node=NODE, details=True)
    call.port_groups(node=NODE, details=True)
    call.port_groups(node=NODE, address="52:54:00:00:0f:01", details=True)
    call.ports(node=NODE, address="52:54:00:00:0f:01", details=True)
    call.set_node_provision_state(NODE, "active", config_drive={"meta_data": {"hostname": "server-1"}})


def nova_life(call):
    call.set_node_power_state(NODE, "soft rebooting")
    call.set_node_power_state(NODE, "rebooting")
    call.set_node_power_state(NODE, "soft power off", 30)
    call.set_node_power_state(NODE, "power off")
    call.set_node_power_state(NODE, "power on")
    call.inject_nmi_to_node(NODE)
    call.get_node_console(NODE)
    call.enable_node_console(NODE)
    call.get_node_console(NODE)
    call.get_node(NODE, fields=("uuid", "driver_internal_info"))
    call.disable_node_console(NODE)
    call.set_node_provision_state(NODE, "rescue", rescue_password="made-up")
    call.set_node_provision_state(NODE, "unrescue")
    call.set_node_provision_state(NODE, "rebuild", config_drive=None)


def nova_destroy(call):
    call.set_node_provision_state(NODE, "deleted")
    call.nodes(fields=NOVA_FIELDS, instance_id=INSTANCE)
    call.detach_vif_from_node(NODE, VIF)
    call.volume_targets(details=True, node=NODE)
    call.delete_volume_target(NOBODY, ignore_missing=False)
    call.update_node(NODE, instance_id=None, instance_info={})


def nova_calls(call):
    call.create_node(driver="fake-hardware", id=NODE, name="nova-1", resource_class="gold", shard="east", properties={"local_gb": 100, "cpu_arch": "x86_64"},
                     is_automated_clean_enabled=False)
    call.create_port(node_id=NODE, id=own("p", 1), address="52:54:00:00:0f:01")
    call.add_node_trait(NODE, "CUSTOM_FAST")
    nova_looks(call)
    call.set_node_power_state(NODE, "power off")
    call.set_node_provision_state(NODE, "manage", wait=True, timeout=60)
    call.set_node_provision_state(NODE, "provide", wait=True, timeout=60)
    nova_spawn(call)
    nova_looks(call)
    nova_life(call)
    nova_destroy(call)
    nova_looks(call)
    call.delete_port(own("p", 1))
    call.delete_node(NODE)


def with_sdk(calls):
    import openstack

    connection = openstack.connect(load_yaml_config=False, load_envvars=False, auth_type="none", endpoint=PROXY)
    calls(Caller(connection.baremetal))


if __name__ == "__main__":
    tour_common.no_patience()
    for setting in [setting for setting in os.environ if setting.startswith("OS_")]:
        del os.environ[setting]
    os.environ.update(OS_AUTH_TYPE="none", OS_ENDPOINT=PROXY, PYTHONWARNINGS="ignore", COLUMNS="200")
    os.chdir(os.environ["HOME"])
    {"baremetal": baremetal, "sdk": lambda: with_sdk(newest_calls), "nova": lambda: with_sdk(nova_calls)}[CLIENT]()
