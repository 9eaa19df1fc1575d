"""A mechanism driver of Neutron's ML2 for tests: binds bare metal ports that name a switch, and none whose switch is "out of order".

SPDX-License-Identifier: Apache-2.0
"""
from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import api


class Driver(api.MechanismDriver):
    connectivity = portbindings.CONNECTIVITY_L2

    def initialize(self):
        pass

    def bind_port(self, context):
        port = context.current
        links = port[portbindings.PROFILE].get("local_link_information", [])
        if port[portbindings.VNIC_TYPE] != portbindings.VNIC_BAREMETAL or not links:
            return
        if any(link.get("switch_info") == "out of order" for link in links):
            return
        for segment in context.segments_to_bind:
            context.set_binding(segment[api.ID], portbindings.VIF_TYPE_OTHER,
                                {portbindings.VIF_DETAILS_CONNECTIVITY: self.connectivity}, status="ACTIVE")
            return
