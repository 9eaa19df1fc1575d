#!/usr/bin/python3
"""The sushy library, as Ironic uses it, drives a BMC of steel-lab that speaks Redfish: it finds nothing amiss.

SPDX-License-Identifier: Apache-2.0
"""
import subprocess

import sushy
from sushy import auth, exceptions

from simulated_bmc import PASSWORD, USER, BmcCase, main

SYSTEM = "/redfish/v1/Systems/1"


class Case(BmcCase):
    def connect(self, **words):
        words.setdefault("username", USER)
        words.setdefault("password", PASSWORD)
        connection = sushy.Sushy(self.bmc.url, verify=self.bmc.certificate, **words)
        return connection

    def system(self, **words):
        return self.connect(**words).get_system(SYSTEM)


class Sessions(Case):
    def sessions(self):
        return self.bmc.ask("GET", "/redfish/v1/SessionService/Sessions").json["Members"]

    def test_a_session_is_opened_and_closed(self):
        connection = self.connect()
        connection.get_system(SYSTEM)
        self.assertEqual(len(self.sessions()), 1)
        connection._auth.close()
        self.assertEqual(self.sessions(), [])

    def test_basic_authentication_opens_none(self):
        system = sushy.Sushy(self.bmc.url, verify=self.bmc.certificate, auth=auth.BasicAuth(USER, PASSWORD)).get_system(SYSTEM)
        self.assertEqual(system.power_state, sushy.POWER_STATE_OFF)
        self.assertEqual(self.sessions(), [])

    def test_a_bmc_without_sessions_is_spoken_to_by_password(self):
        self.bmc.set("no-sessions=1")
        self.assertEqual(self.system().power_state, sushy.POWER_STATE_OFF)

    def test_a_wrong_password_is_refused(self):
        with self.assertRaises(exceptions.AccessError):
            self.system(password="wrong")

    def test_a_session_that_ended_is_opened_again(self):
        system = self.system()
        self.assertEqual(self.bmc.ask("DELETE", self.sessions()[0]["@odata.id"]).status, 204)
        system.refresh(force=True)
        self.assertEqual(len(self.sessions()), 1)

    def test_no_more_sessions_than_the_limit(self):
        self.bmc.set("session-limit=1")
        held = self.connect()
        held.get_system(SYSTEM)
        login = {"UserName": USER, "Password": PASSWORD}
        refused = self.bmc.ask("POST", "/redfish/v1/SessionService/Sessions", login, login=False)
        self.assertEqual((refused.status, refused.message_id), (503, "SessionLimitExceeded"))

    def test_strangers_read_the_root_alone(self):
        self.assertEqual(self.bmc.ask("GET", "/redfish/v1/", login=False).status, 200)
        refused = self.bmc.ask("GET", SYSTEM, login=False)
        self.assertEqual((refused.status, refused.message_id), (401, "NoValidSession"))

    def test_a_certificate_for_the_address_is_shown(self):
        with self.assertRaises(exceptions.ConnectionError):
            sushy.Sushy(self.bmc.url, USER, PASSWORD, verify=True)


class Power(Case):
    def reset(self, system, action):
        system.reset_system(action)
        system.refresh(force=True)
        return system.power_state

    def test_resets_change_the_power(self):
        system = self.system()
        for action, state in ((sushy.RESET_ON, "On"), (sushy.RESET_FORCE_RESTART, "On"), (sushy.RESET_GRACEFUL_RESTART, "On"),
                              (sushy.RESET_NMI, "On"), (sushy.RESET_FORCE_OFF, "Off"), (sushy.RESET_FORCE_OFF, "Off"),
                              (sushy.RESET_PUSH_POWER_BUTTON, "On"), (sushy.RESET_GRACEFUL_SHUTDOWN, "Off"),
                              (sushy.ResetType.POWER_CYCLE, "On")):
            self.assertEqual(self.reset(system, action).value, state, action)

    def test_a_machine_that_is_off_is_not_restarted(self):
        with self.assertRaisesRegex(exceptions.HTTPError, "not possible while the system is off"):
            self.system().reset_system(sushy.RESET_FORCE_RESTART)

    def test_a_bmc_without_graceful_resets_does_not_offer_them(self):
        self.bmc.set("no-graceful=1")
        with self.assertRaises(exceptions.InvalidParameterValueError):
            self.system().reset_system(sushy.RESET_GRACEFUL_SHUTDOWN)


