"""`python -m tests.called_back_frontend`: a frontend like any other, that may call the receiver of the tests.

The one exemption is made here, as a parameter of a constructor: no setting makes it. RECEIVER_PORT says where
the receiver listens.
"""

import os
import sys

from aiohttp import web

from frontend import __main__ as program
from frontend.app import create_app
from frontend.keys import WEBHOOK_SENDER
from frontend.settings import FrontendSettings
from tests.webhook_receiver import sender_to


def create_app_that_calls(settings: FrontendSettings) -> web.Application:
    """The application, with a sender that lets pass the receiver."""
    app = create_app(settings)
    app[WEBHOOK_SENDER] = sender_to(
        int(os.environ["RECEIVER_PORT"]), hosts=settings.webhook_hosts, timeout_s=settings.webhook_timeout_s
    )
    return app


if __name__ == "__main__":
    vars(program)["create_app"] = create_app_that_calls
    sys.exit(program.main())
