#!/usr/bin/python3
"""An unchanged openstacksdk sees Steel as it sees Ironic: every method of its bare metal proxy.

    tour_sdk.py [--record URL | --url URL] [--only TEXT] [--diff]

SPDX-License-Identifier: Apache-2.0
"""
import os
import shutil
import sys
import tempfile
import warnings

import tour_common


def own(kind, number):
    return "00000000-0000-4000-8000-%06x%06d" % (ord(kind), number)


NODE, OTHER, THIRD, NOBODY = own("n", 1), own("n", 2), own("n", 3), own("x", 1)
STEP = {"interface": "bios", "step": "factory_reset", "args": {}, "priority": 5}


def plain(value):
    """What a call gave, as JSON."""
    if hasattr(value, "to_dict"):
        # `location` is where the client thinks it is, not what the service said
        return {k: plain(v) for k, v in value.to_dict().items() if k != "location"}
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (str, int, float, bool, type(None))):
        return value
    if type(value).__name__ == "ValidationResult":
        return {"result": value.result, "reason": value.reason}
    try:
        return [plain(item) for item in value]
    except TypeError:
        return type(value).__name__


class Caller:
    """Calls the proxy and keeps what came of it."""

    def __init__(self, service, proxy):
        self.service, self.proxy, self.answers, self.seen = service, proxy, [], {}

    def __getattr__(self, method):
        def call(*arguments, **named):
            words = [repr(a) for a in arguments] + ["%s=%r" % item for item in named.items()]
            step = "%s(%s)" % (method, ", ".join(words))
            number = self.seen[step] = self.seen.get(step, 0) + 1
            answer = {"step": step if number == 1 else "%s (%d)" % (step, number)}
            self.service.settle()
            value = None
            try:
                value = getattr(self.proxy, method)(*arguments, **named)
                answer["result"] = plain(value)
            except Exception as error:  # what the client makes of an answer is what is compared
                answer["error"] = type(error).__name__
                status = getattr(error, "status_code", None)
                if status is not None:
                    answer["http"] = status
                answer["said"] = str(error)
            self.answers.append(answer)
            return value

        return call