class Boot(Case):
    def boot(self, system):
        system.refresh(force=True)
        return system.boot.target, system.boot.enabled

    def test_a_device_for_one_boot_is_used_up_by_it(self):
        system = self.system()
        system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_PXE, sushy.BOOT_SOURCE_ENABLED_ONCE)
        self.assertEqual(self.boot(system), (sushy.BOOT_SOURCE_TARGET_PXE, sushy.BOOT_SOURCE_ENABLED_ONCE))
        system.reset_system(sushy.RESET_ON)
        self.assertEqual(self.boot(system), (sushy.BOOT_SOURCE_TARGET_NONE, sushy.BOOT_SOURCE_ENABLED_DISABLED))

    def test_a_device_for_all_boots_stays(self):
        system = self.system()
        system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_HDD, sushy.BOOT_SOURCE_ENABLED_CONTINUOUS)
        system.reset_system(sushy.RESET_ON)
        self.assertEqual(self.boot(system), (sushy.BOOT_SOURCE_TARGET_HDD, sushy.BOOT_SOURCE_ENABLED_CONTINUOUS))

    def test_the_mode_can_be_set(self):
        system = self.system()
        system.set_system_boot_options(mode=sushy.BOOT_SOURCE_MODE_UEFI)
        system.refresh(force=True)
        self.assertEqual(system.boot.mode, sushy.BOOT_SOURCE_MODE_UEFI)

    def test_what_some_bmcs_cannot(self):
        self.bmc.set("no-continuous=1", "no-boot-mode=1")
        system = self.system()
        self.assertIsNone(system.boot.mode)
        with self.assertRaisesRegex(exceptions.BadRequestError, "not in the list of acceptable values"):
            system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_PXE, sushy.BOOT_SOURCE_ENABLED_CONTINUOUS)

    def test_etags(self):
        system = self.system()
        for setting in ("weak-etags=0", "weak-etags=1"):
            self.bmc.set(setting, "etag-required=1")
            system.set_system_boot_options(sushy.BOOT_SOURCE_TARGET_CD, sushy.BOOT_SOURCE_ENABLED_ONCE)
        change = {"Boot": {"BootSourceOverrideTarget": "Hdd"}}
        stale = self.bmc.ask("PATCH", SYSTEM, change, {"If-Match": '"stale"'})
        self.assertEqual((stale.status, stale.message_id), (412, "PreconditionFailed"))
        bare = self.bmc.ask("PATCH", SYSTEM, change)
        self.assertEqual((bare.status, bare.message_id), (428, "PreconditionRequired"))
        etag = self.bmc.ask("GET", SYSTEM).headers["ETag"]
        self.assertTrue(etag.startswith('W/"'))
        self.assertEqual(self.bmc.ask("PATCH", SYSTEM, change, {"If-Match": etag}).status, 200)


