"""A real RabbitMQ in a folder of its own, with ports and an epmd of its own; asked through its management API.

SPDX-License-Identifier: Apache-2.0
"""
import base64
import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

import freezing
from ports import free_port

LIMIT_S = 600  # Erlang starts slowly on a machine with much to do
BIN = "/usr/lib/rabbitmq/bin/"
CONFIGURATION = """
listeners.tcp.default = {address}:{port}
listeners.ssl.default = {tls_port}
ssl_options.cacertfile = {folder}/certificate.pem
ssl_options.certfile = {folder}/certificate.pem
ssl_options.keyfile = {folder}/key.pem
management.tcp.ip = 127.0.0.1
management.tcp.port = {management}
default_user = steel
default_pass = {password}
log.console = true
log.console.level = info
log.file = false
vm_memory_high_watermark.absolute = 512MB
disk_free_limit.absolute = 1MB
heartbeat = 60
"""


def wait_for(what, look):
    end = time.monotonic() + LIMIT_S
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError("not reached: " + what)
        time.sleep(0.05)


def make_certificate(folder, certificate, key):
    """A certificate of this machine that signs itself; its path."""
    path = os.path.join(folder, certificate)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout",
                    os.path.join(folder, key), "-out", path], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return path


def port_of_all_addresses():
    """RabbitMQ does not start when its port for other nodes is in use at any address, a simulated BMC's for example."""
    while True:
        port = free_port()
        with contextlib.suppress(OSError), socket.socket() as place:
            place.bind(("", port))
            return port