def resources(call):
    call.chassis()
    call.create_chassis(id=own("c", 1), description="rack", extra={"a": 1})
    call.create_chassis(id=own("c", 1))
    call.get_chassis(own("c", 1))
    call.get_chassis(own("c", 1), fields=["uuid", "extra"])
    call.find_chassis(own("c", 1))
    call.find_chassis(NOBODY)
    call.find_chassis(NOBODY, ignore_missing=False)
    call.chassis(details=True)
    call.update_chassis(own("c", 1), description="other")
    call.patch_chassis(own("c", 1), [{"op": "add", "path": "/extra/b", "value": 2}])

    call.drivers()
    call.drivers(details=True)
    call.get_driver("fake-hardware")
    call.get_driver("nonesuch")
    call.list_driver_vendor_passthru("fake-hardware")
    call.call_driver_vendor_passthru("fake-hardware", "GET", "nonesuch")
    call.conductors()
    call.conductors(details=True)
    call.get_conductor("127.0.0.1")
    call.get_conductor("nonesuch")

    call.create_node(driver="fake-hardware", id=NODE, name="sdk-1", chassis_id=own("c", 1), resource_class="gold",
                     properties={"cpus": 4}, driver_info={"password": "x"}, extra={"a": {"b": 1}})
    call.create_node(driver="fake-hardware", id=OTHER, provision_state="available")
    call.create_node(driver="fake-hardware", id=THIRD, name="sdk-3", provision_state="manageable")
    call.create_node(driver="fake-hardware", name="sdk-1")
    call.create_node(driver="nonesuch")
    call.create_node(driver="fake-hardware", nonsense=1)
    call.create_node(driver="fake-hardware", provision_state="active")
    call.nodes()
    call.nodes(details=True)
    call.nodes(fields=["uuid", "name"])
    call.nodes(provision_state="available")
    call.nodes(associated=False, limit=1)
    call.nodes(is_maintenance=False, driver="fake-hardware", sort_key="name")
    call.nodes(resource_class="gold")
    call.nodes(conductor_group="")
    call.nodes(fault="power failure")
    call.get_node(NODE)
    call.get_node("sdk-1")
    call.get_node(NODE, fields=["uuid", "provision_state"])
    call.get_node(NOBODY)
    call.find_node("sdk-1")
    call.find_node("nonesuch")
    call.find_node("nonesuch", ignore_missing=False)
    call.update_node(NODE, name="sdk-one", extra={"c": 1}, is_automated_clean_enabled=False)
    call.update_node(NODE, instance_id=own("i", 1))
    call.update_node(NODE, instance_id=None)
    call.update_node(NOBODY, name="x")
    call.update_node(OTHER, name="sdk-one")
    call.patch_node(NODE, [{"op": "add", "path": "/properties/memory_mb", "value": 1024}])
    call.patch_node(NODE, [{"op": "remove", "path": "/properties/absent"}])
    call.patch_node(NODE, [{"op": "replace", "path": "/driver", "value": "ipmi"}], reset_interfaces=True)
    call.patch_node(NODE, [{"op": "replace", "path": "/driver", "value": "fake-hardware"},
                           {"op": "replace", "path": "/power_interface", "value": "fake"}], reset_interfaces=True)
    call.patch_node(NODE, [{"op": "replace", "path": "/nonsense", "value": 1}])
    call.validate_node(NODE)
    call.validate_node(NODE, required=("power", "management"))
    call.validate_node(NOBODY)
    call.set_node_maintenance(NODE, "why")
    call.get_node(NODE)
    call.unset_node_maintenance(NODE)
    call.set_node_boot_device(NODE, "pxe")
    call.set_node_boot_device(NODE, "nonsense")
    call.set_node_boot_mode(NODE, "uefi")
    call.set_node_boot_mode(NODE, "nonsense")
    call.set_node_secure_boot(NODE, True)
    call.list_node_vendor_passthru(NODE)
    call.call_node_vendor_passthru(NODE, "POST", "second_method", {"bar": "kazoo"})
    call.call_node_vendor_passthru(NODE, "POST", "third_method_sync", {"bar": "meow"})
    call.call_node_vendor_passthru(NODE, "POST", "nonesuch", {})
    call.add_node_trait(NODE, "CUSTOM_A")
    call.add_node_trait(NODE, "nonsense")
    call.set_node_traits(NODE, ["CUSTOM_A", "CUSTOM_B"])
    call.remove_node_trait(NODE, "CUSTOM_B")
    call.remove_node_trait(NODE, "CUSTOM_B")
    call.remove_node_trait(NODE, "CUSTOM_B", ignore_missing=False)
    call.get_node(NODE)


