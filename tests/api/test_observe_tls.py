"""HTTPS: certificates made by openssl, versions of TLS, and new certificates while connections are open.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import os
import shutil
import ssl
import subprocess
import tempfile
import unittest

import harness
from observe_support import Daemon


def make_certificate(folder, name, common_name):
    """NAME.crt and NAME.key for localhost and 127.0.0.1; their paths."""
    paths = os.path.join(folder, name + ".crt"), os.path.join(folder, name + ".key")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=" + common_name, "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return paths


class Tls(unittest.TestCase):
    daemon = None

    def tearDown(self):
        if self.daemon is not None and self.daemon.process.poll() is None:
            self.assertEqual(self.daemon.stop(), 0)

    def start(self, *settings, wait=True):
        folder = tempfile.mkdtemp(prefix="steel-observe-")
        self.certificate, self.key = make_certificate(folder, "first", "first")
        self.daemon = Daemon("api.enable_ssl_api=true", "api.cert_file=" + self.certificate,
                             "api.key_file=" + self.key, *settings, wait=wait, folder=folder)

    def connect(self, authority, **versions):
        context = ssl.create_default_context(cafile=authority)
        for name, value in versions.items():
            setattr(context, name, value)
        connection = http.client.HTTPSConnection("localhost", self.daemon.port, context=context, timeout=harness.LIMIT_S)
        connection.connect()
        return connection

    def subject(self, authority):
        """The name in the certificate that a new connection gets."""
        connection = self.connect(authority)
        name = dict(pair[0] for pair in connection.sock.getpeercert()["subject"])["commonName"]
        connection.close()
        return name

    def ask(self, connection):
        connection.request("GET", "/v1/nodes")
        response = connection.getresponse()
        response.read()
        return response.status

    def test_curl_trusts_the_certificate_and_links_are_https(self):
        self.start()
        answer = subprocess.run(["curl", "-sS", "--fail", "--cacert", self.certificate,
                                 "https://localhost:%d/v1" % self.daemon.port], capture_output=True, text=True,
                                timeout=harness.LIMIT_S)
        self.assertEqual(answer.returncode, 0, answer.stderr)
        self.assertIn("https://localhost:%d/v1/" % self.daemon.port, answer.stdout)
        plain = subprocess.run(["curl", "-sS", "http://localhost:%d/v1" % self.daemon.port], capture_output=True,
                               timeout=harness.LIMIT_S)
        self.assertNotEqual(plain.returncode, 0)

    def test_versions_below_the_minimum_are_refused(self):
        self.start()
        with self.assertRaises((ssl.SSLError, ConnectionError)):  # the connection may have gone before its last word is read
            self.connect(self.certificate, maximum_version=ssl.TLSVersion.TLSv1_2)
        connection = self.connect(self.certificate)
        self.assertEqual(connection.sock.version(), "TLSv1.3")
        connection.close()

    def test_older_clients_are_served_when_configured_so(self):
        self.start("api.tls_minimum_version=1.2")
        for version in ("TLSv1_2", "TLSv1_3"):
            connection = self.connect(self.certificate, maximum_version=getattr(ssl.TLSVersion, version))
            self.assertEqual(self.ask(connection), 200)
            self.assertEqual(connection.sock.version(), version.replace("_", "."))
            connection.close()

    def test_ciphers_are_those_that_are_configured(self):
        self.start("api.tls_minimum_version=1.2",
                   "api.tls_ciphers=TLS_CHACHA20_POLY1305_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256")
        for cipher, served in (("ECDHE-ECDSA-AES128-GCM-SHA256", True), ("ECDHE-ECDSA-AES256-GCM-SHA384", False)):
            context = ssl.create_default_context(cafile=self.certificate)
            context.set_ciphers(cipher)
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            connection = http.client.HTTPSConnection("localhost", self.daemon.port, context=context, timeout=harness.LIMIT_S)
            if served:
                connection.connect()
                self.assertEqual(connection.sock.cipher()[0], cipher)
            else:
                with self.assertRaises((ssl.SSLError, ConnectionError)):
                    connection.connect()
            connection.close()

    def test_a_cipher_that_is_not_served_stops_the_start(self):
        self.start("api.tls_ciphers=TLS_AES_256_GCM_SHA384:RC4-MD5", wait=False)
        status, text = self.daemon.wait_end()
        self.assertEqual(status, 1)
        self.assertIn("RC4-MD5", text)
        self.assertIn("ECDHE-RSA-AES256-GCM-SHA384", text)
        self.daemon.stop()

    def test_a_new_certificate_is_taken_without_closing_connections(self):
        self.start()
        before = self.connect(self.certificate)
        self.assertEqual(self.ask(before), 200)
        own_socket = before.sock
        for name in ("second", "third"):
            certificate, key = make_certificate(self.daemon.folder, name, name)
            os.rename(certificate, self.certificate)
            os.rename(key, self.key)
            self.daemon.reload()
            self.assertEqual(self.subject(self.certificate), name)
        self.assertEqual(self.ask(before), 200)
        self.assertIs(before.sock, own_socket)
        before.close()

    def test_files_that_are_no_pair_leave_the_old_certificate(self):
        self.start()
        trusted = os.path.join(self.daemon.folder, "trusted.crt")
        with open(self.certificate) as source, open(trusted, "w") as copy:
            copy.write(source.read())
        _, foreign_key = make_certificate(self.daemon.folder, "foreign", "foreign")
        os.rename(foreign_key, self.key)
        self.daemon.reload("the certificate was not reloaded: .*first.key")
        self.assertEqual(self.subject(trusted), "first")
        for content in ("", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n"):
            with open(self.certificate, "w") as file:
                file.write(content)
            self.daemon.reload("the certificate was not reloaded: .*first.crt")
            self.assertEqual(self.subject(trusted), "first")

    def test_a_start_with_a_wrong_pair_says_which_files(self):
        folder = tempfile.mkdtemp(prefix="steel-observe-")
        _, foreign_key = make_certificate(folder, "foreign", "foreign")
        self.start("api.key_file=" + foreign_key, wait=False)
        status, text = self.daemon.wait_end()
        self.assertEqual(status, 1)
        self.assertIn("first.crt", text)
        self.assertIn("foreign.key", text)
        self.daemon.stop()
        shutil.rmtree(folder)

    def test_streams_come_over_tls_too(self):
        self.start()
        connection = self.connect(self.certificate)
        connection.request("GET", "/v1/events/stream")
        response = connection.getresponse()
        self.assertTrue(response.readline().startswith(b": events of nodes"))
        response.readline()
        poster = self.connect(self.certificate)
        poster.request("POST", "/v1/nodes", b'{"driver": "fake-hardware"}', {"Content-Type": "application/json"})
        answer = poster.getresponse()
        uuid = harness.json.loads(answer.read())["uuid"]
        poster.request("PUT", "/v1/nodes/%s/maintenance" % uuid, b"{}", {"Content-Type": "application/json"})
        poster.getresponse().read()
        while not response.readline().startswith(b"event: baremetal.node.maintenance_set"):
            pass
        poster.close()
        self.assertEqual(self.daemon.stop(), 0)
        connection.close()

