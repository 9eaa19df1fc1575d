"""Suites about agents, without machines: the test is the machine that asks for its boot script, and the agent on it, or a real
steel-agent is.

SPDX-License-Identifier: Apache-2.0
"""
import http.client
import http.server
import json
import re
import ssl
import subprocess
import threading
import urllib.parse
import uuid

import agent_support
import faults_support
import harness
from faults_support import until
from ports import free_port

MAC = "52:54:00:dd:00:01"
MACHINE, STRANGER = "127.0.0.1", "127.0.0.2"  # of which the kernel cannot tell whose they are
WAITS = ("wait call-back", "clean wait", "rescue wait", "inspect wait", "service wait")
EXTRA = {"step": "label_disks", "interface": "deploy", "priority": 70, "reboot_requested": False, "abortable": True}

CLEAN = [{"step": name, "interface": "deploy", "priority": priority, "reboot_requested": False, "abortable": True,
          "argsinfo": {"seconds": {"description": "How long.", "required": False}}}
         for name, priority in (("erase_devices", 10), ("erase_devices_metadata", 99), ("burnin_cpu", 0))]


def make_certificate(folder, name):
    """Paths of a self-signed certificate and of its key."""
    paths = ["%s/%s.%s" % (folder, name, ending) for ending in ("crt", "key")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                    "-subj", "/CN=" + name, "-addext", "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths


class Agent:
    """An agent that ends each command at once; `answers` overrides the result of a step or a command."""

    def __init__(self, suite, certificate):
        self.suite, self.given, self.results, self.answers, self.refused = suite, [], [], {}, 0
        self.clean_steps, self.deploy_steps = CLEAN, [EXTRA]
        self.taken = {}  # what happens when a command was taken, before it is answered; once
        self.token = None
        self.busy = 0  # so many commands are refused
        self.certificate = open(certificate[0], encoding="utf-8").read()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.handle_error = lambda *about: None  # a daemon that is killed goes away
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = "https://127.0.0.1:%d" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def handler(self):
        agent = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *words):
                pass

            def answer(self, status, body):
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def allowed(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                good = query.get("agent_token") == [agent.token]
                if not good:
                    agent.refused += 1
                    self.answer(401, {"faultstring": "Token invalid."})
                return good

            def do_GET(self):
                if self.allowed():
                    self.answer(200, {"commands": agent.results})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if not self.allowed():
                    return
                if agent.busy > 0:
                    agent.busy -= 1
                    self.answer(409, {"faultstring": "Agent is busy"})
                    return
                result = agent.take(body["name"], body["params"])
                agent.taken.pop(agent.names()[-1], lambda: None)()
                self.answer(200, result)

        return Handler

    def take(self, name, params):
        self.given.append((name, params))
        result = {"id": str(uuid.uuid4()), "command_name": name.split(".")[1], "command_status": "SUCCEEDED",
                  "command_error": None, "command_result": {"result": "done"}}
        if name == "deploy.get_deploy_steps":
            result["command_result"] = {"deploy_steps": {"M": self.deploy_steps}, "hardware_manager_version": {"M": "1.0"}}
        elif name == "deploy.execute_deploy_step":
            result["command_result"] = {"deploy_result": None, "deploy_step": params["step"]}
            result.update(self.answers.get(params["step"]["step"], {}))
        elif name == "clean.get_clean_steps":
            result["command_result"] = {"clean_steps": {"M": self.clean_steps}, "hardware_manager_version": {"M": "1.0"}}
        elif name == "clean.execute_clean_step":
            result["command_result"] = {"clean_result": None, "clean_step": params["step"]}
            result.update(self.answers.get(params["step"]["step"], {}))
        elif name == "service.get_service_steps":
            result["command_result"] = {"service_steps": {"M": self.clean_steps}, "hardware_manager_version": {"M": "1.0"}}
        elif name == "service.execute_service_step":
            result["command_result"] = {"service_result": None, "service_step": params["step"]}
            result.update(self.answers.get(params["step"]["step"], {}))
        elif name == "standby.get_partition_uuids":
            result["command_result"] = {}
        else:
            answer = self.answers.get(name, {})
            result.update(answer(params) if callable(answer) else answer)
        self.results.append(result)
        return result

    def names(self):
        return [name if "step" not in params else "%s %s" % (name, params["step"]["step"]) for name, params in self.given]

    def call(self):
        """One heartbeat."""
        return self.suite.call("POST", "/v1/heartbeat/" + self.suite.uuid,
                               {"callback_url": self.url, "agent_version": "9.0", "agent_token": self.token,
                                "agent_verify_ca": self.certificate}, version="1.72").status


class Suite(faults_support.Suite):
    """A service whose machines boot a ramdisk; `own_options` are a suite's."""

    own_options = ()
    agent_class = Agent

    @classmethod
    def setUpClass(cls):
        cls.boot_port, cls.api_port = free_port(), free_port()
        cls.place = cls.temporary_folder()
        for name in ("kernel", "ramdisk", "rescue_kernel", "rescue_ramdisk"):
            with open(cls.place + "/" + name, "wb") as file:
                file.write(name.encode() * 100)
        cls.certificates = [make_certificate(cls.place, name) for name in ("agent", "other")]
        cls.options = ("boot_server.enabled=true", "boot_server.port=%d" % cls.boot_port, "conductor.automated_clean=false",
                       "deploy.http_url=http://127.0.0.1:%d" % cls.boot_port, "conductor.sync_power_state_interval=0",
                       "api.port=%d" % cls.api_port, "deploy.external_callback_url=http://127.0.0.1:%d" % cls.api_port,
                       "pxe.kernel_append_params=console=ttyS0 quiet",
                       "conductor.deploy_kernel=file://%s/kernel" % cls.place,
                       "conductor.deploy_ramdisk=file://%s/ramdisk" % cls.place,
                       "conductor.file_url_allowed_paths=%s" % cls.place,
                       "agent.command_timeout=20", "DEFAULT.debug=true", "deploy.default_boot_mode=bios",
                       # what a machine or its agent says is written down a moment later, under the node's lock
                       "conductor.node_locked_retry_attempts=30",
                       "agent.post_deploy_get_power_state_retries=0") + cls.own_options
        super().setUpClass()

    def tearDown(self):
        self.when_free(202, "PUT", "/v1/nodes/%s/maintenance" % self.uuid, {"reason": "the test is over"})
        self.when_free(204, "DELETE", "/v1/nodes/" + self.uuid)

    def ask(self, node, target, **more):
        self.when_free(202, "PUT", "/v1/nodes/%s/states/provision" % node, dict(more, target=target))

    def change(self, **fields):
        """The node's fields; "driver_info/name" is one of them as well."""
        self.when_free(200, "PATCH", "/v1/nodes/" + self.uuid, [{"op": "add", "path": "/" + name, "value": value}
                                                                for name, value in fields.items()])

    def info(self, **values):
        self.change(**{"instance_info/" + name: value for name, value in values.items()})

    # -- the machine

    def fetch(self, path, address=MACHINE):
        connection = http.client.HTTPConnection("127.0.0.1", self.boot_port, timeout=harness.LIMIT_S, source_address=(address, 0))
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.read() if answer.status == 200 else b""
        finally:
            connection.close()

    def script(self, address=MACHINE):
        return self.fetch("/boot/%s.ipxe" % MAC.replace(":", "-"), address).decode()

    def boots(self, certificate=0, state="wait call-back"):
        """The machine has started: it gets its script, and its agent is ready to call."""
        self.rest(self.uuid, state)
        script = until("the boot script", self.script)
        agent = self.agent_class(self, self.certificates[certificate])
        self.addCleanup(agent.close)
        agent.token = re.search(r"ipa-agent-token=(\S+)", script).group(1)
        return agent, script

    def calls_until(self, agent, state):
        """Heartbeats until the node is in a state; the node."""
        def look():
            node = self.get("/v1/nodes/" + self.uuid)
            if node["provision_state"] in WAITS and node["reservation"] is None:
                self.assertIn(agent.call(), (202, 400))  # 400: it was forgotten meanwhile
            if node["provision_state"].endswith("failed") and node["provision_state"] != state:
                raise AssertionError(node["last_error"])
            return node if node["provision_state"] == state and node["reservation"] is None else None
        return until("the node becomes " + state, look)

    def real_agent(self, script, machine, **settings):
        """A steel-agent with what the script tells it; it looks its node up and calls by itself."""
        words = re.search(r"^kernel \S+ \S+ \S+ (.*) initrd=", script, re.M).group(1).split()
        told = dict(word.split("=", 1) for word in words if word.startswith("ipa-"))
        agent = agent_support.Agent(machine, **{**told, **settings})
        self.addCleanup(agent.stop)
        return agent