def network_and_volumes(call):
    call.create_port_group(node_id=NODE, id=own("g", 1), name="sdk-group", address="52:54:00:00:0c:01")
    call.create_port_group(node_id=NOBODY)
    call.port_groups()
    call.port_groups(details=True)
    call.port_groups(node=NODE, fields=["uuid", "name"])
    call.get_port_group(own("g", 1))
    call.get_port_group(NOBODY)
    call.find_port_group("sdk-group")
    call.find_port_group("nonesuch")
    call.update_port_group(own("g", 1), mode="802.3ad", extra={"a": 1})
    call.patch_port_group(own("g", 1), [{"op": "replace", "path": "/name", "value": "sdk-group-2"}])
    call.create_port(node_id=NODE, id=own("p", 1), address="52:54:00:00:0c:02", is_pxe_enabled=True)
    call.create_port(node_id=NODE, id=own("p", 2), address="52:54:00:00:0c:03", port_group_id=own("g", 1),
                     physical_network="net", extra={"a": 1},
                     local_link_connection={"switch_id": "0a:1b:2c:3d:4e:5f", "port_id": "1"})
    call.create_port(node_id=NODE, address="52:54:00:00:0c:02")
    call.create_port(node_id=NODE, address="nonsense")
    call.ports()
    call.ports(details=True)
    call.ports(address="52:54:00:00:0c:02")
    call.ports(node="sdk-one", fields=["uuid", "address"])
    call.get_port(own("p", 1))
    call.get_port(own("p", 1), fields=["uuid"])
    call.get_port(NOBODY)
    call.find_port(own("p", 1))
    call.find_port(NOBODY)
    call.update_port(own("p", 1), address="52:54:00:00:0c:04", is_pxe_enabled=False)
    call.patch_port(own("p", 1), [{"op": "add", "path": "/extra/x", "value": [1]}])
    call.attach_vif_to_node(NODE, own("v", 1))
    call.list_node_vifs(NODE)
    call.detach_vif_from_node(NODE, own("v", 1))
    call.detach_vif_from_node(NODE, own("v", 1))
    call.detach_vif_from_node(NODE, own("v", 1), ignore_missing=False)

    call.set_node_power_state(NODE, "power off", wait=True, timeout=30)
    call.create_volume_connector(node_id=NODE, id=own("k", 1), type="iqn", connector_id="iqn.2026-11.org.example:sdk")
    call.create_volume_connector(node_id=NODE, type="iqn", connector_id="iqn.2026-11.org.example:sdk")
    call.create_volume_connector(node_id=NODE, type="nonsense", connector_id="x")
    call.volume_connectors()
    call.volume_connectors(details=True)
    call.volume_connectors(node=NODE)
    call.get_volume_connector(own("k", 1))
    call.get_volume_connector(NOBODY)
    call.find_volume_connector(own("k", 1))
    call.find_volume_connector(NOBODY)
    call.update_volume_connector(own("k", 1), connector_id="iqn.2026-11.org.example:sdk2")
    call.patch_volume_connector(own("k", 1), [{"op": "add", "path": "/extra/x", "value": 1}])
    call.create_volume_target(node_id=NODE, id=own("t", 1), volume_type="iscsi", boot_index=0, volume_id="v1",
                              properties={"target_iqn": "iqn.x", "auth_password": "x"})
    call.create_volume_target(node_id=NODE, volume_type="iscsi", boot_index=0, volume_id="v2")
    call.volume_targets()
    call.volume_targets(details=True)
    call.volume_targets(node=NODE)
    call.get_volume_target(own("t", 1))
    call.get_volume_target(NOBODY)
    call.find_volume_target(own("t", 1))
    call.find_volume_target(NOBODY)
    call.update_volume_target(own("t", 1), boot_index=3)
    call.patch_volume_target(own("t", 1), [{"op": "add", "path": "/properties/target_lun", "value": 1}])


