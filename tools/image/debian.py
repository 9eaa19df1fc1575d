"""The profile "debian": a Debian system for servers, with cloud-init, that finds its root file system on a local disk as well as on the
iSCSI volume that the firmware booted from (iBFT).

SPDX-License-Identifier: Apache-2.0
"""
import os
import pathlib
import shutil
import time

from image.disk import BIOS_MODULES, ImageError, MIB, Names, run, write_image, write_root_image

LABEL = "root"
ESP_SIZE = 64 * MIB
KERNELS = {"generic": "linux-image-amd64", "cloud": "linux-image-cloud-amd64"}
PACKAGES = """ca-certificates cloud-guest-utils cloud-init dbus e2fsprogs grub-common grub2-common grub-efi-amd64-bin
    grub-efi-amd64-signed grub-pc-bin initramfs-tools busybox iproute2 iputils-ping kmod less libpam-systemd netplan.io open-iscsi
    openssh-server procps shim-signed sudo systemd-resolved systemd-sysv systemd-timesyncd udev vim-tiny zstd""".split()
LEFT_OUT = ["/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/doc/*"]
KEPT = ["/usr/share/doc/*/copyright", "/usr/share/locale/locale.alias"]

ARGUMENTS = "ro console=tty0 console=ttyS0,115200"

FILES = {
    "etc/default/grub": f"""GRUB_DEFAULT=0
GRUB_TIMEOUT=2
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="{ARGUMENTS.partition(' ')[2]}"
GRUB_TERMINAL="console serial"
GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
""",
    # The initramfs reads this as a shell script. Without an iBFT nothing is asked of the network, so that a machine with a local
    # disk does not wait for DHCP.
    "etc/iscsi/iscsi.initramfs": """modprobe -q iscsi_ibft
if [ -e /sys/firmware/ibft/target0 ]; then ISCSI_AUTO=true; fi
""",
    # systemd-networkd takes addresses away that it did not set: those by which the root file system is reached have to stay.
    "etc/initramfs-tools/scripts/init-bottom/iscsi-network": """#!/bin/sh
[ "$1" != prereqs ] || exit 0
[ -s /run/initramfs/open-iscsi.interface ] || exit 0
read -r interface </run/initramfs/open-iscsi.interface
mkdir -p /run/systemd/network
printf '[Match]\\nName=%s\\n[Network]\\nDHCP=yes\\nKeepConfiguration=yes\\n' "$interface" >/run/systemd/network/00-iscsi.network
""",
    "etc/cloud/cloud.cfg.d/90_steel.cfg": """# Where an instance learns who it is, in this order.
datasource_list: [ConfigDrive, OpenStack, NoCloud, None]
datasource:
  OpenStack:
    max_wait: 30
    timeout: 5
""",
    # A server says of itself what its vendor wrote, not "OpenStack": cloud-init has to look for all of its sources.
    "etc/cloud/ds-identify.cfg": "policy: search,found=first,maybe=all,notfound=enabled\n",
    "etc/hostname": "debian\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n",
}

GRUB_CONFIG = f"""serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
set timeout=2
menuentry "Debian" {{
    linux /vmlinuz root=UUID=ROOT_UUID {ARGUMENTS}
    initrd /initrd.img
}}
"""
ESP_CONFIG = """search.fs_uuid ROOT_UUID root
set prefix=($root)/boot/grub
configfile $prefix/grub.cfg
"""

# Run in the new system, when all packages are there.
FINISH = f"""set -e
install -d /boot/grub/i386-pc /boot/efi
cp /usr/lib/grub/i386-pc/*.mod /usr/lib/grub/i386-pc/*.lst /boot/grub/i386-pc/
grub-mkimage -O i386-pc -p '(,gpt1)/boot/grub' -o /boot/grub/i386-pc/core.img {BIOS_MODULES}
update-initramfs -u -k all
systemctl enable -q systemd-networkd systemd-resolved serial-getty@ttyS0.service
rm -f /etc/ssh/ssh_host_* /etc/iscsi/initiatorname.iscsi /var/log/*.log /var/log/apt/* /var/lib/dbus/machine-id
echo 'GenerateName=yes' >/etc/iscsi/initiatorname.iscsi
: >/etc/machine-id
"""


def release_here():
    for line in pathlib.Path("/etc/os-release").read_text().splitlines():
        if line.startswith("VERSION_CODENAME="):
            return line.partition("=")[2].strip('"')
    raise ImageError("which Debian release this is cannot be told: say --suite")