class Resources(Case):
    def test_what_a_system_has(self):
        system = self.system()
        self.assertEqual(list(system.ethernet_interfaces.summary), ["52:54:00:00:00:01"])
        self.assertEqual(system.processors.summary.count, 2)
        self.assertEqual(system.memory_summary.size_gib, 4)
        self.assertEqual(system.storage.drives_sizes_bytes, [64 << 30] * 4 + [1000204886016] * 2)
        self.assertEqual(system.simple_storage.disks_sizes_bytes, [64 << 30])
        self.assertEqual(system.bios.attributes["BootMode"], "LegacyBios")
        self.assertFalse(system.secure_boot.enabled)

    def test_what_a_chassis_and_a_manager_have(self):
        connection = self.connect()
        chassis, manager = connection.get_chassis(), connection.get_manager()
        self.assertEqual(chassis.chassis_type, sushy.CHASSIS_TYPE_RACK_MOUNT)
        self.assertEqual([t.name for t in chassis.thermal.temperatures], ["Inlet Ambient", "CPU 1"])
        self.assertEqual(len(chassis.power.power_supplies), 1)
        self.assertEqual([m.media_types[0] for m in manager.virtual_media.get_members()],
                         [sushy.VIRTUAL_MEDIA_CD, sushy.VIRTUAL_MEDIA_FLOPPY])
        self.assertEqual(connection.get_update_service().identity, "UpdateService")
        base = self.bmc.ask("GET", "/redfish/v1/Registries/Base").json
        messages = self.bmc.ask("GET", base["Location"][0]["Uri"]).json["Messages"]
        self.assertEqual(messages["PropertyValueNotInList"]["NumberOfArgs"], 2)

    def test_the_indicator_can_be_lit(self):
        system = self.system()
        system.set_indicator_led(sushy.INDICATOR_LED_LIT)
        system.refresh(force=True)
        self.assertEqual(system.indicator_led, sushy.INDICATOR_LED_LIT)

    def test_redirects_lead_to_paths_with_a_slash(self):
        self.bmc.set("slash-redirect=1")
        self.assertEqual(self.bmc.ask("GET", SYSTEM).status, 308)
        self.assertEqual(self.system().identity, "1")


class Media(Case):
    URL = "http://127.0.0.1:1/some/image.iso?key=1"

    def media(self, kind=sushy.VIRTUAL_MEDIA_CD):
        members = self.connect().get_manager().virtual_media.get_members()
        return [member for member in members if kind in member.media_types][0]

    def state(self, medium):
        medium.refresh(force=True)
        return medium.image, medium.image_name, medium.inserted

    def test_media_are_inserted_and_ejected(self):
        for kind in (sushy.VIRTUAL_MEDIA_CD, sushy.VIRTUAL_MEDIA_USBSTICK):
            medium = self.media(kind)
            self.assertEqual(self.state(medium), (None, None, False))
            medium.insert_media(self.URL)
            self.assertEqual(self.state(medium), (self.URL, "image.iso", True))
            medium.eject_media()
            self.assertEqual(self.state(medium), (None, None, False))

    def test_what_some_bmcs_want(self):
        for setting in ("no-insert-action=1", "no-insert-action=0,protocol-needed=1", "eject-body=1"):
            self.bmc.set(setting)
            medium = self.media()
            medium.insert_media(self.URL)
            self.assertTrue(self.state(medium)[2], setting)
            medium.eject_media()
            self.assertFalse(self.state(medium)[2], setting)

    def test_what_is_refused(self):
        medium = self.media()
        with self.assertRaisesRegex(exceptions.BadRequestError, "different format"):
            medium.insert_media("nfs://host/image.iso")
        medium.insert_media(self.URL)
        with self.assertRaisesRegex(exceptions.HTTPError, "in use"):
            medium.insert_media(self.URL)
        medium.eject_media()
        self.bmc.set("refuse-insert=500")
        with self.assertRaises(exceptions.ServerSideError):
            medium.insert_media(self.URL)
        self.assertFalse(self.state(medium)[2])


