"""An HTTP server of images that can misbehave: cut connections, refuse ranges, lie about lengths.

SPDX-License-Identifier: Apache-2.0
"""
import http.server
import re
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        owner = self.server.owner
        path = self.path.split("?")[0]
        owner.requests.append((path, self.headers.get("Range"), self.headers.get("Authorization")))
        if path in owner.logins and self.headers.get("Authorization") != owner.logins[path]:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="images"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if path in owner.statuses:
            self.send_response(owner.statuses[path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if path in owner.redirects:
            self.send_response(302)
            self.send_header("Location", owner.redirects[path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        data = owner.files.get(path)
        if data is None:
            self.send_error(404)
            return
        self.send_file(owner, path, data)

    def send_file(self, owner, path, data):
        asked = re.match(r"bytes=(\d+)-$", self.headers.get("Range") or "")
        start = int(asked.group(1)) if asked and owner.ranges else 0
        body = data[start:]
        self.send_response(206 if start else 200)
        self.send_header("ETag", owner.etag)
        self.send_header("Content-Length", str(len(body) + owner.lie.get(path, 0)))
        if start:
            self.send_header("Content-Range", "bytes %d-%d/%d" % (start, len(data) - 1, len(data)))
        self.end_headers()
        cuts = owner.cuts.get(path)
        if cuts:
            cut = cuts.pop(0)
            self.wfile.write(body[:cut])
            self.wfile.flush()
            if owner.after_cut:
                owner.after_cut()
            self.close_connection = True
            self.connection.shutdown(2)
            return
        if path in owner.holds:
            size, until = max(owner.holds[path][0] - start, 0), owner.holds[path][1]
            self.wfile.write(body[:size])
            self.wfile.flush()
            until.wait()
            body = body[size:]
        self.wfile.write(body)
        if owner.lie.get(path):
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that goes away is no fault of the suite."""


class ImageServer:
    def __init__(self):
        self.files, self.cuts, self.redirects, self.statuses, self.lie = {}, {}, {}, {}, {}
        self.logins = {}  # path: the header Authorization that is wanted
        self.holds = {}  # path: (bytes of the file that come at once, the threading.Event after which the others come)
        self.ranges, self.etag, self.requests, self.after_cut = True, '"1"', [], None
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.owner = self
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def add(self, path, data):
        self.files[path] = data
        return self.url(path)

    def url(self, path):
        return "http://127.0.0.1:%d%s" % (self.server.server_port, path)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