def write_files(folder, options, names):
    """What the image has beside its packages."""
    files = dict(FILES)
    files["etc/fstab"] = (f"UUID={names.uuid('root')} / ext4 errors=remount-ro 0 1\n"
                          f"{esp_name(options, names)} /boot/efi vfat umask=0077,nofail 0 1\n")
    files["boot/grub/grub.cfg"] = GRUB_CONFIG.replace("ROOT_UUID", names.uuid("root"))
    if options.ssh_key is not None:
        key = pathlib.Path(options.ssh_key).read_text().strip()
        files["etc/cloud/cloud.cfg.d/91_key.cfg"] = f"ssh_authorized_keys:\n  - {key}\n"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for where, folders, names_here in os.walk(folder):
        for name in folders:
            os.chmod(os.path.join(where, name), 0o755)
        for name in names_here:
            os.chmod(os.path.join(where, name), 0o755 if "initramfs-tools/scripts" in where else 0o644)


def esp_name(options, names):
    """The agent that makes the partitions gives the EFI system partition this label."""
    return "LABEL=efi-part" if options.type == "partition" else f"UUID={fat_uuid(names)}"


def fat_uuid(names):
    return f"{names.fat_id()[:4]}-{names.fat_id()[4:]}".upper()


def bootstrap(archive, work, options, names):
    """Debian, as a tar archive."""
    extra, finish = work / "extra", work / "finish"
    write_files(extra, options, names)
    finish.write_text(FINISH)
    packages = PACKAGES + [KERNELS[options.kernel]] + options.include
    words = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={','.join(packages)}", "--components=main",
             "--aptopt=APT::Install-Recommends \"false\""]
    words += [f"--dpkgopt=path-exclude={path}" for path in LEFT_OUT]
    words += [f"--dpkgopt=path-include={path}" for path in KEPT]
    words += [f"--customize-hook=tar-in {extra}.tar /", f"--customize-hook=upload {finish} /finish",
              "--customize-hook=chroot \"$1\" sh /finish", "--customize-hook=rm \"$1\"/finish",
              options.suite or release_here(), archive]
    run("tar", "--owner=root:0", "--group=root:0", "--sort=name", f"--mtime=@{options.epoch}", "-C", extra, "-cf", f"{extra}.tar", ".")
    run(*words, *options.mirror, env={**os.environ, "SOURCE_DATE_EPOCH": str(options.epoch), "LC_ALL": "C.UTF-8"})


def unpack(archive, folder, state):
    """The archive as a tree; who is not root keeps owners in fakeroot's state. Returns what to run mke2fs with."""
    folder.mkdir()
    words = ["tar", "-C", folder, "--numeric-owner", "--xattrs", "--xattrs-include=security.capability", "-xpf", archive]
    if os.geteuid() == 0:
        run(*words)
        return ()
    run("fakeroot", "-s", state, "--", *words)
    return ("fakeroot", "-i", state, "--")


def fill_esp(esp, root, names):
    """Shim and GRUB as Debian signed them: at the place for disks that the firmware does not know, and at Debian's own."""
    signed = {"shimx64.efi": "usr/lib/shim/shimx64.efi.signed", "mmx64.efi": "usr/lib/shim/mmx64.efi.signed",
              "grubx64.efi": "usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed"}
    for folder in ("BOOT", "debian"):
        (esp / "EFI" / folder).mkdir(parents=True)
        for name, source in signed.items():
            if not (root / source).exists() and name == "mmx64.efi":
                source = "usr/lib/shim/mmx64.efi"
            shutil.copyfile(root / source, esp / "EFI" / folder / name)
    (esp / "EFI/BOOT/shimx64.efi").rename(esp / "EFI/BOOT/BOOTX64.EFI")
    (esp / "EFI/debian/grub.cfg").write_text(ESP_CONFIG.replace("ROOT_UUID", names.uuid("root")))
    (esp / "EFI/debian/BOOTX64.CSV").write_text("shimx64.efi,debian,,This is the boot entry for debian\n", encoding="utf-16")


def make(path, work, options, _):
    options.epoch = int(os.environ.get("SOURCE_DATE_EPOCH", time.time()))
    names = Names(f"steel {options.suite} {options.epoch} {sorted(options.include)}")
    archive, root, esp = work / "system.tar", work / "root", work / "esp"
    bootstrap(archive, work, options, names)
    wrapper = unpack(archive, root, work / "owners")
    archive.unlink()
    if options.type == "partition":
        write_root_image(path, root, names, options.epoch, label=LABEL, size=options.size * MIB, wrapper=wrapper)
        return
    fill_esp(esp, root, names)
    for where, folders, files in os.walk(esp):
        for name in folders + files:
            os.utime(os.path.join(where, name), (options.epoch, options.epoch))
    grub = root / "usr/lib/grub/i386-pc/boot.img"
    core = root / "boot/grub/i386-pc/core.img"
    write_image(path, root, esp, grub.read_bytes(), core.read_bytes(), names, options.epoch, label=LABEL,
                size=options.size * MIB, esp_size=ESP_SIZE, wrapper=wrapper)
