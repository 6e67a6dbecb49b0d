"""The frontend as an aiohttp application: a table of contents."""

from aiohttp import web

from frontend import resources
from frontend.admission import add_rate_limits, admission
from frontend.handlers.resumable import add_tus_version
from frontend.keys import SETTINGS
from frontend.middlewares import add_headers, errors_as_responses, measurements, request_ids
from frontend.routes import add_routes
from frontend.settings import FrontendSettings
from frontend.webhooks.context import webhooks_context


def create_app(settings: FrontendSettings) -> web.Application:
    """An application that has opened nothing yet; resources come in this order and go in the reverse one."""
    app = web.Application(middlewares=[request_ids, measurements, errors_as_responses, admission])
    app[SETTINGS] = settings
    add_routes(app)
    resources.set_up_templates(app)
    app.cleanup_ctx.append(resources.metrics_context)
    app.cleanup_ctx.append(resources.clients_context)
    app.cleanup_ctx.append(resources.presets_context)
    app.cleanup_ctx.append(resources.store_context)
    app.cleanup_ctx.append(resources.publisher_context)
    app.cleanup_ctx.append(webhooks_context)
    app.cleanup_ctx.append(resources.waits_context)
    app.cleanup_ctx.append(resources.board_context)
    app.cleanup_ctx.append(resources.fetcher_context)
    app.cleanup_ctx.append(resources.intake_context)
    app.cleanup_ctx.append(resources.resumable_uploads_context)
    app.cleanup_ctx.append(resources.sweeper_context)
    app.on_response_prepare.append(add_headers)
    app.on_response_prepare.append(add_rate_limits)
    app.on_response_prepare.append(add_tus_version)
    app.on_shutdown.append(resources.send_watchers_away)
    return app
