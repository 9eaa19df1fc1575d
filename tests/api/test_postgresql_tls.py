"""TLS between steeld and a PostgreSQL: what sslmode promises holds, and what fails is told in one sentence.

SPDX-License-Identifier: Apache-2.0
"""
import os
import pwd
import shutil
import subprocess
import sys
import tempfile

import harness
import test_faults_postgresql
from faults_support import until
from ramdisk_support import make_certificate

sys.path.insert(0, os.path.join(harness.ROOT, "tests"))
import postgresql  # noqa: E402


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, capture_output=True)


def make_server_certificate(place):
    """A CA (ca.crt), and a certificate of it for the address 127.0.0.1 and no name (server.crt, server.key)."""
    authority, authority_key = make_certificate(place, "ca")
    key, request, extensions = place + "/server.key", place + "/server.csr", place + "/extensions"
    with open(extensions, "w", encoding="ascii") as file:
        file.write("subjectAltName=IP:127.0.0.1")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=db", "-keyout", key, "-out", request)
    openssl("x509", "-req", "-in", request, "-CA", authority, "-CAkey", authority_key, "-CAcreateserial", "-days", "2", "-extfile", extensions,
            "-out", place + "/server.crt")
    return place + "/server.crt", key


class Tls(test_faults_postgresql.Suite):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp(prefix="steel-tls-")
        cls.addClassCleanup(shutil.rmtree, cls.place, True)
        os.chmod(cls.place, 0o755)
        certificate, key = make_server_certificate(cls.place)
        make_certificate(cls.place, "other")
        os.chmod(key, 0o600)
        if os.geteuid() == 0:
            os.chown(key, pwd.getpwnam("postgres").pw_uid, -1)
        cls.server_settings = {"ssl": "on", "ssl_cert_file": certificate, "ssl_key_file": key}
        super().setUpClass()

    def url(self, mode, authority="ca", host="127.0.0.1"):
        return "%s?sslmode=%s&sslrootcert=%s/%s.crt" % (self.server.url(self.name).replace("@127.0.0.1", "@" + host), mode, self.place, authority)

    def encrypted(self):
        """Whether the connections of daemons are, as the server says."""
        return set(self.server.sql("SELECT s.ssl FROM pg_stat_ssl s JOIN pg_stat_activity a USING (pid) WHERE a.application_name LIKE 'steeld%'")
                   .split("\n"))

    def on(self, connection):
        """The daemon on this URL, and no connection of the one before it; what they are."""
        self.steel.end()
        until("the server has closed all connections", lambda: self.encrypted() == {""})
        self.steel.settings["database.connection"] = connection
        self.steel.again()
        self.assertEqual(self.nodes().status, 200)
        return self.encrypted()

    def test_each_mode_means_what_it_says(self):
        for mode in ("require", "verify-ca", "verify-full"):
            with self.subTest(mode):
                self.assertEqual(self.on(self.url(mode)), {"t"})
        self.assertEqual(self.on(self.server.url(self.name) + "?sslmode=disable"), {"f"})

    def test_a_certificate_of_another_authority_or_name_is_refused(self):
        self.refused(self.url("verify-full", "other"), "TLS fails", "certificate verify failed", "sslrootcert")
        self.refused(self.url("verify-ca", "other"), "TLS fails", "certificate verify failed")
        self.refused(self.url("verify-full", host="localhost"), "TLS fails", "localhost")
        self.assertEqual(self.on(self.url("verify-ca", host="localhost")), {"t"})
        self.refused(self.url("verify-full", "absent"), "TLS fails", "absent.crt")

    def test_the_next_host_of_the_url_is_verified_as_well(self):
        first = self.url("verify-full").replace("@127.0.0.1:", "@127.0.0.1:9,127.0.0.1:")
        self.assertEqual(self.on(first), {"t"})
        self.refused(first.replace("/ca.crt", "/other.crt"), "TLS fails", "certificate verify failed")


class Plain(test_faults_postgresql.Suite):
    def test_a_server_without_tls_is_refused_by_who_requires_it(self):
        self.refused(self.server.url(self.name) + "?sslmode=require", "TLS fails", "does not support SSL")
