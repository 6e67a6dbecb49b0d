"""Where the resources of the application are found: one typed key each."""

from aiohttp import web

from frontend.board import Board
from frontend.claimed_intake import ClaimedIntake
from frontend.client import Client
from frontend.clients import Clients
from frontend.departures import Departures
from frontend.dispatch import Dispatch
from frontend.feed import Feed
from frontend.intake import Intake
from frontend.job_actions import JobActions
from frontend.job_pages import JobPages
from frontend.jobs import Jobs
from frontend.lane_choice import LaneChoice
from frontend.live import Live
from frontend.metrics import Metrics
from frontend.news import News
from frontend.outbox_level import OutboxLevel
from frontend.presets import Presets
from frontend.rate_limits import RateLimits
from frontend.relay import Relay
from frontend.resumable_uploads import ResumableUploads
from frontend.settings import FrontendSettings
from frontend.sweeper import Sweeper
from frontend.url_fetcher import UrlFetcher
from frontend.waits import Waits
from frontend.webhooks.callbacks import Callbacks
from frontend.webhooks.courier import Courier
from frontend.webhooks.relay import WebhookRelay
from frontend.webhooks.sender import WebhookSender
from pipeline.broker import Publisher
from pipeline.image_store import ImageStore
from pipeline.webhook_dispatch import WebhookDispatch
from pipeline.webhook_log import WebhookLogs

SETTINGS = web.AppKey("settings", FrontendSettings)
METRICS = web.AppKey("metrics", Metrics)
CLIENTS = web.AppKey("clients", Clients)
RATE_LIMITS = web.AppKey("rate_limits", RateLimits)
PRESETS = web.AppKey[Presets]("presets")
STORE = web.AppKey[ImageStore]("store")
PUBLISHER = web.AppKey("publisher", Publisher)
DISPATCH = web.AppKey("dispatch", Dispatch)
RELAY = web.AppKey("relay", Relay)
OUTBOX_LEVEL = web.AppKey("outbox_level", OutboxLevel)
FETCHER = web.AppKey("fetcher", UrlFetcher)
WEBHOOK_SENDER = web.AppKey("webhook_sender", WebhookSender)
CALLBACKS = web.AppKey("callbacks", Callbacks)
WEBHOOK_DISPATCH = web.AppKey("webhook_dispatch", WebhookDispatch)
WEBHOOK_RELAY = web.AppKey("webhook_relay", WebhookRelay)
WEBHOOK_LOGS = web.AppKey("webhook_logs", WebhookLogs)
COURIER = web.AppKey[Courier | None]("courier")
INTAKE = web.AppKey("intake", Intake)
CLAIMED_INTAKE = web.AppKey("claimed_intake", ClaimedIntake)
RESUMABLE_UPLOADS = web.AppKey("resumable_uploads", ResumableUploads)
BOARD = web.AppKey("board", Board)
JOBS = web.AppKey("jobs", Jobs)
LANE_CHOICE = web.AppKey("lane_choice", LaneChoice)
JOB_PAGES = web.AppKey("job_pages", JobPages)
JOB_ACTIONS = web.AppKey("job_actions", JobActions)
LIVE = web.AppKey("live", Live)
NEWS = web.AppKey("news", News)
DEPARTURES = web.AppKey("departures", Departures)
WAITS = web.AppKey("waits", Waits)
FEED = web.AppKey("feed", Feed)
SWEEPER = web.AppKey("sweeper", Sweeper)

REQUEST_ID = web.RequestKey("request_id", str)
CLIENT = web.RequestKey("client", Client)
