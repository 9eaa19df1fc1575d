"""A file server over HTTPS with an authority of its own, as machines under QEMU's user networking reach it.

SPDX-License-Identifier: Apache-2.0
"""
import http.server
import pathlib
import shutil
import ssl
import subprocess
import tempfile
import threading

NAMES = "subjectAltName=IP:10.0.2.2,IP:127.0.0.1"


def openssl(*words):
    subprocess.run(["openssl", *(str(word) for word in words)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class HttpsFiles:
    """folder: what it serves; may be set later. authority: the file of the certificate that its own is signed by. asked: the requests
    that came through TLS, as "GET /boot.iso"."""

    def __init__(self, folder=None):
        self.folder, self.asked = folder, []
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="steel-https-"))
        self.authority = self.place / "authority.crt"
        self._make_certificates()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.handle_error = lambda *about: None  # who does not trust it goes away
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.place / "server.crt", self.place / "server.key")
        context.set_ciphers("DEFAULT")  # OVMF knows no elliptic curves, and so none of Python's own choice
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"https://10.0.2.2:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _make_certificates(self):
        """With keys of RSA, for the same reason."""
        place, key = self.place, ["-newkey", "rsa:2048", "-nodes"]
        openssl("req", "-x509", *key, "-days", "2", "-subj", "/CN=steel test authority", "-keyout", place / "authority.key",
                "-out", self.authority)
        openssl("req", *key, "-subj", "/CN=steel test server", "-keyout", place / "server.key", "-out", place / "server.csr")
        (place / "names").write_text(NAMES)
        openssl("x509", "-req", "-in", place / "server.csr", "-CA", self.authority, "-CAkey", place / "authority.key",
                "-CAcreateserial", "-days", "2", "-extfile", place / "names", "-out", place / "server.crt")

    def _handler(self):
        files = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def __init__(self, *words):
                super().__init__(*words, directory=str(files.folder))

            def log_message(self, *_):
                pass

            def log_request(self, code="-", size="-"):
                files.asked.append(f"{self.command} {self.path}")

        return Handler

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.place, ignore_errors=True)
