"""Where the resources of the application are found: one typed key each."""

from aiohttp import web

from frontend.feed import Feed
from frontend.intake import Intake
from frontend.jobs import Jobs
from frontend.live import Live
from frontend.news import News
from frontend.presets import Presets
from frontend.settings import FrontendSettings
from pipeline.broker import Publisher
from pipeline.image_store import ImageStore

SETTINGS = web.AppKey("settings", FrontendSettings)
PRESETS = web.AppKey[Presets]("presets")
STORE = web.AppKey[ImageStore]("store")
PUBLISHER = web.AppKey("publisher", Publisher)
INTAKE = web.AppKey("intake", Intake)
JOBS = web.AppKey("jobs", Jobs)
LIVE = web.AppKey("live", Live)
NEWS = web.AppKey("news", News)
FEED = web.AppKey("feed", Feed)

REQUEST_ID = web.RequestKey("request_id", str)
