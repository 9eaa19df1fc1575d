#!/usr/bin/python3
"""The API, the scheduler and the volume service of Debian's Cinder in one process: cinder_process.py CONFIGURATION

They speak by oslo.messaging's driver "fake", which knows only its own process, so that no message broker is needed.

SPDX-License-Identifier: Apache-2.0
"""
import eventlet

eventlet.monkey_patch()

import sys  # noqa: E402

from oslo_config import cfg  # noqa: E402
from oslo_log import log as logging  # noqa: E402
from oslo_service import service as oslo_service  # noqa: E402

from cinder.common import config  # noqa: E402
from cinder import coordination  # noqa: E402
from cinder import objects  # noqa: E402
from cinder import rpc  # noqa: E402
from cinder import service  # noqa: E402
from cinder import utils  # noqa: E402
from cinder import version  # noqa: E402

CONF = cfg.CONF
BACKEND = "files"

if __name__ == "__main__":
    objects.register_all()
    logging.register_options(CONF)
    CONF(["--config-file", sys.argv[1]], project="cinder", version=version.version_string())
    config.set_middleware_defaults()
    logging.setup(CONF, "cinder")
    utils.monkey_patch()
    coordination.COORDINATOR.start()
    rpc.init(CONF)
    CONF.register_opt(cfg.StrOpt("backend_host"), group=BACKEND)
    launcher = oslo_service.ServiceLauncher(CONF)
    launcher.launch_service(service.Service.create(binary="cinder-scheduler"))
    launcher.launch_service(service.Service.create(host="%s@%s" % (CONF.host, BACKEND), service_name=BACKEND, binary="cinder-volume"))
    launcher.launch_service(service.WSGIService("osapi_volume"))
    launcher.wait()