class Rabbit:
    """User "steel"; `url()` is its transport_url. Stop it and start it as often as you like: it keeps what is durable."""

    def __init__(self, start=True, address="127.0.0.1"):
        """address: where clients reach it without TLS."""
        self.address = address
        self.folder = tempfile.mkdtemp(prefix="steel-rabbit-")
        self.password = "rabbit-secret"
        self.port, self.tls_port, self.management, self.epmd_port = (free_port() for _ in range(4))
        self.distribution = port_of_all_addresses()
        self.name = "steel%d@localhost" % self.port
        self.certificate = make_certificate(self.folder, "certificate.pem", "key.pem")
        settings = CONFIGURATION.format(address=address, port=self.port, tls_port=self.tls_port, management=self.management, password=self.password,
                                        folder=self.folder)
        for path, text in (("plugins", "[rabbitmq_management]."), (".erlang.cookie", "STEELTEST"), ("none", ""),
                           ("rabbitmq.conf", settings)):
            with open(self.path(path), "w") as file:
                file.write(text)
        os.chmod(self.path(".erlang.cookie"), 0o400)
        self.account = {}
        if os.getuid() == 0:
            self.account = {"user": "rabbitmq", "group": "rabbitmq", "extra_groups": []}
            for path in (self.folder, *(self.path(name) for name in os.listdir(self.folder))):
                shutil.chown(path, "rabbitmq", "rabbitmq")
        self.log = open(self.path("log"), "ab")
        self.server = None
        self.epmd = self.run_in_background(["epmd", "-port", str(self.epmd_port), "-address", "127.0.0.1"])
        if start:
            try:
                self.start()
            except BaseException:
                self.close()
                raise

    def path(self, name):
        return os.path.join(self.folder, name)

    def environment(self):
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("RABBITMQ_", "ERL_"))}
        return dict(kept, HOME=self.folder, PATH="/usr/sbin:/usr/bin:/sbin:/bin", ERL_EPMD_PORT=str(self.epmd_port),
                    ERL_EPMD_ADDRESS="127.0.0.1", RABBITMQ_NODENAME=self.name, RABBITMQ_DIST_PORT=str(self.distribution),
                    RABBITMQ_CONF_ENV_FILE=self.path("none"), RABBITMQ_CONFIG_FILE=self.path("rabbitmq.conf"),
                    RABBITMQ_MNESIA_BASE=self.path("mnesia"), RABBITMQ_LOG_BASE=self.path("logs"),
                    RABBITMQ_ENABLED_PLUGINS_FILE=self.path("plugins"), RABBITMQ_PID_FILE=self.path("pid"),
                    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none "
                                                        "-kernel inet_dist_use_interface {127,0,0,1}")

    def run_in_background(self, command):
        return subprocess.Popen(command, cwd=self.folder, env=self.environment(), stdin=subprocess.DEVNULL, stdout=self.log,
                                stderr=self.log, start_new_session=True, **self.account)

    def start(self):
        self.begin()
        self.wait()

    def begin(self):
        self.server = self.run_in_background([BIN + "rabbitmq-server"])

    def wait(self):
        wait_for("RabbitMQ answers", self.answers)

    def answers(self):
        if self.server.poll() is not None:
            with open(self.path("log"), errors="replace") as log:
                raise AssertionError("RabbitMQ has ended:\n" + log.read()[-4000:])
        try:
            with socket.create_connection((self.address, self.port), 1):
                return self.ask("GET", "/api/overview", limit_s=60)[0] == 200  # not the whole limit for one question
        except (OSError, http.client.HTTPException):
            return False

    @contextlib.contextmanager
    def frozen(self):
        """The broker answers nothing meanwhile, as on a machine that is far too slow."""
        try:
            freezing.freeze_group(self.server.pid)
            yield
        finally:
            os.killpg(self.server.pid, signal.SIGCONT)

    @contextlib.contextmanager
    def short_of_memory(self):
        """Whoever sends something meanwhile is told so, and then not read any more."""
        try:
            self.control("set_vm_memory_high_watermark", "0")
            wait_for("the alarm", lambda: self.ask("GET", "/api/health/checks/alarms")[0] == 503)
            yield
        finally:
            self.control("set_vm_memory_high_watermark", "absolute", "512MB")

    def stop(self):
        """Kills the broker, as a power cut does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.server.pid, signal.SIGKILL)
        self.server.wait()

    def close(self):
        if self.server is not None:
            self.stop()
        self.epmd.kill()
        self.epmd.wait()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def control(self, *words):
        """rabbitmqctl"""
        done = subprocess.run([BIN + "rabbitmqctl", "--node", self.name, *words], cwd=self.folder, env=self.environment(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT_S,
                              **self.account)
        if done.returncode:
            raise AssertionError("rabbitmqctl %s: %s" % (" ".join(words), done.stdout.decode(errors="replace")))
        return done.stdout.decode()

    def url(self, user="steel", password=None, port=None):
        return "rabbit://%s:%s@%s:%d/" % (user, password or self.password, self.address, port or self.port)

    def ask(self, method, path, body=None, limit_s=LIMIT_S):
        """One call of the management API: (status, parsed body)."""
        connection = http.client.HTTPConnection("127.0.0.1", self.management, timeout=limit_s)
        login = base64.b64encode(("steel:" + self.password).encode()).decode()
        with contextlib.closing(connection):
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {"Authorization": "Basic " + login, "Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        return answer.status, json.loads(text) if text else None

    def url_behind(self, port):
        """The one with a host before this one."""
        return self.url(port=port)[:-1] + ",steel:%s@%s:%d/" % (self.password, self.address, self.port)

    def cut_connections(self):
        self.control("close_all_connections", "a test")

    @staticmethod
    def queue_path(name):
        return "/api/queues/%2F/" + urllib.parse.quote(name, safe="")

    def take(self, queue, most=5000):
        """Takes the messages that are in a queue: [{"payload", "properties", "exchange", "routing_key"...}]; none without it."""
        status, messages = self.ask("POST", self.queue_path(queue) + "/get",
                                    {"count": most, "ackmode": "ack_requeue_false", "encoding": "auto"})
        return messages if status == 200 else []

    def delete_queue(self, name):
        return self.ask("DELETE", self.queue_path(name))[0]

    def waiting(self, name):
        """How many messages of a queue nobody has acknowledged, of now; None without the queue."""
        return self.queues().get(name)

    def queues(self):
        """{name: how many messages of it nobody has acknowledged}."""
        queues = self.ask("GET", "/api/queues/%2F?disable_stats=true&enable_queue_totals=true")[1]
        return {queue["name"]: queue.get("messages") for queue in queues}

    def connections(self):
        """The names that clients gave their connections."""
        return [connection.get("user_provided_name") or connection["name"] for connection in self.ask("GET", "/api/connections")[1]]
