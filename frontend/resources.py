"""What a frontend holds while it runs: each resource is opened and closed by one context, and has one key."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web

from frontend.api_keys.keyring import Keyring
from frontend.board import Board
from frontend.claimed_intake import ClaimedIntake
from frontend.clients import Clients
from frontend.departures import Departures
from frontend.dispatch import Dispatch
from frontend.feed import Feed
from frontend.finished_work import FinishedWork
from frontend.intake import Intake
from frontend.job_actions import JobActions
from frontend.job_pages import JobPages
from frontend.jobs import Jobs
from frontend.keys import (
    BOARD,
    CLAIMED_INTAKE,
    CLIENTS,
    DEPARTURES,
    DISPATCH,
    FEED,
    FETCHER,
    INTAKE,
    JOB_ACTIONS,
    JOB_PAGES,
    JOBS,
    LANE_CHOICE,
    LIVE,
    METRICS,
    NEWS,
    OUTBOX_LEVEL,
    PRESETS,
    PUBLISHER,
    RATE_LIMITS,
    RELAY,
    RESUMABLE_UPLOADS,
    SETTINGS,
    STORE,
    SWEEPER,
    WAITS,
    WEBHOOK_DISPATCH,
    WEBHOOK_LOGS,
    WEBHOOK_RELAY,
)
from frontend.lane_choice import LaneChoice
from frontend.live import Live
from frontend.metrics import Metrics
from frontend.news import News
from frontend.openapi.text import FILTERS
from frontend.outbox_level import OutboxLevel
from frontend.presets import read_presets
from frontend.rate_limits import RateLimits
from frontend.relay import Relay
from frontend.resumable_uploads import ResumableUploads
from frontend.sweeper import Sweeper
from frontend.url_fetcher import UrlFetcher
from frontend.waits import Waits
from frontend.webhooks.relay import WebhookRelay
from frontend.whole_uploads import WholeUploads
from pipeline import __version__
from pipeline.broker import Publisher
from pipeline.claims import Claims
from pipeline.index_repair import IndexRepair
from pipeline.job_locks import JobLocks
from pipeline.joined_parts import JoinedParts
from pipeline.leftovers import Leftovers
from pipeline.local_store import LocalImageStore
from pipeline.meters import Meters
from pipeline.outbox import Outbox
from pipeline.retention import Retention
from pipeline.reuse import Reuse
from pipeline.topology import webhook_ladder
from pipeline.unfinished_counts import Begun
from pipeline.unfinished_uploads import UnfinishedUploads
from pipeline.webhook_dispatch import WebhookDispatch
from pipeline.webhook_outbox import WebhookOutbox

TEMPLATES = Path(__file__).parent / "templates"


def set_up_templates(app: web.Application) -> None:
    """Make the templates known, and what all of them use."""
    environment = aiohttp_jinja2.setup(
        app,
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(
        app_version=__version__,
        console_url=app[SETTINGS].console_url or None,
        renditions_are_public=app[SETTINGS].public_renditions,
        static=lambda path: f"/static/{path}",
    )


async def clients_context(app: web.Application) -> AsyncIterator[None]:
    """Who may send, and how much. Keys that cannot be used raise InvalidSetting and end the start."""
    settings = app[SETTINGS]
    settings.check()
    keyring = Keyring(settings.api_keys) if settings.api_keys else None
    app[CLIENTS] = Clients(keyring, serves_anyone=settings.serve_anyone, allowance=settings.allowance)
    app[RATE_LIMITS] = RateLimits(Meters(settings.storage_dir), max_request_bytes=settings.max_request_bytes)
    yield


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
    """The publishing connection, what goes its way, and the relay for what could not go at once."""
    settings = app[SETTINGS]
    rungs = webhook_ladder(settings.webhook_delays_s) if settings.webhook_hosts else ()
    publisher = Publisher(settings.amqp_url, service=settings.name, rungs=rungs)
    outbox, webhook_outbox = Outbox(settings.storage_dir), WebhookOutbox(settings.storage_dir)
    dispatch = Dispatch(outbox=outbox, publisher=publisher)
    webhooks = WebhookDispatch(outbox=webhook_outbox, publisher=publisher)
    app[PUBLISHER], app[DISPATCH], app[WEBHOOK_DISPATCH] = publisher, dispatch, webhooks
    app[RELAY] = Relay(
        outbox=outbox, store=app[STORE], dispatch=dispatch, webhooks=webhooks, link=publisher.link
    )
    app[WEBHOOK_RELAY] = WebhookRelay(outbox=webhook_outbox, dispatch=webhooks, link=publisher.link)
    app[OUTBOX_LEVEL] = OutboxLevel(outbox=outbox, dispatch=dispatch, bound=settings.max_outbox)
    publisher.link.start()
    app[RELAY].start()
    app[WEBHOOK_RELAY].start()
    yield
    await app[WEBHOOK_RELAY].close()
    await app[RELAY].close()
    await publisher.link.close()


async def waits_context(app: web.Application) -> AsyncIterator[None]:
    """The requests that wait for jobs, and what notices that a client has gone."""
    app[DEPARTURES] = Departures()
    app[WAITS] = Waits(app[DEPARTURES])
    app[DEPARTURES].start()
    yield
    await app[DEPARTURES].close()


async def metrics_context(app: web.Application) -> AsyncIterator[None]:
    """What is counted for Prometheus."""
    app[METRICS] = Metrics(app[SETTINGS].name)
    yield


async def board_context(app: web.Application) -> AsyncIterator[None]:
    """The board, those who watch it, what people do to its jobs, and the feed that keeps it true."""
    board, live = Board(), Live()
    news = News(board=board, live=live)
    board.subscribe(news.job_changed)
    board.subscribe(app[WAITS].job_changed)
    board.subscribe_to_ends(app[METRICS].job_ended)
    app[BOARD], app[LIVE], app[NEWS] = board, live, news
    app[LANE_CHOICE] = LaneChoice(board, most=app[SETTINGS].interactive_images)
    app[JOBS] = Jobs(board=board, store=app[STORE])
    app[JOB_PAGES] = JobPages(store=app[STORE], board=board, jobs=app[JOBS])
    app[JOB_ACTIONS] = JobActions(
        locks=JobLocks(app[SETTINGS].storage_dir),
        store=app[STORE],
        publisher=app[PUBLISHER],
        dispatch=app[DISPATCH],
        webhooks=app[WEBHOOK_DISPATCH],
        webhook_logs=app[WEBHOOK_LOGS],
        board=board,
        jobs=app[JOBS],
        lanes=app[LANE_CHOICE],
    )
    app[FEED] = Feed(
        app[SETTINGS],
        service=app[SETTINGS].name,
        publisher=app[PUBLISHER],
        board=board,
        jobs=app[JOBS],
        news=news,
        waits=app[WAITS],
    )
    app[FEED].start()
    yield
    await app[FEED].close()


async def fetcher_context(app: web.Application) -> AsyncIterator[None]:
    """What fetches images from addresses; whoever makes the application may have put one there."""
    if FETCHER not in app:
        app[FETCHER] = UrlFetcher(app[SETTINGS].url_hosts, max_redirects=app[SETTINGS].max_redirects)
    await app[FETCHER].open()
    yield
    await app[FETCHER].close()


async def intake_context(app: web.Application) -> AsyncIterator[None]:
    """What makes jobs of images."""
    finished_work = FinishedWork(
        store=app[STORE],
        reuse=Reuse(app[SETTINGS].storage_dir),
        dispatch=app[DISPATCH],
        webhooks=app[WEBHOOK_DISPATCH],
        board=app[BOARD],
    )
    app[INTAKE] = Intake(
        store=app[STORE],
        dispatch=app[DISPATCH],
        finished_work=finished_work,
        board=app[BOARD],
        lanes=app[LANE_CHOICE],
    )
    app[CLAIMED_INTAKE] = ClaimedIntake(
        claims=Claims(app[SETTINGS].storage_dir),
        intake=app[INTAKE],
        store=app[STORE],
        jobs=app[JOBS],
    )
    yield


async def resumable_uploads_context(app: web.Application) -> AsyncIterator[None]:
    """What takes in the uploads that come in several requests."""
    settings = app[SETTINGS]
    unfinished = UnfinishedUploads(settings.storage_dir, expires_s=settings.upload_expires_s)
    app[RESUMABLE_UPLOADS] = ResumableUploads(
        unfinished=unfinished,
        joined=JoinedParts(settings.storage_dir),
        whole=WholeUploads(unfinished=unfinished, store=app[STORE], intake=app[INTAKE]),
        bound=Begun(settings.max_unfinished, settings.max_unfinished_bytes),
    )
    yield


async def sweeper_context(app: web.Application) -> AsyncIterator[None]:
    """What keeps the store clean."""
    settings = app[SETTINGS]
    steps = {
        "lies of the index": IndexRepair(settings.storage_dir).mend,
        # Before leftovers and jobs: what is whole may have been left on the way to its job.
        "resumable uploads": app[RESUMABLE_UPLOADS].sweep,
        "leftovers": Leftovers(settings.storage_dir, after_s=settings.sweep_after_s).sweep,
        "claims": Claims(settings.storage_dir).sweep,
        "meters": Meters(settings.storage_dir).sweep,
        "finished work": Reuse(settings.storage_dir).sweep,
    }
    if settings.keep_days:
        retention = Retention(
            store=app[STORE],
            locks=JobLocks(settings.storage_dir),
            outbox=Outbox(settings.storage_dir),
            keep=timedelta(days=settings.keep_days),
            publish=app[PUBLISHER].publish_event,
        )
        steps["jobs"] = retention.erase_expired
    app[SWEEPER] = Sweeper(steps, every_s=settings.sweep_after_s / 2)
    app[SWEEPER].start()
    yield
    await app[SWEEPER].close()


async def send_watchers_away(app: web.Application) -> None:
    """On shutdown, before anything is closed: their handlers would else be waited for."""
    app[WAITS].close()
    await app[LIVE].close()
