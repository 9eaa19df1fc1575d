"""steel-agent writes images to disks that are files.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import gzip
import hashlib
import json
import lzma
import os
import random
import re
import subprocess
import tempfile

from agent_support import MIB, Agent, Machine
from harness import Suite
from image_server import ImageServer

DISK = 64 * MIB
NODE = {"uuid": "11111111-2222-3333-4444-555555555555", "instance_info": {}, "driver_internal_info": {},
        "properties": {"root_device": {"serial": "the-disk"}}}


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError("%s: %s" % (words, done.stderr))
    return done.stdout


def sparse_image():
    """20 MiB: data, zeros, data, and an incomplete last MiB."""
    return noise(2 * MIB) + bytes(10 * MIB) + noise(MIB + 4096, 2) + bytes(6 * MIB) + noise(512, 3)


class Images(Suite):
    @classmethod
    def setUpClass(cls):
        cls.folder = cls.temporary_folder()
        cls.server = ImageServer()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def setUp(self):
        self.server.__dict__.update(cuts={}, redirects={}, statuses={}, lie={}, ranges=True, etag='"1"', after_cut=None)
        self.server.requests.clear()
        self.machine = Machine()
        self.addCleanup(self.machine.close)
        self.machine.disk("vda", 4 * MIB)
        self.machine.disk("vdb", DISK, serial="the-disk")
        self.agent = Agent(self.machine, **{"ipa-standalone": "1", "ipa-image-download-connection-retries": 3})
        self.addCleanup(self.stop)

    def stop(self):
        status = self.agent.stop()
        self.assertEqual(status, 0, self.agent.last_words)

    def info(self, data, name="/image", **more):
        info = {"id": "an-image", "urls": [self.server.add(name, data)], "disk_format": "raw", "os_hash_algo": "sha256",
                "os_hash_value": hashlib.sha256(data).hexdigest()}
        info.update(more)
        return info

    def write(self, info, node=NODE, **args):
        result = self.agent.deploy_step("write_image", node, image_info=info, **args)
        self.assertEqual(result["command_status"], "SUCCEEDED", "%s\n%s" % (result, self.agent.text()[-2000:]))
        return result["command_result"]["deploy_result"]

    def refuse(self, info, kind, node=NODE, **args):
        result = self.agent.deploy_step("write_image", node, image_info=info, **args)
        self.assertEqual(result["command_status"], "FAILED", result)
        self.assertEqual(result["command_error"]["type"], kind, result)
        return result["command_error"]["details"]

    def check_disk(self, data):
        found = self.machine.contents("vdb")
        self.assertEqual(len(found), DISK)
        self.assertTrue(found[:len(data)] == data, "the disk does not have the image")

    def converted(self, data, *options):
        """The image as qemu-img writes it."""
        raw, out = self.folder + "/raw", self.folder + "/converted"
        with open(raw, "wb") as file:
            file.write(data)
        run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", *options, raw, out)
        with open(out, "rb") as file:
            return file.read()

    # -- raw

    def test_a_raw_image_is_written_where_the_hints_say(self):
        data = sparse_image()
        said = self.write(self.info(data))
        self.assertRegex(said, r"^image \(an-image\) written to device /dev/vdb root_uuid=0x00000000$")
        self.check_disk(data)
        self.assertEqual(self.machine.contents("vda"), b"\xa5" * 4 * MIB)
        self.assertEqual(self.agent.succeed("standby.get_partition_uuids"), {"root uuid": "0x00000000"})

    def test_prepare_image_does_the_same(self):
        data = noise(MIB)
        self.agent.succeed("poll.set_node_info", node_info={"node": NODE, "config": {}})
        result = self.agent.succeed("standby.prepare_image", image_info=self.info(data))
        self.assertRegex(result["result"], r"^prepare_image: image \(an-image\) written to device /dev/vdb ")
        self.check_disk(data)

    def test_a_cached_image_is_not_written_again(self):
        self.agent.succeed("poll.set_node_info", node_info={"node": NODE, "config": {}})
        info = self.info(noise(MIB))
        self.assertIn("cached to", self.agent.succeed("standby.cache_image", image_info=info)["result"])
        self.assertIn("already present", self.agent.succeed("standby.cache_image", image_info=info)["result"])
        self.assertEqual(len(self.server.requests), 1)

    def test_a_download_that_breaks_off_resumes_where_it_stopped(self):
        data = noise(6 * MIB)
        self.server.cuts["/image"] = [MIB + 7, 2 * MIB]
        self.write(self.info(data))
        self.check_disk(data)
        ranges = [asked for _, asked, _ in self.server.requests]
        self.assertEqual(ranges[0], None)
        self.assertRegex(ranges[1], r"^bytes=\d+-$")
        self.assertEqual(len(ranges), 3)

    def test_a_server_without_ranges_sends_everything_again(self):
        data = noise(4 * MIB)
        self.server.ranges = False
        self.server.cuts["/image"] = [MIB]
        self.write(self.info(data))
        self.check_disk(data)

    def test_an_image_that_changes_meanwhile_is_refused(self):
        self.server.cuts["/image"] = [MIB]
        self.server.after_cut = lambda: setattr(self.server, "etag", '"2"')
        self.assertIn("changed while it was read", self.refuse(self.info(noise(4 * MIB)), "ImageDownloadError"))

    def test_a_server_that_never_sends_all_is_given_up(self):
        self.server.lie["/image"] = 10
        details = self.refuse(self.info(noise(MIB)), "ImageDownloadError")
        self.assertIn("/image", details)

    def test_a_missing_image_is_not_requested_again(self):
        info = self.info(noise(MIB))
        self.server.statuses["/image"] = 404
        self.assertIn("status 404", self.refuse(info, "ImageDownloadError"))
        self.assertEqual(len(self.server.requests), 1)

    def test_the_next_url_is_taken_and_redirects_are_followed(self):
        data = noise(MIB)
        info = self.info(data)
        self.server.redirects["/elsewhere"] = self.server.url("/image")
        info["urls"] = [self.server.url("/none"), self.server.url("/elsewhere")]
        self.write(info)
        self.check_disk(data)

    def test_a_wrong_checksum_fails_and_leaves_nothing_to_boot(self):
        data = noise(MIB)
        details = self.refuse(self.info(data, os_hash_value="0" * 64), "ImageChecksumError")
        self.assertIn(hashlib.sha256(data).hexdigest(), details)
        self.assertEqual(self.machine.contents("vdb")[:MIB], bytes(MIB))
        self.assertEqual(self.agent.succeed("standby.get_partition_uuids"), {})

    def test_checksums_of_each_kind(self):
        data = noise(MIB)
        for kind in ("sha512", "md5"):
            self.write(self.info(data, os_hash_algo=kind, os_hash_value=hashlib.new(kind, data).hexdigest()))
        self.write(self.info(data, os_hash_algo=None, os_hash_value=None, checksum=hashlib.md5(data).hexdigest()))
        self.assertIn("not known", self.refuse(self.info(data, os_hash_algo="rot13"), "ImageChecksumError"))
        info = self.info(data)
        del info["os_hash_value"]
        self.assertIn("verified", self.refuse(info, "InvalidCommandParamsError"))

    def test_md5_is_refused_if_the_service_does_not_allow_it(self):
        data = noise(MIB)
        config = {"heartbeat_timeout": 30, "agent_md5_checksum_enable": False}
        self.agent.succeed("poll.set_node_info", node_info={"node": NODE, "config": config})
        info = self.info(data, os_hash_algo="md5", os_hash_value=hashlib.md5(data).hexdigest())
        self.assertIn("MD5 is not allowed", self.refuse(info, "ImageChecksumError"))

    def test_a_checksum_is_found_in_a_checksum_file(self):
        data = noise(MIB)
        lines = "%s  other\n%s *image\n" % ("0" * 64, hashlib.sha256(data).hexdigest())
        url = self.server.add("/SHA256SUMS", lines.encode())
        self.write(self.info(data, os_hash_algo=None, checksum=url))
        self.server.add("/SHA256SUMS", b"%064d  other\n%064d  third\n" % (0, 0))
        self.assertIn("does not contain name image", self.refuse(self.info(data, os_hash_algo=None, checksum=url),
                                                                 "ImageDownloadError"))

    def test_an_image_larger_than_the_disk_is_refused(self):
        data = noise(MIB) + bytes(DISK)
        self.assertIn("the image is larger", self.refuse(self.info(data), "ImageWriteError"))

    def test_the_request_has_the_login(self):
        data = noise(MIB)
        self.write(self.info(data, image_request_authorization=base64.b64encode(b"Bearer abc").decode()))
        self.assertEqual(self.server.requests[-1][2], "Bearer abc")

    def test_the_login_goes_to_the_image_s_server_and_shows_nowhere(self):
        drive = base64.b64encode(gzip.compress(b"drive" * 100))
        data = self.disk_image("gpt")
        self.machine.disk("vdb", 128 * MIB, serial="the-disk")
        sums = self.server.add("/SHA256SUMS", ("%s  image\n" % hashlib.sha256(data).hexdigest()).encode())
        info = self.info(data, os_hash_algo=None, checksum=sums, image_server_auth_strategy="http_basic", image_server_user="images",
                         image_server_password="a-secret-of-images")
        self.write(info, configdrive=self.server.add("/drive", drive))
        login = "Basic " + base64.b64encode(b"images:a-secret-of-images").decode()
        self.assertEqual({path: login for path, _, login in self.server.requests},
                         {"/image": login, "/SHA256SUMS": login, "/drive": None})
        self.assertNotIn("a-secret-of-images", json.dumps(self.agent.get("/v1/commands/")))
        self.assertNotIn("a-secret-of-images", self.agent.text())

    # -- packed

    def test_packed_raw_images_are_unpacked(self):
        data = sparse_image()
        zstd = subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout
        for packed in (gzip.compress(data), gzip.compress(data[:MIB]) + gzip.compress(data[MIB:]), lzma.compress(data), zstd):
            self.machine.disk("vdb", DISK, serial="the-disk")
            self.write(self.info(packed))
            self.check_disk(data)

    def test_packed_images_that_are_damaged_or_cut_are_refused(self):
        data = noise(2 * MIB)
        for packed in (gzip.compress(data), lzma.compress(data)):
            self.assertIn("ends too early", self.refuse(self.info(packed[:-100]), "InvalidImage"))
            broken = packed[:MIB] + bytes(64) + packed[MIB + 64:]
            self.refuse(self.info(broken), "InvalidImage")

    def test_a_small_stream_cannot_unpack_beyond_the_disk(self):
        bomb = gzip.compress(bytes(2 * DISK))
        self.assertLess(len(bomb), MIB)
        self.assertIn("the image is larger", self.refuse(self.info(bomb), "ImageWriteError"))

    # -- qcow2

    def test_qcow2_images_of_each_kind_are_written(self):
        data = sparse_image()
        kinds = ((), ("-c",), ("-c", "-o", "compression_type=zstd"), ("-o", "cluster_size=4096"), ("-o", "compat=0.10"),
                 ("-o", "cluster_size=2097152"), ("-o", "preallocation=metadata"), ("-S", "0"))
        for kind in kinds:
            self.machine.disk("vdb", DISK, serial="the-disk")
            self.write(self.info(self.converted(data, *kind), disk_format="qcow2"))
            self.check_disk(data)

    def test_a_packed_qcow2_image_is_written(self):
        data = sparse_image()
        self.write(self.info(gzip.compress(self.converted(data)), disk_format="qcow2"))
        self.check_disk(data)

    def test_a_qcow2_image_whose_tables_come_last_is_read_more_than_once(self):
        """The L1 and L2 tables are moved behind the data."""
        data = noise(3 * MIB)
        image = bytearray(self.converted(data))
        cluster = 1 << int.from_bytes(image[20:24], "big")
        l1 = int.from_bytes(image[40:48], "big")
        l2 = int.from_bytes(image[l1:l1 + 8], "big") & 0x00fffffffffffe00
        image += bytes(-len(image) % cluster)
        for place, moved in ((l2, "l2"), (l1, "l1")):
            new = len(image)
            image += image[place:place + cluster] + bytes(4 * MIB)
            if moved == "l2":
                image[l1:l1 + 8] = (new | 1 << 63).to_bytes(8, "big")
            else:
                image[40:48] = new.to_bytes(8, "big")
            image[place:place + cluster] = b"\xff" * cluster
        self.write(self.info(bytes(image), disk_format="qcow2"))
        self.check_disk(data)
        self.assertEqual(len(self.server.requests), 3)

    def test_hostile_qcow2_images_are_refused(self):
        image = self.converted(noise(MIB))

        def changed(at, data):
            return image[:at] + data + image[at + len(data):]

        cases = ((changed(8, (4096).to_bytes(8, "big")), "backing file"), (changed(72, (4).to_bytes(8, "big")), "another file"),
                 (changed(72, (2).to_bytes(8, "big")), "damaged"), (changed(72, (1 << 40).to_bytes(8, "big")), "not known"),
                 (changed(32, (1).to_bytes(4, "big")), "encrypted"), (changed(20, (40).to_bytes(4, "big")), "not allowed"),
                 (changed(36, bytes(4)), "too short"), (changed(4, (9).to_bytes(4, "big")), "version"),
                 (image[:len(image) // 2], "cut off"), (image[:50], "shorter"), (noise(MIB), "does not begin"))
        for data, words in cases:
            self.assertIn(words, self.refuse(self.info(data, disk_format="qcow2"), "InvalidImage"))
        self.assertIn("and /", self.refuse(self.info(changed(24, (512 * MIB).to_bytes(8, "big")), disk_format="qcow2"),
                                           "ImageWriteError"))

    def test_other_formats_are_refused(self):
        self.assertIn("vmdk", self.refuse(self.info(noise(MIB), disk_format="vmdk"), "InvalidImage"))

    # -- what comes after

    def disk_image(self, label):
        """A whole-disk image with one partition."""
        path = self.folder + "/disk"
        with open(path, "wb") as file:
            file.truncate(16 * MIB)
        subprocess.run(["sfdisk", "-q", path], input="label: %s\nstart=2048,size=8192\n" % label, text=True, check=True)
        with open(path, "rb") as file:
            return file.read()

    def test_the_second_gpt_moves_to_the_end_of_the_disk(self):
        said = self.write(self.info(self.disk_image("gpt")))
        disk = self.machine.contents("vdb")
        self.assertEqual(disk[-512:-504], b"EFI PART")
        self.assertRegex(said, r"root_uuid=[0-9A-F]{8}-")
        done = subprocess.run(["sfdisk", "--verify", self.machine.path("vdb")], capture_output=True, text=True, check=False)
        self.assertIn("No errors detected", done.stdout + done.stderr)

    def test_the_identifier_of_an_mbr_disk_is_reported(self):
        self.assertRegex(self.write(self.info(self.disk_image("dos"))), r"root_uuid=0x[0-9a-f]{8}$")

    def drive(self):
        """A filesystem with the label of a config drive."""
        path = self.folder + "/drive"
        with open(path, "wb") as file:
            file.truncate(2 * MIB)
        run("mkfs.vfat", "-n", "config-2", path)
        with open(path, "rb") as file:
            return file.read()

    def drive_partition(self):
        lines = run("sfdisk", "-d", self.machine.path("vdb")).splitlines()
        start, size = re.search(r"start= *(\d+), size= *(\d+)", lines[-1]).groups()
        return int(start) * 512, int(size) * 512

    def test_the_config_drive_gets_a_partition_at_the_end(self):
        drive = self.drive()
        self.machine.disk("vdb", 128 * MIB, serial="the-disk")
        for label in ("gpt", "dos"):
            self.write(self.info(self.disk_image(label)), configdrive=base64.b64encode(gzip.compress(drive)).decode())
            start, size = self.drive_partition()
            self.assertEqual(size, 64 * MIB)
            self.assertEqual(self.machine.contents("vdb")[start:start + len(drive)], drive)
            self.assertEqual(self.machine.contents("vdb")[start + len(drive):start + size], bytes(size - len(drive)))

    def test_the_config_drive_comes_by_url_too(self):
        drive = self.drive()
        self.machine.disk("vdb", 128 * MIB, serial="the-disk")
        url = self.server.add("/drive", base64.b64encode(gzip.compress(drive)))
        self.write(self.info(self.disk_image("gpt")), configdrive=url)
        start, _ = self.drive_partition()
        self.assertEqual(self.machine.contents("vdb")[start:start + len(drive)], drive)

    def test_a_config_drive_that_does_not_fit_or_is_damaged_fails(self):
        drive = base64.b64encode(gzip.compress(self.drive())).decode()
        self.assertIn("64 MiB free", self.refuse(self.info(self.disk_image("gpt")), "ImageWriteError", configdrive=drive))
        self.assertIn("config drive cannot be read", self.refuse(self.info(noise(MIB)), "DeploymentError", configdrive="H4sIAAAA"))

    # -- partitions

    def partition_info(self, **more):
        path = self.folder + "/root"
        with open(path, "wb") as file:
            file.truncate(16 * MIB)
        run("mke2fs", "-q", "-F", "-t", "ext4", "-U", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee", path)
        with open(path, "rb") as file:
            data = file.read()
        info = self.info(data, image_type="partition", root_mb=20, swap_mb=8, ephemeral_mb=16, ephemeral_format="ext4",
                         preserve_ephemeral=False, node_uuid=NODE["uuid"], **more)
        return info, data

    def lines(self):
        return [line for line in run("sfdisk", "-d", self.machine.path("vdb")).splitlines() if "start=" in line]

    def check_part(self, line, data):
        start = int(re.search(r"start= *(\d+)", line).group(1)) * 512
        found = self.machine.contents("vdb")[start:start + len(data)]
        self.assertTrue(found == data, line)

    def test_a_partition_image_gets_its_partitions_in_ironic_s_order(self):
        self.machine.disk("vdb", 1024 * MIB, serial="the-disk")
        info, data = self.partition_info(deploy_boot_mode="uefi")
        self.write(info)
        lines = self.lines()
        self.assertEqual([re.search(r'name="([^"]*)"', line) and re.search(r'name="([^"]*)"', line).group(1) for line in lines],
                         ["efi-part", "ephemeral0", "swap1", None])
        self.check_part(lines[3], data)
        uuids = self.agent.succeed("standby.get_partition_uuids")
        self.assertEqual(uuids["root uuid"], "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee")
        self.assertRegex(uuids["efi system partition uuid"], r"^[0-9A-F]{4}-[0-9A-F]{4}$")
        self.assertEqual(uuids["partitions"]["root"], "/dev/vdb4")

    def test_an_mbr_partition_image_keeps_its_ephemeral_partition(self):
        self.machine.disk("vdb", 128 * MIB, serial="the-disk")
        info, data = self.partition_info(deploy_boot_mode="bios")
        self.write(info)
        lines = self.lines()
        self.assertEqual([re.search(r"type=(\w+)", line).group(1) for line in lines], ["83", "82", "83"])
        start = int(re.search(r"start= *(\d+)", lines[0]).group(1)) * 512
        kept = noise(4096, 9)
        with open(self.machine.path("vdb"), "r+b") as disk:
            disk.seek(start + 8 * MIB)
            disk.write(kept)
        info["preserve_ephemeral"] = True
        self.write(info)
        self.assertEqual(self.machine.contents("vdb")[start + 8 * MIB:start + 8 * MIB + 4096], kept)
        self.check_part(lines[2], data)

    def test_a_boot_loader_is_wanted_for_a_root_file_system_alone(self):
        """The disk is a file, so its partitions cannot be mounted: that is told, unless it may be ignored."""
        self.agent.succeed("poll.set_node_info", node_info={"node": NODE, "config": {}})
        self.machine.disk("vdb", 128 * MIB, serial="the-disk")
        info, _ = self.partition_info(deploy_boot_mode="bios")
        self.write(info)
        uuid = self.agent.succeed("standby.get_partition_uuids")["root uuid"]
        asked = {"root_uuid": uuid, "target_boot_mode": "bios"}
        error = self.agent.fail("image.install_bootloader", **asked)
        self.assertRegex(error["details"], r"Installing a bootloader failed: .*/dev/vdb3 cannot be opened")
        self.agent.succeed("image.install_bootloader", ignore_bootloader_failure=True, **asked)
        self.write(self.info(noise(MIB)))
        uuid = self.agent.succeed("standby.get_partition_uuids")["root uuid"]
        self.agent.succeed("image.install_bootloader", root_uuid=uuid, target_boot_mode="bios")

    def test_a_root_partition_that_is_too_small_fails(self):
        info, _ = self.partition_info(deploy_boot_mode="bios")
        info["root_mb"] = 10
        self.assertIn("the image is larger", self.refuse(info, "ImageWriteError"))
        del info["root_mb"]
        self.assertIn("root_mb", self.refuse(info, "InvalidCommandParamsError"))

    # -- which disk

    def test_a_hint_that_matches_no_disk_lists_the_disks(self):
        node = dict(NODE, properties={"root_device": {"serial": "other"}})
        details = self.refuse(self.info(noise(MIB)), "DeviceNotFound", node=node)
        self.assertIn('{"serial":"other"}', details)
        self.assertIn("/dev/vdb", details)

    def test_a_disk_to_be_skipped_is_no_target(self):
        node = dict(NODE, properties={"root_device": {"serial": "the-disk"}, "skip_block_devices": [{"name": "/dev/vdb"}]})
        self.refuse(self.info(noise(MIB)), "DeviceNotFound", node=node)
