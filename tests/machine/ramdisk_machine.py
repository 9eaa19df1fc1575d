"""A virtual machine that starts with the ramdisk alone: no lab, no service, its kernel given to QEMU.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import json
import pathlib
import subprocess
import tempfile

from world import BUILD, Failure, free_port, until

AGENT, SSH = 9999, 22


def build(folder, *words):
    """Builds a ramdisk; the folder."""
    done = subprocess.run([str(BUILD / "steel-ramdisk"), "build", "--output", str(folder), *words], timeout=4000,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode != 0:
        raise Failure("the ramdisk was not built: " + done.stderr.decode(errors="replace"))
    return pathlib.Path(folder)


class Machine:
    """line: the kernel's; with that given here the agent asks no service and speaks plain HTTP. more: words for QEMU."""

    def __init__(self, ramdisk, memory=256, line="cryptomgr.notests console=ttyS0,115200 loglevel=4 panic=5 ipa-standalone=1", more=()):
        self.folder = tempfile.TemporaryDirectory(prefix="steel-machine-")
        self.log = pathlib.Path(self.folder.name) / "console"
        self.ports = {port: free_port() for port in (AGENT, SSH)}
        forwards = "".join(f",hostfwd=tcp:127.0.0.1:{here}-:{there}" for there, here in self.ports.items())
        self.process = subprocess.Popen(
            ["qemu-system-x86_64", "-m", str(memory), "-display", "none", "-serial", f"file:{self.log}", "-no-reboot",
             "-kernel", str(ramdisk / "steel-ramdisk.kernel"), "-initrd", str(ramdisk / "steel-ramdisk.initramfs"), "-append", line,
             "-nic", f"user,model=virtio-net-pci{forwards}", "-device", "virtio-rng-pci", *more], stdin=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait(timeout=20)
        self.folder.cleanup()

    def console(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def wait_line(self, text, limit=300):
        """The first whole line with a text."""
        def look():
            lines = [line.strip() for line in self.console().split("\n")[:-1] if text in line]
            if not lines and self.process.poll() is not None:
                raise Failure(f"QEMU has ended:\n{self.console()[-2000:]}")
            return lines
        try:
            return until(f"'{text}' on the console", limit, look, pause=0.1)[0]
        except Failure as error:
            raise Failure(f"{error}\n{self.console()[-2000:]}") from error

    def agent(self, method, path, body=None, timeout=60):
        """Asks the agent: status and answer. OSError: it cannot be reached."""
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[AGENT], timeout=timeout)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()

    def wait_agent(self, limit=300):
        def answers():
            try:
                return self.agent("GET", "/v1/status", timeout=10)[0] == 200
            except OSError:
                return False
        until("the agent answers", limit, answers, pause=0.1)
