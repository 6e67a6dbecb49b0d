"""`python -m frontend`: read the settings, serve until SIGTERM or Ctrl-C."""

import logging
import os
import sys

import uvloop
from aiohttp import web

from frontend.app import create_app
from frontend.collector import collect_rarely
from frontend.http_faults import is_worth_a_line
from frontend.settings import FrontendSettings
from pipeline.errors import InvalidSetting
from pipeline.logs import configure_logging
from pipeline.settings import read_settings

log = logging.getLogger(__name__)

SHUTDOWN_TIMEOUT_S = 3.0
"""So long an upload that is under way when the frontend is told to stop may still take."""


def main() -> int:
    """Serve with the settings of the environment. 0 after an orderly stop, 2 for what cannot be used."""
    try:
        settings = read_settings(FrontendSettings, os.environ)
    except InvalidSetting as error:
        sys.stderr.write(f"frontend: {error}\n")
        return 2
    configure_logging(service=settings.name, level=settings.log_level)
    logging.getLogger("aiohttp.server").addFilter(is_worth_a_line)
    log.info("http://%s:%d, images in %s", settings.host, settings.port, settings.storage_dir.resolve())
    if warning := settings.warning:
        log.warning(warning)
    try:
        _serve(settings)
    except InvalidSetting as error:
        sys.stderr.write(f"frontend: {error}\n")
        return 2
    except OSError as error:
        log.error("cannot listen on %s:%d: %s", settings.host, settings.port, error.strerror)
        return 2
    log.info("stopped")
    return 0


def _serve(settings: FrontendSettings) -> None:
    collect_rarely()
    web.run_app(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        reuse_port=settings.share_port or None,
        loop=uvloop.new_event_loop(),
        access_log=None,  # a line costs as much as a request; what matters is in the logs of the jobs
        print=lambda *_: None,
        shutdown_timeout=SHUTDOWN_TIMEOUT_S,
    )


if __name__ == "__main__":
    sys.exit(main())