def work(call):
    call.set_node_power_state(NODE, "power on", wait=True, timeout=30)
    call.set_node_power_state(NODE, "rebooting", wait=True, timeout=30)
    call.set_node_power_state(NODE, "soft power off", wait=True, timeout=30)
    call.set_node_power_state(NODE, "nonsense")
    call.set_node_power_state(NOBODY, "power on")
    call.wait_for_node_power_state(NODE, "power off", timeout=30)
    call.wait_for_node_reservation(NODE, timeout=30)
    call.set_node_provision_state(NODE, "provide")
    call.set_node_provision_state(NODE, "manage", wait=True, timeout=60)
    call.set_node_provision_state(NODE, "inspect", wait=True, timeout=60)
    call.set_node_provision_state(NODE, "clean", clean_steps=[{"interface": "bios", "step": "factory_reset"}], wait=True,
                                  timeout=60)
    call.set_node_provision_state(NODE, "clean")
    call.set_node_provision_state(NODE, "provide", wait=True, timeout=60)
    call.wait_for_nodes_provision_state([NODE, OTHER], "available", timeout=30)

    call.create_allocation(id=own("a", 1), name="sdk-allocation", resource_class="gold", traits=["CUSTOM_A"])
    call.wait_for_allocation("sdk-allocation", timeout=30)
    call.create_allocation(id=own("a", 2), name="sdk-none", resource_class="none")
    call.wait_for_allocation("sdk-none", timeout=30)
    call.wait_for_allocation("sdk-none", timeout=30, ignore_error=True)
    call.allocations()
    call.allocations(node=NODE, fields=["uuid", "state"])
    call.get_allocation("sdk-allocation")
    call.get_allocation(NOBODY)
    call.update_allocation("sdk-allocation", name="sdk-allocated", extra={"a": 1})
    call.patch_allocation("sdk-allocated", [{"op": "add", "path": "/extra/b", "value": 1}])
    call.delete_allocation("sdk-none")
    call.delete_allocation(NOBODY)
    call.delete_allocation(NOBODY, ignore_missing=False)

    call.create_deploy_template(id=own("d", 1), name="CUSTOM_A", steps=[STEP], extra={"a": 1})
    call.create_deploy_template(name="nonsense", steps=[STEP])
    call.deploy_templates()
    call.deploy_templates(details=True)
    call.get_deploy_template(own("d", 1))
    call.get_deploy_template("CUSTOM_A", fields=["name"])
    call.get_deploy_template(NOBODY)
    call.update_deploy_template(own("d", 1), extra={"b": 1})
    call.patch_deploy_template(own("d", 1), [{"op": "replace", "path": "/name", "value": "CUSTOM_Z"}])
    call.delete_deploy_template("CUSTOM_Z")
    call.delete_deploy_template("CUSTOM_Z")
    call.delete_deploy_template("CUSTOM_Z", ignore_missing=False)

    call.update_node(NODE, instance_info={"image_source": "http://127.0.0.1/image", "image_checksum": "x", "root_gb": 10})
    call.set_node_provision_state(NODE, "active", config_drive={"meta_data": {"hostname": "x"}}, wait=True, timeout=60)
    call.get_node(NODE)
    call.delete_node(NODE)
    call.set_node_provision_state(NODE, "rescue", rescue_password="x", wait=True, timeout=60)
    call.set_node_provision_state(NODE, "unrescue", wait=True, timeout=60)
    call.set_node_provision_state(NODE, "rebuild", wait=True, timeout=60)
    call.set_node_provision_state(NODE, "active")
    call.set_node_provision_state(NODE, "deleted", wait=True, timeout=60)
    call.get_node(NODE)
    call.allocations()
    call.set_node_provision_state(NODE, "nonsense")
    call.set_node_provision_state(NOBODY, "manage")


def away(call):
    for delete, items in ((call.delete_volume_connector, [own("k", 1)]), (call.delete_volume_target, [own("t", 1)]),
                          (call.delete_port, [own("p", 1), own("p", 2)]), (call.delete_port_group, [own("g", 1)]),
                          (call.delete_node, [NODE, OTHER, "sdk-3"]), (call.delete_chassis, [own("c", 1)])):
        for item in items:
            delete(item)
        delete(NOBODY)
        delete(NOBODY, ignore_missing=False)
    call.nodes()


def sdk(service):
    import openstack

    home = tempfile.mkdtemp(prefix="steel-tour-")
    os.environ.update(HOME=home, XDG_CACHE_HOME=home)
    warnings.simplefilter("ignore")
    try:
        connection = openstack.connect(load_yaml_config=False, load_envvars=False, auth_type="none", endpoint=service.url)
        call = Caller(service, connection.baremetal)
        for part in (resources, network_and_volumes, work, away):
            part(call)
        return call.answers
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(tour_common.main({"sdk": sdk}))
