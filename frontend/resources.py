"""What a frontend holds while it runs: each resource is opened and closed by one context, and has one key."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web

from frontend.board import Board
from frontend.feed import Feed
from frontend.intake import Intake
from frontend.jobs import Jobs
from frontend.keys import FEED, INTAKE, JOBS, LIVE, NEWS, PRESETS, PUBLISHER, SETTINGS, STORE
from frontend.live import Live
from frontend.news import News
from frontend.presets import read_presets
from pipeline import __version__
from pipeline.broker import Publisher
from pipeline.image_store import LocalImageStore

SERVICE = "frontend"
TEMPLATES = Path(__file__).parent / "templates"


def set_up_templates(app: web.Application) -> None:
    """Make the templates known, and what all of them use."""
    environment = aiohttp_jinja2.setup(
        app, loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )
    environment.globals.update(
        app_version=__version__,
        console_url=app[SETTINGS].console_url or None,
        static=lambda path: f"/static/{path}",
    )


async def presets_context(app: web.Application) -> AsyncIterator[None]:
    """The presets. A file that cannot be used raises InvalidSetting and ends the start."""
    settings = app[SETTINGS]
    app[PRESETS] = read_presets(settings.presets_file, limits=settings.rendition_limits)
    yield


async def store_context(app: web.Application) -> AsyncIterator[None]:
    """The store of the images."""
    app[STORE] = LocalImageStore(app[SETTINGS].storage_dir)
    yield


async def publisher_context(app: web.Application) -> AsyncIterator[None]:
    """The publishing connection, and the intake that uses it."""
    app[PUBLISHER] = Publisher(app[SETTINGS].amqp_url, service=SERVICE)
    app[INTAKE] = Intake(store=app[STORE], publisher=app[PUBLISHER])
    app[PUBLISHER].link.start()
    yield
    await app[PUBLISHER].link.close()


async def board_context(app: web.Application) -> AsyncIterator[None]:
    """The board, those who watch it, and the feed that keeps it true."""
    board, live = Board(), Live()
    news = News(board=board, live=live)
    board.subscribe(news.job_changed)
    app[LIVE], app[NEWS] = live, news
    app[JOBS] = Jobs(board=board, store=app[STORE])
    app[FEED] = Feed(
        app[SETTINGS], service=SERVICE, publisher=app[PUBLISHER], board=board, jobs=app[JOBS], news=news
    )
    app[FEED].start()
    yield
    await app[FEED].close()


async def send_watchers_away(app: web.Application) -> None:
    """On shutdown, before anything is closed: handlers of WebSockets would else be waited for."""
    await app[LIVE].close()
