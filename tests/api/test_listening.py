"""Where the API listens: TLS, IPv6, a unix socket, and what it refuses.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import unittest

import harness


class Listening(unittest.TestCase):
    def start(self, *options):
        steel = harness.Steel(*options)
        self.addCleanup(steel.stop)
        return steel

    def test_tls(self):
        folder = tempfile.mkdtemp(prefix="steel-tls-")
        self.addCleanup(shutil.rmtree, folder)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", folder + "/key.pem", "-out",
                        folder + "/cert.pem", "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
        steel = self.start("api.enable_ssl_api=true", "api.cert_file=%s/cert.pem" % folder, "api.key_file=%s/key.pem" % folder)
        context = ssl.create_default_context(cafile=folder + "/cert.pem")
        connection = http.client.HTTPSConnection("localhost", steel.port, context=context, timeout=harness.LIMIT_S)
        for _ in range(3):
            connection.request("GET", "/v1", headers={harness.VERSION_HEADER: "1.82"})
            answer = connection.getresponse()
            self.assertEqual(answer.status, 200)
            self.assertTrue(json.load(answer)["links"][0]["href"].startswith("https://localhost:%d/" % steel.port))
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode, old.maximum_version = False, ssl.CERT_NONE, ssl.TLSVersion.TLSv1_2
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            http.client.HTTPSConnection("localhost", steel.port, context=old, timeout=harness.LIMIT_S).request("GET", "/")

    def test_ipv6(self):
        steel = self.start("api.host_ip=::1")
        connection = http.client.HTTPConnection("::1", steel.port, timeout=harness.LIMIT_S)
        connection.request("GET", "/v1")
        self.assertEqual(json.load(connection.getresponse())["links"][0]["href"], "http://[::1]:%d/v1/" % steel.port)

    def test_a_unix_socket(self):
        folder = tempfile.mkdtemp(prefix="steel-unix-")
        self.addCleanup(shutil.rmtree, folder)
        path = folder + "/api.sock"
        steel = subprocess.Popen([harness.STEELD, "--set", "state_path=" + folder, "--set", "api.unix_socket=" + path, "--set",
                                  "api.unix_socket_mode=0600", "--set", "boot_server.enabled=false", "--set",
                                  "database.connection=sqlite:///%s/db" % folder],
                                 stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, start_new_session=True)
        self.addCleanup(harness.Steel.end_process, steel)
        end = time.monotonic() + harness.LIMIT_S
        with socket.socket(socket.AF_UNIX) as connection:
            while connection.connect_ex(path) != 0:
                self.assertLess(time.monotonic(), end)
                time.sleep(0.01)
            self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            self.assertIn(b" 200 ", connection.recv(4096).split(b"\r\n")[0])
        steel.terminate()
        self.assertEqual(steel.wait(harness.LIMIT_S), 0)

    def refused(self, *settings):
        """Starts with settings that must be refused; its error."""
        folder = tempfile.mkdtemp(prefix="steel-refused-")
        self.addCleanup(shutil.rmtree, folder)
        command = [harness.STEELD, "--set", "state_path=" + folder, "--set", "boot_server.enabled=false", "--set",
                   "database.connection=sqlite:///%s/db" % folder]
        for setting in settings:
            command += ["--set", setting]
        ended = subprocess.run(command, capture_output=True, timeout=harness.LIMIT_S, text=True)
        self.assertNotEqual(ended.returncode, 0)
        return ended.stderr

    def test_strangers_are_not_served_without_a_login(self):
        self.assertIn("allow_unauthenticated_remote", self.refused("api.host_ip=0.0.0.0"))

    def test_tls_needs_a_certificate(self):
        self.assertIn("cert_file", self.refused("api.enable_ssl_api=true"))

    def test_a_file_in_the_place_of_the_socket_stays(self):
        with tempfile.NamedTemporaryFile() as precious:
            self.assertIn(precious.name + ": Address already in use", self.refused("api.unix_socket=" + precious.name))
            self.assertTrue(os.path.exists(precious.name))

    def test_a_taken_port_is_named(self):
        steel = self.start()
        self.assertIn(str(steel.port), self.refused("api.port=%d" % steel.port))
