"""The ways of following, by the names that --follow knows them by."""

from collections.abc import Callable

from benchmarks.load.batch_followers import EventsFollower, PollFollower, SocketFollower
from benchmarks.load.follower import Follower
from benchmarks.load.job_followers import UploadFollower, WaitFollower
from benchmarks.load.site import Site
from pipeline.ids import BatchId

FOLLOWERS: dict[str, Callable[[Site, BatchId], Follower]] = {
    "socket": SocketFollower,
    "events": EventsFollower,
    "poll": PollFollower,
    "wait": WaitFollower,
    "upload": UploadFollower,
}
