"""What watchers are told: a snapshot, then every change of a job, the places in the queue, the pipeline.

A message carries the whole job, so that a client only ever replaces by id. A snapshot and a change name the
place in the event log at which they are true.
"""

import time
from collections.abc import Collection
from functools import partial

import msgspec

from frontend.board import Board
from frontend.client import Client
from frontend.job_state import JobState
from frontend.job_view import JsonObject, job_view, pipeline_report, pipeline_view, to_json
from frontend.lines import Message
from frontend.live import MESSAGES_TO_ALL_PER_S, Live, MessageFor
from pipeline.broker import QueueCounts
from pipeline.ids import BatchId, JobId
from pipeline.log_id import LogId
from pipeline.messages import LANES, Lane, Owner

MOST_CHANGES = 500
"""Who has missed more gets a snapshot."""


Places = dict[str, tuple[int, Owner | None]]
"""The places of waiting jobs in a lane of the queue, and whose they are."""
EVERYTHING = Client(name="the frontend itself", sees_all=True)


class News:
    """Turns what the board shows into messages for the watchers."""

    def __init__(self, *, board: Board, live: Live) -> None:
        self._board = board
        self._live = live
        self._counts: QueueCounts | None = None
        self._last_pipeline: JsonObject = {}
        self._pipeline_told_at = float("-inf")
        self._last_positions: dict[tuple[str, Lane], Places] = {}

    @property
    def is_wanted(self) -> bool:
        """Whether anybody is watching."""
        return self._live.has_watchers

    @property
    def watched_batches(self) -> list[BatchId]:
        """The batches that somebody is watching just now."""
        return [BatchId(batch) for batch in self._live.watched_batches()]

    def job_changed(self, state: JobState) -> None:
        """Tell those who watch the job or its batch."""
        watchers = self._live.watchers_of(batch=state.batch_id, job=state.id)
        if not watchers:
            return
        message = self._job(state, self._board.place, position=self._board.position(state.id))
        for watcher in watchers:
            if watcher.client.sees(state.owner):
                watcher.put(message)

    def pipeline_report(self, client: Client) -> JsonObject:
        """The queue as it was last counted, the workers, and all that is known of how they get on."""
        return pipeline_report(self._board, self._counts, client)

    def snapshot(self, client: Client, jobs: list[JsonObject]) -> Message:
        """The first message to a watcher."""
        pipeline = pipeline_view(self._board, self._counts, client)
        place = self._board.place
        text = to_json({"type": "snapshot", **_named(place), "jobs": jobs, "pipeline": pipeline})
        return Message(text, str(place))

    def missed(
        self, client: Client, *, batch: BatchId | None, job: JobId | None, after: LogId
    ) -> list[Message] | None:
        """What a watcher has missed that has been told everything up to this place in the log.

        None if that is not known for certain, or is so much that a snapshot is shorter.
        """
        changed = self._board.changed_since(after)
        if changed is None:
            return None
        mine = [
            (state, place)
            for state, place in changed
            if client.sees(state.owner)
            and (state.id == job or (batch is not None and state.batch_id == batch))
        ]
        if len(mine) > MOST_CHANGES:
            return None
        places = self._board.places({state.id for state, _ in mine if state.status == "queued"})
        jobs = [self._job(state, place, position=places.get(state.id)) for state, place in mine]
        return [*jobs, *self._positions_in(batch, client), self._pipeline(client)]

    def pipeline_counted(self, counts: QueueCounts | None) -> None:
        """Tell everybody how full the queue is (None: the broker is away) and what the workers do.

        Of very many watchers each is told less often than there is something to tell, but at once when the
        broker goes or comes back.
        """
        self._counts = counts
        view = pipeline_view(self._board, counts, EVERYTHING)
        if view != self._last_pipeline and (
            self._is_time() or view["broker"] != self._last_pipeline["broker"]
        ):
            self._last_pipeline, self._pipeline_told_at = view, time.monotonic()
            self._live.put_to_all(_once_for_each_owner(self._pipeline))

    def _is_time(self) -> bool:
        pause_s = self._live.count / MESSAGES_TO_ALL_PER_S
        # Up to so many watchers it is time whenever this is called, which is once a second.
        return pause_s <= 1.0 or time.monotonic() - self._pipeline_told_at >= pause_s

    def tell_positions(self) -> None:
        """Tell those who watch a batch where its waiting jobs are in their lanes, if they have moved."""
        positions: dict[tuple[str, Lane], Places] = {}
        watched = self._live.watched_batches()
        for state, place in self._board.waiting() if watched else ():
            if state.batch_id is not None and state.batch_id in watched:
                positions.setdefault((state.batch_id, state.lane), {})[state.id] = place, state.owner
        forecasts = {lane: self._forecast(lane) for lane in LANES} if positions else {}
        for (batch, lane), places in positions.items():
            before = self._last_positions.get((batch, lane), {})
            if places != before:
                message_for = partial(_moved, before, places, lane, forecasts[lane])
                self._live.put_to_batch(batch, _once_for_each_owner(message_for))
        self._last_positions = positions

    def _pipeline(self, client: Client) -> Message:
        view = pipeline_view(self._board, self._counts, client)
        return Message(to_json({"type": "pipeline", "pipeline": view}))

    def _job(self, state: JobState, place: LogId, *, position: int | None) -> Message:
        forecast = self._board.forecast(state.lane) if position else None
        job = job_view(state, position=position, forecast=forecast)
        return Message(to_json({"type": "job", **_named(place), "job": job}), str(place))

    def _positions_in(self, batch: BatchId | None, client: Client) -> list[Message]:
        if batch is None:
            return []
        lanes: dict[Lane, Places] = {}
        for state, place in self._board.waiting():
            if state.batch_id == batch and client.sees(state.owner):
                lanes.setdefault(state.lane, {})[state.id] = place, state.owner
        return [_positions(places, lane, self._forecast(lane)) for lane, places in lanes.items()]

    def _forecast(self, lane: Lane) -> JsonObject | None:
        forecast: JsonObject | None = msgspec.to_builtins(self._board.forecast(lane))
        return forecast


def _named(place: LogId) -> JsonObject:
    """What a client says when it comes back, and the offset alone, by which people compare."""
    return {"id": str(place), "offset": place.offset}


def _moved(
    before: Places, places: Places, lane: Lane, forecast: JsonObject | None, client: Client
) -> Message | None:
    """None if no place has moved that the client may know: it would learn that others have jobs there."""
    seen, seen_before = _seen(places, client), _seen(before, client)
    return _positions(seen, lane, forecast) if seen and seen != seen_before else None


def _seen(places: Places, client: Client) -> Places:
    return {job_id: known for job_id, known in places.items() if client.sees(known[1])}


def _positions(seen: Places, lane: Lane, forecast: JsonObject | None) -> Message:
    positions = {job_id: place for job_id, (place, _) in seen.items()}
    told = {"type": "positions", "lane": lane, "positions": positions, "forecast": forecast}
    return Message(to_json(told))


def _once_for_each_owner(message_for: MessageFor) -> MessageFor:
    """The same messages, each made once for all clients that may know the same."""
    made: dict[Collection[Owner | None] | None, Message | None] = {}

    def message(client: Client) -> Message | None:
        if client.owners not in made:
            made[client.owners] = message_for(client)
        return made[client.owners]

    return message
