"""Neutron of the stand-in: networks, subnets, ports, security groups, with the rules of the real one that bare metal meets.

A network has its purpose as its name; each has one subnet. POST /control may have {"neutron": {...}} with some of

    "networks": [{"name": ..., ...}]   more networks        "unbindable": ["host"]      hosts that no mechanism driver binds
    "ports": [{"network": name, ...}]  ports of tenants     "remove": ["port's id"]     taken away behind Steel's back
    "reset": true                      as at the start

SPDX-License-Identifier: Apache-2.0
"""
import ipaddress
import json
import re
import urllib.parse
import uuid

PURPOSES = ("provisioning", "cleaning", "rescuing", "inspection", "tenant", "servicing")
GROUP = "5ec00000-0000-4000-8000-000000000001"
PATH = re.compile(r"/v2\.0/(networks|subnets|ports|security-groups)(?:/([^/?]+))?$")


def known_id(kind, name):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, kind + "/" + name))


class Refusal(Exception):
    def __init__(self, status, kind, message):
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


class Neutron:
    def __init__(self):
        self.reset()

    def reset(self):
        self.networks, self.subnets, self.ports, self.unbindable, self.made = {}, {}, {}, set(), 0
        for name in PURPOSES:
            self.add_network({"name": name})

    # ---- what a test orders and asks

    def add_network(self, order):
        name = order["name"]
        number = len(self.networks) + 1
        cidr = order.get("cidr", "10.%d.0.0/24" % number)
        network_id = order.get("id", known_id("network", name))
        subnet_id = known_id("subnet", network_id)
        self.subnets[subnet_id] = {
            "id": subnet_id, "network_id": network_id, "cidr": cidr, "ip_version": ipaddress.ip_network(cidr).version,
            "gateway_ip": str(ipaddress.ip_network(cidr)[1]), "dns_nameservers": ["192.0.2.53"], "name": "",
            "host_routes": [{"destination": "198.51.100.0/24", "nexthop": str(ipaddress.ip_network(cidr)[2])}],
            "ipv6_address_mode": order.get("ipv6_address_mode"), "enable_dhcp": True}
        self.networks[network_id] = {"id": network_id, "name": name, "mtu": 1450, "subnets": [subnet_id], "status": "ACTIVE",
                                     "provider:physical_network": order.get("physical_network"),
                                     "provider:network_type": "flat"}
        if "segments" in order:
            self.networks[network_id]["segments"] = [{"provider:physical_network": word} for word in order["segments"]]

    def order(self, order):
        if order.get("reset"):
            self.reset()
        for network in order.get("networks", []):
            self.add_network(network)
        for port in order.get("ports", []):
            values = {key: value for key, value in port.items() if key not in ("network", "id")}
            self.create(dict(values, network_id=known_id("network", port["network"])), port.get("id"))
        for port in order.get("remove", []):
            del self.ports[port]
        if "unbindable" in order:
            self.unbindable = set(order["unbindable"])

    def state(self):
        return {"ports": list(self.ports.values()), "networks": {n["name"]: n["id"] for n in self.networks.values()}}

    # ---- the API

    def answer(self, method, path, query, body):
        """Status and document."""
        found = PATH.match(path)
        if not found:
            raise Refusal(404, "HTTPNotFound", "The resource could not be found.")
        kind, ident = found.groups()
        if kind == "ports" and method != "GET":
            return self.change(method, ident, json.loads(body)["port"] if body else None)
        things = {"networks": self.networks, "subnets": self.subnets, "ports": self.ports, "security-groups": {GROUP: {"id": GROUP}}}[kind]
        if ident:
            if ident not in things:
                raise Refusal(404, kind[:-1].title() + "NotFound", "%s %s could not be found." % (kind[:-1].title(), ident))
            return 200, {kind[:-1]: things[ident]}
        query.pop("fields", None)
        listed = [thing for thing in things.values()
                  if all(str(thing.get(key)) in values for key, values in query.items())]
        return 200, {kind.replace("-", "_"): listed}

    def change(self, method, ident, values):
        if method == "POST":
            return 201, {"port": self.create(values)}
        if ident not in self.ports:
            raise Refusal(404, "PortNotFound", "Port %s could not be found." % ident)
        if method == "DELETE":
            del self.ports[ident]
            return 204, None
        return 200, {"port": self.update(self.ports[ident], values)}

    def free_mac(self, values, network_id):
        mac = values.get("mac_address")
        if mac is None:
            self.made += 1
            return "fa:16:3e:00:%02x:%02x" % divmod(self.made, 256)
        if any(port["mac_address"] == mac and port["network_id"] == network_id for port in self.ports.values()):
            raise Refusal(409, "MacAddressInUse", "Unable to complete operation for network %s. The mac address %s is in use."
                          % (network_id, mac))
        return mac

    def free_address(self, subnet_id):
        taken = {ip["ip_address"] for port in self.ports.values() for ip in port["fixed_ips"]}
        network = ipaddress.ip_network(self.subnets[subnet_id]["cidr"])
        return next(str(network[n]) for n in range(10, 250) if str(network[n]) not in taken)

    def create(self, values, ident=None):
        network = self.networks.get(values.get("network_id"))
        if network is None:
            raise Refusal(404, "NetworkNotFound", "Network %s could not be found." % values.get("network_id"))
        for group in values.get("security_groups", []):
            if group != GROUP:
                raise Refusal(404, "SecurityGroupNotFound", "Security group %s does not exist" % group)
        port = {"id": ident or str(uuid.uuid4()), "network_id": network["id"], "name": "", "device_id": "", "device_owner": "",
                "admin_state_up": True, "binding:host_id": "", "binding:profile": {}, "binding:vnic_type": "normal",
                "extra_dhcp_opts": [], "security_groups": [], "mac_address": self.free_mac(values, network["id"])}
        fixed = values.get("fixed_ips")
        port["fixed_ips"] = [] if fixed == [] else [{"subnet_id": network["subnets"][0],
                                                     "ip_address": self.free_address(network["subnets"][0])}]
        port.update({key: value for key, value in values.items() if key not in ("mac_address", "fixed_ips")})
        self.bind(port)
        self.ports[port["id"]] = port
        return port

    def update(self, port, values):
        values = dict(values)
        if "mac_address" in values:
            if values["mac_address"] != port["mac_address"]:
                if port["binding:host_id"]:
                    raise Refusal(409, "PortBound", "Unable to complete operation on port %s, port is already bound, port type: %s, "
                                  "old_mac %s, new_mac %s." % (port["id"], port["binding:vif_type"], port["mac_address"],
                                                               values["mac_address"]))
                port["mac_address"] = self.free_mac(values, port["network_id"])
            del values["mac_address"]
        if "fixed_ips" in values:
            values["fixed_ips"] = [ip if "ip_address" in ip else dict(ip, ip_address=None) for ip in values["fixed_ips"]]
            for ip in values["fixed_ips"]:
                port["fixed_ips"] = [one for one in port["fixed_ips"] if one["ip_address"] != ip["ip_address"]]
                port["fixed_ips"].append(dict(ip, ip_address=ip["ip_address"] or self.free_address(ip["subnet_id"])))
            del values["fixed_ips"]
        if "extra_dhcp_opts" in values:
            options = {(o["opt_name"], o.get("ip_version", 4)): o for o in port["extra_dhcp_opts"]}
            for option in values.pop("extra_dhcp_opts"):
                key = (option["opt_name"], option.get("ip_version", 4))
                options.pop(key, None)
                if option["opt_value"] is not None:
                    options[key] = dict(option, ip_version=key[1])
            port["extra_dhcp_opts"] = list(options.values())
        port.update(values)
        self.bind(port)
        return port

    def bind(self, port):
        host = port["binding:host_id"]
        port["binding:vif_type"] = "unbound" if not host else "binding_failed" if host in self.unbindable else "other"
        port["status"] = "ACTIVE" if port["binding:vif_type"] == "other" else "DOWN"


def serve(handler, neutron, body):
    """Answers one request of the stand-in's handler."""
    place = urllib.parse.urlsplit(handler.path)
    query = urllib.parse.parse_qs(place.query)
    try:
        with handler.cloud.lock:
            status, document = neutron.answer(handler.command, urllib.parse.unquote(place.path), query, body)
            document = json.loads(json.dumps(document))
    except Refusal as refusal:
        return handler.answer(refusal.status, {"NeutronError": {"type": refusal.kind, "message": refusal.message, "detail": ""}})
    return handler.answer(status, document if document is not None else b"")