class Settings(Case):
    def post(self, system):
        system.reset_system(sushy.RESET_POWER_CYCLE if hasattr(sushy, "RESET_POWER_CYCLE") else sushy.ResetType.POWER_CYCLE)
        system.refresh(force=True)

    def test_bios_settings_wait_for_the_next_post(self):
        system = self.system()
        system.bios.set_attributes({"BootMode": "Uefi", "NumLock": False})
        system.bios.refresh(force=True)
        self.assertEqual(system.bios.attributes["BootMode"], "LegacyBios")
        self.assertEqual(system.bios.pending_attributes["BootMode"], "Uefi")
        self.post(system)
        system.bios.refresh(force=True)
        self.assertEqual((system.bios.attributes["BootMode"], system.bios.attributes["NumLock"]), ("Uefi", False))
        self.assertEqual(system.boot.mode, sushy.BOOT_SOURCE_MODE_UEFI)
        system.bios.reset_bios()
        self.post(system)
        system.bios.refresh(force=True)
        self.assertEqual((system.bios.attributes["BootMode"], system.bios.attributes["NumLock"]), ("LegacyBios", True))
        system.bios.change_password("new", "old", "Administrator")

    def test_settings_that_are_not_there_are_refused(self):
        path = SYSTEM + "/Bios/Settings"
        for attributes, message in (({"Moon": 1}, "PropertyUnknown"), ({"NumLock": "yes"}, "PropertyValueTypeError")):
            answer = self.bmc.ask("PATCH", path, {"Attributes": attributes})
            self.assertEqual((answer.status, answer.message_id), (400, message))

    def test_every_setting_is_in_the_registry(self):
        place = self.bmc.ask("GET", "/redfish/v1/Registries/BiosAttributeRegistry").json["Location"][0]["Uri"]
        known = {entry["AttributeName"] for entry in self.bmc.ask("GET", place).json["RegistryEntries"]["Attributes"]}
        self.assertEqual(known, set(self.system().bios.attributes))

    def test_secure_boot_waits_for_a_post_in_uefi_mode(self):
        system = self.system()
        system.secure_boot.set_enabled(True)
        for mode, enabled in (("LegacyBios", False), ("Uefi", True)):
            system.bios.set_attributes({"BootMode": mode})
            self.post(system)
            system.secure_boot.refresh(force=True)
            self.assertEqual(system.secure_boot.current_boot == sushy.SECURE_BOOT_ENABLED, enabled, mode)
        system.secure_boot.reset_keys(sushy.SECURE_BOOT_RESET_KEYS_DELETE_ALL)
        self.post(system)
        system.secure_boot.refresh(force=True)
        self.assertEqual((system.secure_boot.current_boot, system.secure_boot.mode),
                         (sushy.SECURE_BOOT_DISABLED, sushy.SECURE_BOOT_MODE_SETUP))


class Services(Case):
    def test_an_update_is_a_task(self):
        connection = self.connect()
        for settings, state in (("task-ms=0", "Completed"), ("task-fails=1", "Exception"), ("task-ms=3600000", "Running")):
            self.bmc.set(settings)
            monitor = connection.get_update_service().simple_update("http://127.0.0.1/fw.bin")
            self.assertEqual(monitor.check_is_processing, state == "Running", settings)
            self.assertEqual(monitor.get_task().task_state.value, state)

    def test_subscriptions_are_made_and_deleted(self):
        service = self.connect().get_event_service()
        made = service.subscriptions.create({"Destination": "https://127.0.0.1/", "Protocol": "Redfish", "Context": "c",
                                             "EventTypes": ["Alert"]})
        self.assertEqual(len(self.members()), 1)
        made.delete()
        self.assertEqual(self.members(), [])
        for body, message in (({"Protocol": "Redfish"}, "PropertyMissing"), ({"Destination": 1, "Protocol": "Redfish"}, "PropertyValueTypeError")):
            answer = self.bmc.ask("POST", self.PATH, body)
            self.assertEqual((answer.status, answer.message_id), (400, message))

    PATH = "/redfish/v1/EventService/Subscriptions"

    def members(self):
        return self.bmc.ask("GET", self.PATH).json["Members"]

    def test_there_are_no_more_subscriptions_than_there_is_room(self):
        body = {"Destination": "https://127.0.0.1/", "Protocol": "Redfish"}
        self.assertEqual([self.bmc.ask("POST", self.PATH, body).status for _ in range(21)], [201] * 20 + [400])

    def test_volumes_are_made_and_deleted(self):
        def volumes():
            return self.system().storage.get_members()[0].volumes

        self.assertEqual(volumes().get_members(), [])
        volumes().create({"RAIDType": "RAID0", "Name": "root", "CapacityBytes": 1 << 30})
        self.assertEqual([volume.capacity_bytes for volume in volumes().get_members()], [1 << 30])
        volumes().get_members()[0].delete()
        self.assertEqual(volumes().get_members(), [])


