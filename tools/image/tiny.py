"""The profile "tiny": the guest of steel-lab as a disk image. It is made in seconds, has a few megabytes, and says on the
serial console what it was booted from and what its config drive says; for demonstrations and tests.

SPDX-License-Identifier: Apache-2.0
"""
import json
import os
import pathlib
import re
import shutil

from image.disk import BIOS_MODULES, CORE_MODULES, ImageError, MIB, Names, run, write_image, write_root_image

LABEL = "steel-tiny"
ARGUMENTS = "console=ttyS0,115200 loglevel=4 panic=5"
GRUB_CONFIG = f"""serial --unit=0 --speed=115200
terminal_output serial console
linux /boot/vmlinuz {ARGUMENTS}
initrd /boot/initramfs.gz
boot
"""
GRUB = pathlib.Path("/usr/lib/grub")
EPOCH = 1700000000


def steel_lab(root):
    """The program that has the guest: where it was built, or installed."""
    build = pathlib.Path(os.environ.get("STEEL_BUILD", root / "build")) / "steel-lab"
    found = str(build) if build.exists() else shutil.which("steel-lab")
    if found is None:
        raise ImageError("steel-lab is not there: ninja -C build steel-lab")
    return found


def make_core(work, target, modules):
    """GRUB with all it needs built in; it looks for its configuration on the disk it was loaded from."""
    if not (GRUB / target / "modinfo.sh").exists():
        raise ImageError(f"GRUB for {target} is not installed: tools/install-packages image")
    path = work / f"core.{target}"
    run("grub-mkimage", "-O", target, "-p", "(,gpt1)/boot/grub", "-o", path, *modules.split())
    return path


def stamp(folder, epoch):
    """Gives everything below a folder the same time."""
    for where, folders, files in os.walk(folder):
        for name in [*folders, *files, "."]:
            os.utime(os.path.join(where, name), (epoch, epoch), follow_symlinks=False)


def copy_program(files, name):
    """A program of this machine, at its place, with its libraries."""
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/sbin:/bin")
    if path is None:
        raise ImageError(f"{name} is not installed: tools/install-packages image")
    for source in [path, *re.findall(r"(/\S+) \(0x", run("ldd", path))]:
        target = files / source.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def add_grub(files):
    """What installs GRUB from within, for BIOS and UEFI."""
    copy_program(files, "grub-install")
    for target in ("i386-pc", "x86_64-efi"):
        if not (GRUB / target / "modinfo.sh").exists():
            raise ImageError(f"GRUB for {target} is not installed: tools/install-packages image")
        shutil.copytree(GRUB / target, files / "usr/lib/grub" / target, ignore=shutil.ignore_patterns("*.module", "*.exec", "monolithic"))
    for folder in ("dev", "proc", "sys", "run", "tmp", "boot/efi"):
        (files / folder).mkdir(parents=True, exist_ok=True)


def make(path, work, options, root):
    guest = json.loads(run(steel_lab(root), "guest", "--json"))
    files, esp = work / "root", work / "esp"
    (files / "boot" / "grub").mkdir(parents=True)
    (esp / "EFI" / "BOOT").mkdir(parents=True)
    shutil.copyfile(guest["kernel"], files / "boot" / "vmlinuz")
    shutil.copyfile(guest["initramfs"], files / "boot" / "initramfs.gz")
    (files / "boot" / "grub" / "grub.cfg").write_text(GRUB_CONFIG)
    if options.type == "partition":
        add_grub(files)
        stamp(files, EPOCH)
        write_root_image(path, files, Names("steel-tiny"), EPOCH, label=LABEL, size=options.size * MIB)
        return
    core = make_core(work, "i386-pc", BIOS_MODULES)
    shutil.copyfile(make_core(work, "x86_64-efi", CORE_MODULES), esp / "EFI" / "BOOT" / "BOOTX64.EFI")
    stamp(files, EPOCH)
    stamp(esp, EPOCH)
    write_image(path, files, esp, (GRUB / "i386-pc" / "boot.img").read_bytes(), core.read_bytes(), Names("steel-tiny"), EPOCH,
                label=LABEL, size=options.size * MIB, esp_size=16 * MIB)
