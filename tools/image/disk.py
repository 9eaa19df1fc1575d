"""Writes a disk image that boots under BIOS and UEFI, as an ordinary user: no loop device, no mount.

The disk has a GPT: partition 14 is for GRUB's core under BIOS, 15 is the EFI system partition, and 1 is the root file system, the
last on the disk, so that it can grow. The numbers are those of Debian's cloud images.

SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import shutil
import struct
import subprocess
import uuid

SECTOR = 512
MIB = 1024 * 1024
BIOS_AT, BIOS_SIZE = 1 * MIB, 1 * MIB
ESP_AT = BIOS_AT + BIOS_SIZE
GPT_END = 1 * MIB  # the second GPT, and up to a whole MiB
BIOS_TYPE = "21686148-6449-6E6F-744E-656564454649"
ESP_TYPE = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"
ROOT_TYPE = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"  # root of x86-64

# What GRUB's core has built in; all it needs to find and read the root file system by itself.
CORE_MODULES = ("part_gpt ext2 fat normal configfile linux serial terminal echo test search search_fs_uuid search_label "
                "minicmd reboot halt gfxterm all_video")
BIOS_MODULES = "biosdisk " + CORE_MODULES.replace("gfxterm all_video", "vga_text")

# Where boot.img and the first sector of core.img keep what an installer fills in.
BOOT_DRIVE_CHECK = 0x66
BOOT_CORE_SECTOR = 0x5C
CORE_BLOCK_LIST = 0x1F4
NOP_NOP = b"\x90\x90"


class ImageError(Exception):
    """What went wrong and what can be done about it."""


def run(*words, **more):
    """Runs a program and gives what it printed; what it complained of is shown only when it fails."""
    words = [str(word) for word in words]
    if shutil.which(words[0]) is None:
        raise ImageError(f"{words[0]} is not installed: tools/install-packages image")
    more.setdefault("input", b"")
    done = subprocess.run(words, capture_output=True, check=False, **more)
    if done.returncode != 0:
        said = (done.stdout + done.stderr).decode(errors="replace").strip().splitlines()
        raise ImageError("\n".join([f"{words[0]} ended with {done.returncode}: {' '.join(words)}", *said[-12:]]))
    return done.stdout.decode(errors="replace")


def round_up(size, unit=MIB):
    return (size + unit - 1) // unit * unit


class Names:
    """UUIDs that depend on a text alone: the same input makes the same image."""

    def __init__(self, seed):
        self.base = uuid.uuid5(uuid.NAMESPACE_DNS, seed)

    def uuid(self, what):
        return str(uuid.uuid5(self.base, what))

    def fat_id(self):
        return self.uuid("esp")[:8]


class Layout:
    """Where the partitions are, in bytes."""

    def __init__(self, esp_size, root_size):
        self.esp_size = round_up(esp_size)
        self.root_at = ESP_AT + self.esp_size
        self.root_size = round_up(root_size)
        self.size = self.root_at + self.root_size + GPT_END

    def script(self, names):
        """For sfdisk."""
        rows = [(14, BIOS_AT, BIOS_SIZE, BIOS_TYPE, "bios"), (15, ESP_AT, self.esp_size, ESP_TYPE, "esp"),
                (1, self.root_at, self.root_size, ROOT_TYPE, "root")]
        lines = ["label: gpt", f"label-id: {names.uuid('disk')}"]
        for number, start, size, kind, name in rows:
            lines.append(f"{number} : start={start // SECTOR}, size={size // SECTOR}, type={kind}, "
                         f"uuid={names.uuid('partition ' + name)}, name={name}")
        return "\n".join(lines) + "\n"


def tree_size(folder):
    """What a file system needs for a tree, roughly: whole blocks, and an inode per file."""
    total = 0
    for where, folders, files in os.walk(folder):
        for name in folders + files:
            status = os.lstat(os.path.join(where, name))
            total += round_up(status.st_size, 4096) + 512
    return total


def write_partitions(path, layout, names):
    with open(path, "wb") as file:
        file.truncate(layout.size)
    run("sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", path, input=layout.script(names).encode())


def write_esp(path, layout, folder, names):
    """A FAT file system with everything below a folder."""
    blocks = layout.esp_size // 1024
    fat = "32" if layout.esp_size >= 64 * MIB else "16"  # with clusters of one sector, so that there are enough for FAT32
    run("mkfs.vfat", "--invariant", "-F", fat, "-s", "1", "-n", "ESP", "-i", names.fat_id(), "--offset", ESP_AT // SECTOR, path, blocks)
    environment = {**os.environ, "MTOOLS_SKIP_CHECK": "1", "TZ": "UTC"}
    target = f"{path}@@{ESP_AT}"
    for where, folders, files in os.walk(folder):
        folders.sort()
        inside = pathlib.Path(where).relative_to(folder)
        for name in folders:
            run("mmd", "-i", target, f"::/{inside / name}", env=environment)
        for name in sorted(files):
            run("mcopy", "-m", "-i", target, os.path.join(where, name), f"::/{inside / name}", env=environment)


def write_root(path, layout, folder, label, names, epoch, wrapper=()):
    """An ext4 file system with everything below a folder. wrapper: a program that shows the owners of its files."""
    environment = {**os.environ, "E2FSPROGS_FAKE_TIME": str(epoch), "SOURCE_DATE_EPOCH": str(epoch)}
    run(*wrapper, "mke2fs", "-q", "-F", "-t", "ext4", "-L", label, "-U", names.uuid("root"), "-m", "1",
        "-E", f"offset={layout.root_at},hash_seed={names.uuid('hash')},lazy_itable_init=1,nodiscard,root_owner=0:0",
        "-d", folder, path, f"{layout.root_size // 1024}k", env=environment)


def write_bios_loader(path, boot_code, core_code):
    """What grub-bios-setup does on a real disk: boot code that knows where the core is, and the core in its partition."""
    core_sector = BIOS_AT // SECTOR
    boot, core = bytearray(boot_code), bytearray(core_code)
    if len(boot) != SECTOR or len(core) > BIOS_SIZE or len(core) < 2 * SECTOR:
        raise ImageError("GRUB's boot.img or core.img has a size that cannot be")
    boot[BOOT_DRIVE_CHECK:BOOT_DRIVE_CHECK + 2] = NOP_NOP
    struct.pack_into("<Q", boot, BOOT_CORE_SECTOR, core_sector)
    struct.pack_into("<Q", core, CORE_BLOCK_LIST, core_sector + 1)
    with open(path, "r+b") as file:
        file.write(boot[:440])
        file.seek(BIOS_AT)
        file.write(core)


def write_image(path, root, esp, boot_code, core_code, names, epoch, *, label, size=0, esp_size=32 * MIB, wrapper=()):
    """Everything; root and esp are folders, size the whole disk's (0: what is needed and some room)."""
    needed = tree_size(root)
    root_size = round_up(needed + needed // 8 + 8 * MIB)
    layout = Layout(esp_size, root_size)
    if size:
        if size < layout.size:
            raise ImageError(f"the image needs {layout.size // MIB} MiB")
        layout = Layout(esp_size, size - layout.root_at - GPT_END)
    write_partitions(path, layout, names)
    write_esp(path, layout, esp, names)
    write_root(path, layout, root, label, names, epoch, wrapper)
    write_bios_loader(path, boot_code, core_code)


class RootOnly:
    """The whole file is the root file system."""

    def __init__(self, root_size):
        self.root_at, self.root_size = 0, round_up(root_size)


def write_root_image(path, root, names, epoch, *, label, size=0, wrapper=()):
    """A root file system alone, for deploy interfaces that make the partitions themselves."""
    needed = tree_size(root)
    layout = RootOnly(max(size, round_up(needed + needed // 8 + 24 * MIB)))  # GRUB copies its modules once more
    with open(path, "wb") as file:
        file.truncate(layout.root_size)
    write_root(path, layout, root, label, names, epoch, wrapper)


def convert(raw, path, format_name):
    """Raw as it is, or a compressed qcow2."""
    if format_name == "raw":
        os.replace(raw, path)
        return
    run("qemu-img", "convert", "-f", "raw", "-O", format_name, "-c", raw, path)
    os.unlink(raw)