class Faults(Case):
    def test_a_bmc_that_resets_says_so_for_a_while(self):
        self.bmc.set("reset-seconds=600")
        self.connect().get_manager().reset_manager(sushy.RESET_MANAGER_FORCE_RESTART)
        answer = self.bmc.ask("GET", SYSTEM)
        self.assertEqual((answer.status, answer.message_id), (503, "ServiceTemporarilyUnavailable"))
        self.assertLessEqual(int(answer.headers["Retry-After"]), 600)

    def test_requests_fail_as_often_as_is_set(self):
        self.bmc.set("fail-percent=100", "fail-status=500")
        self.assertEqual(self.bmc.ask("GET", SYSTEM).status, 500)
        self.bmc.set("fail-percent=0")
        self.assertEqual(self.bmc.ask("GET", SYSTEM).status, 200)

    def test_answers_come_later(self):
        self.bmc.set("latency-ms=1")
        self.assertEqual(self.system().power_state, sushy.POWER_STATE_OFF)

    def test_settings_of_a_bmc_that_are_not_there_are_refused(self):
        for setting in ("moon=1", "post-ms=x", "session-limit=65"):
            with self.assertRaises(subprocess.CalledProcessError):
                self.bmc.set(setting)


class BadRequests(Case):
    def test_each_is_refused_in_the_words_of_the_standard(self):
        reset = SYSTEM + "/Actions/ComputerSystem.Reset"
        for method, path, body, status, message in (
                ("PATCH", SYSTEM, {"Boot": {"Device": "Pxe"}}, 400, "PropertyUnknown"),
                ("PATCH", SYSTEM, {"Model": "x"}, 400, "PropertyNotWritable"),
                ("PATCH", SYSTEM, {"Boot": {"BootSourceOverrideTarget": 5}}, 400, "PropertyValueTypeError"),
                ("PATCH", SYSTEM, {"Boot": {"BootSourceOverrideTarget": "Moon"}}, 400, "PropertyValueNotInList"),
                ("PATCH", SYSTEM, {}, 400, "EmptyJSON"),
                ("PATCH", SYSTEM, "[1]", 400, "MalformedJSON"),
                ("PATCH", SYSTEM, "{", 400, "MalformedJSON"),
                ("POST", reset, {}, 400, "ActionParameterMissing"),
                ("POST", reset, {"ResetType": "Explode"}, 400, "ActionParameterNotSupported"),
                ("GET", SYSTEM + "/Nothing", None, 404, "ResourceMissingAtURI"),
                ("DELETE", "/redfish/v1/SessionService/Sessions/99", None, 404, "ResourceMissingAtURI"),
                ("GET", "/redfish/v1/SessionService/Sessions/99", None, 404, "ResourceMissingAtURI"),
                ("DELETE", SYSTEM, None, 405, "OperationNotAllowed")):
            answer = self.bmc.ask(method, path, body)
            self.assertEqual((answer.status, answer.message_id), (status, message), (method, path, body))

    def test_a_refused_change_changes_nothing(self):
        self.bmc.ask("PATCH", SYSTEM, {"IndicatorLED": "Lit", "Boot": {"BootSourceOverrideTarget": "Moon"}})
        self.assertEqual(self.bmc.ask("GET", SYSTEM).json["IndicatorLED"], "Off")

    def test_a_huge_body_is_refused(self):
        answer = self.bmc.ask("PATCH", SYSTEM, b"[" * 300000)
        self.assertEqual(answer.status, 413)


if __name__ == "__main__":
    main()
