"""The configuration of steeld: files written for Ironic, the environment, every sample of the manual.

SPDX-License-Identifier: Apache-2.0
"""
import glob
import os
import re
import resource
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

import harness

FILES = sorted(glob.glob(harness.ROOT + "/tests/data/ironic-conf/*.conf"))
BCRYPT_LINE = "admin:$2y$04$w2bO0tDaBvP2jO1bJXyqFeQH3xk0Bz1Z3e4w5d9mU5o4mXy4f6b7K\n"


def blocks(language):
    """The fenced blocks of a language in the manual: (file:line, text)."""
    for path in [harness.ROOT + "/README.md"] + sorted(glob.glob(harness.ROOT + "/docs/*.md")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for found in re.finditer(r"^( *)```%s\n(.*?)^\1```" % language, text, re.M | re.S):
            place = "%s:%d" % (os.path.basename(path), text[:found.start()].count("\n") + 1)
            yield place, re.sub("^" + found.group(1), "", found.group(2), flags=re.M)


class Configuration(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="steel-configuration-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def steeld(self, *arguments, **variables):
        """Runs it to its end with variables in the environment."""
        return subprocess.run([harness.STEELD, *arguments], capture_output=True, text=True, timeout=harness.LIMIT_S,
                              env={**os.environ, **variables})

    def own_places(self):
        """The settings of the machine, which the environment gives in place of the file."""
        return {
            "OS_DEFAULT__STATE_PATH": self.folder,
            "OS_DEFAULT__LOG_DIR": self.folder,
            "OS_DEFAULT__LOG_FILE": "steeld.log",
            "OS_DEFAULT__HTTP_BASIC_AUTH_USER_FILE": self.write("htpasswd", BCRYPT_LINE),
            "OS_DATABASE__CONNECTION": "sqlite:///%s/steel.sqlite" % self.folder,
            "OS_OSLO_POLICY__POLICY_FILE": self.write("policy.yaml", "{}\n"),
            "OS_API__UNIX_SOCKET": self.folder + "/api.sock",
            "OS_BOOT_SERVER__ENABLED": "false",
        }

    def log(self):
        with open(self.folder + "/steeld.log", encoding="utf-8") as file:
            return file.read()

    def answer_of(self, steel):
        """The first line of the answer to GET / over the unix socket."""
        end = time.monotonic() + harness.LIMIT_S
        with socket.socket(socket.AF_UNIX) as connection:
            while connection.connect_ex(self.folder + "/api.sock") != 0:
                self.assertIsNone(steel.poll(), "steeld has ended")
                self.assertLess(time.monotonic(), end)
                time.sleep(0.01)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return connection.recv(4096).split(b"\r\n")[0].decode()

    def test_a_file_written_for_ironic_is_served(self):
        self.assertEqual(len(FILES), 4)
        for path in FILES:
            with self.subTest(os.path.basename(path)):
                self.setUp()
                steel = subprocess.Popen([harness.STEELD, "--config-file", path], stdin=subprocess.DEVNULL,
                                         env={**os.environ, **self.own_places()}, start_new_session=True,
                                         stderr=subprocess.PIPE)
                try:
                    self.assertIn(" 200 ", self.answer_of(steel))
                finally:
                    steel.terminate()
                    steel.communicate(timeout=harness.LIMIT_S)
                self.assertEqual(steel.returncode, 0)
                self.assertLessEqual(len(re.findall("left out, for Steel does not have it", self.log())), 1)

    def test_a_file_for_ironic_needs_only_paths_that_differ(self):
        for path in FILES:
            with self.subTest(os.path.basename(path)):
                checked = self.steeld("--config-file", path, "config", "check",
                                      OS_DATABASE__CONNECTION="sqlite:////tmp/none",
                                      OS_OSLO_POLICY__POLICY_FILE=self.write("policy.yaml", "{}\n"))
                self.assertEqual((checked.returncode, checked.stdout), (0, "the configuration is good\n"), checked.stderr)

    def test_every_sample_of_the_manual_is_good(self):
        samples = list(blocks("ini"))
        self.assertGreater(len(samples), 5)
        for place, text in samples:
            with self.subTest(place):
                checked = self.steeld("--config-file", self.write("sample.conf", text), "config", "check")
                self.assertEqual((checked.returncode, checked.stderr), (0, ""))

    def test_policy_files_of_the_working_directory_do_not_count(self):
        self.write("policy.yaml", "show_password: '@'\n")
        os.mkdir(self.folder + "/policy.d")
        self.write("policy.d/more.yaml", "&broken *broken\n")
        told = subprocess.run([harness.STEELD, "config", "policy"], capture_output=True, text=True,
                              timeout=harness.LIMIT_S, cwd=self.folder)
        self.assertEqual(told.returncode, 0, told.stderr)
        self.assertIn('\n#"show_password": "!"\n', told.stdout)

    def core_limit_of(self, **variables):
        """The limit of a core dump, of a daemon that inherits none."""
        steel = subprocess.Popen([harness.STEELD], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 env={**os.environ, **self.own_places(), **variables}, start_new_session=True,
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE,
                                                                       (resource.RLIM_INFINITY,) * 2))
        try:
            self.answer_of(steel)
            with open("/proc/%d/limits" % steel.pid, encoding="ascii") as file:
                return re.search(r"Max core file size +(\S+)", file.read()).group(1)
        finally:
            steel.terminate()
            steel.wait(harness.LIMIT_S)

    def test_a_crash_leaves_no_core_dump_unless_allowed(self):
        self.assertEqual(self.core_limit_of(), "0")
        with open(harness.STEELD, "rb") as file:
            program = file.read()
        if not any(name in program for name in (b"__asan_init", b"__tsan_init")):  # they forbid it themselves
            self.assertEqual(self.core_limit_of(OS_DEFAULT__CORE_DUMPS="true"), "unlimited")

    def test_all_mistakes_are_reported_together(self):
        path = self.write("bad.conf", "[DEFAULT]\nenabled_hardware_types = ipmi, hal9000\nwhat is this\n[api]\nport = http\n"
                                      "host_ip = 0.0.0.0\n[database]\nconnection = mysql+pymysql://u:geheim@h/ironic\n"
                                      "[conductor]\nheartbeat_interval = x\n")
        ended = self.steeld("--config-file", path, "--set", "api.prot=1", OS_API__API_WORKERS="many")
        self.assertEqual(ended.returncode, 1)
        told = [re.sub(r" .*", "", line.strip()) for line in ended.stderr.splitlines()[1:]]
        self.assertEqual(told, ["%s:%d:" % (path, line) for line in (2, 3, 5, 6, 8, 10)] + ["--set:", "environment"],
                         ended.stderr)
        self.assertNotIn("geheim", ended.stderr)

    def test_the_environment_stands_between_the_command_line_and_files(self):
        path = self.write("steel.conf", "[api]\nport = 1001\nmax_limit = 11\napi_workers = 1\n[DEFAULT]\nhost = of-file\n")
        shown = self.steeld("--config-file", path, "--set", "api.port=1003", "config", "show", OS_API__PORT="1002",
                            OS_API__MAX_LIMIT="12", OS_DEFAULT__HOST="of-environment", OS_AUTH_URL="http://x",
                            OS_NOTHING__OF_OURS="1")
        for line in ("port = 1003", "max_limit = 12", "api_workers = 1", "host = of-environment"):
            self.assertIn("\n%s\n" % line, shown.stdout)
        self.assertIn("set by environment OS_API__MAX_LIMIT", shown.stdout)
        self.assertIn("[nothing]of_ours (environment OS_NOTHING__OF_OURS)", shown.stderr)
        self.assertNotIn("OS_AUTH_URL", shown.stderr)


class ManualPages(unittest.TestCase):
    """The pages of man/ against the help of the programs."""

    def page(self, name):
        with open(os.path.join(harness.ROOT, "man", name), encoding="utf-8") as file:
            return file.read()

    def help_of(self, program):
        path = os.path.join(os.path.dirname(harness.STEELD), program)
        done = subprocess.run([path, "--help"], capture_output=True, text=True, timeout=harness.LIMIT_S)
        return done.stdout + done.stderr

    def test_options_of_a_page_are_in_the_help(self):
        for name in ("steeld.8", "steel.1", "steel-lab.1"):
            known = self.help_of(name.rsplit(".", 1)[0])
            options = set(re.findall(r"Fl -([a-z-]+)", self.page(name))) - {"help"}
            self.assertGreater(len(options), 2, name)
            self.assertEqual([option for option in sorted(options) if "--" + option not in known], [], name)

    def test_the_page_of_steeld_has_every_command(self):
        commands = re.findall(r"^  ([a-z]+(?: [a-z]+)?)(?: \[| {2,})", self.help_of("steeld"), re.M)
        self.assertIn("config check", commands)
        page = self.page("steeld.8")
        self.assertEqual([command for command in commands if ".It Cm " + command not in page], [])


if __name__ == "__main__":
    unittest.main()
