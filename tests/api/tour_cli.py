#!/usr/bin/python3
"""Unchanged command line clients, `baremetal` and `openstack baremetal`, see Steel as they see Ironic.

The command lines are in tours/baremetal.txt and tours/openstack.txt. They run inside this process, since a start of
Python takes most of a second; `-f json` is added where a command knows it.

    tour_cli.py [--record URL | --url URL] [--only TEXT] [--diff] [baremetal | openstack]

SPDX-License-Identifier: Apache-2.0
"""
import functools
import io
import json
import logging
import os
import re
import shlex
import sys
import tempfile

import tour_common
from tour_common import TOURS


def lines(name):
    with open(os.path.join(TOURS, name)) as file:
        return [line.strip() for line in file if line.strip() and not line.startswith("#")]


def uuids(line):
    """{n1} is the first node's UUID, {p2} the second port's; the letters stand for kinds."""
    return re.sub(r"\{([a-z])(\d)\}", lambda found: "00000000-0000-4000-8000-%06x%06d" % (ord(found[1]), int(found[2])),
                  line)


class Shell:
    """A client in this process; `words` stand before each command line."""

    def __init__(self, main, commands, words):
        self.main, self.commands, self.words = main, commands, words
        self.given = {}

    def knows_json(self, arguments):
        from cliff import display

        for length in range(len(arguments), 0, -1):
            found = self.commands.get(" ".join(arguments[:length]))
            if found:
                return issubclass(found, display.DisplayCommandBase)
        return False

    def run(self, line):
        for word, uuid in self.given.items():
            line = line.replace(word, uuid)
        arguments = shlex.split(uuids(line))
        command = [word for word in arguments if not word.startswith("--os-baremetal-api-version=")]
        options = [word for word in arguments if word not in command]
        if self.knows_json(command) and "-f" not in command:
            command += ["-f", "json"]
        out, err = io.StringIO(), io.StringIO()
        saved = sys.stdin, sys.stdout, sys.stderr, sys.argv
        sys.stdin, sys.stdout, sys.stderr = io.StringIO(), out, err
        try:
            sys.argv = [self.words[0]] + options + self.words[1:] + command
            status = self.main(sys.argv[1:])
        except SystemExit as ended:
            status = ended.code
        finally:
            sys.stdin, sys.stdout, sys.stderr, sys.argv = saved
            root = logging.getLogger("")
            for handler in list(root.handlers):
                root.removeHandler(handler)
        return status, out.getvalue(), err.getvalue()


def commands_of(group, prefix=""):
    import importlib.metadata

    return {point.name.replace("_", " ")[len(prefix):]: point.load()
            for point in importlib.metadata.entry_points(group=group)}


WARNING = re.compile(r"^.*(Deprecat|warnings\.warn|UserWarning).*$", re.M)


REASON = re.compile(r"(has error|^Allocation \S+ failed): .*", re.S)  # last_error, in the service's words


def answer(line, seen, result):
    """What is compared of one command: its output whole; of an error of the service the HTTP status, not the wording."""
    status, out, err = result
    number = seen[line] = seen.get(line, 0) + 1
    kept = {"step": line if number == 1 else "%s (%d)" % (line, number), "status": status}
    try:
        kept["output"] = json.loads(out)
    except ValueError:
        kept["output"] = out
    err = REASON.sub(r"\1: <text>", WARNING.sub("", err).strip())
    code = re.findall(r"\(HTTP (\d+)\)", err)
    if code:
        kept["http"], kept["said"] = code, err
    else:
        kept["error"] = err
    return kept


def tour(service, shell, name):
    seen, answers = {}, []
    folder = os.getcwd()
    os.chdir(TOURS)
    try:
        for line in lines(name):
            service.settle()
            name, _, command = line.rpartition(" := ")
            answers.append(answer(command, seen, shell.run(command)))
            if name and answers[-1]["status"] == 0:
                shell.given["{%s}" % name] = answers[-1]["output"]["uuid"]
    finally:
        os.chdir(folder)
    # a UUID that the service made up is shown as the one that the tour would have given
    text = json.dumps(answers)
    for word, uuid in shell.given.items():
        text = text.replace(uuid, uuids(word))
    return json.loads(text)


def prepare(service, home):
    for name in [name for name in os.environ if name.startswith("OS_")]:
        del os.environ[name]
    os.environ.update(OS_AUTH_TYPE="none", OS_ENDPOINT=service.url, HOME=home, XDG_CACHE_HOME=home, COLUMNS="200",
                      PYTHONWARNINGS="ignore")


def with_home(home, visit, service):
    prepare(service, home)
    return visit(service)


def baremetal(service):
    from ironicclient import shell

    return tour(service, Shell(shell.main, commands_of("openstack.baremetal.v1", "baremetal "), ["baremetal"]),
                "baremetal.txt")


def openstack(service):
    from openstackclient import shell

    words = ["openstack", "--os-auth-type", "none", "--os-endpoint", service.url]
    return tour(service, Shell(shell.main, commands_of("openstack.baremetal.v1"), words), "openstack.txt")


if __name__ == "__main__":
    # one home for both: newer clients remember where their cache is
    with tempfile.TemporaryDirectory(prefix="steel-tour-") as home:
        sys.exit(tour_common.main({name: functools.partial(with_home, home, visit)
                                   for name, visit in (("baremetal", baremetal), ("openstack", openstack))}))
