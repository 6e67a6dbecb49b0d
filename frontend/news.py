"""What watchers are told: a snapshot, then every change of a job, the places in the queue, the pipeline.

A message carries the whole job, so that a client only ever replaces by id. A snapshot and a change name the
offset of the event log at which they are true.
"""

from frontend.board import Board
from frontend.job_state import JobState
from frontend.job_view import JsonObject, job_view, pipeline_view, to_json
from frontend.live import Live
from pipeline.broker import QueueCounts
from pipeline.ids import BatchId


class News:
    """Turns what the board shows into messages for the watchers."""

    def __init__(self, *, board: Board, live: Live) -> None:
        self._board = board
        self._live = live
        self._counts: QueueCounts | None = None
        self._last_pipeline: JsonObject = {}
        self._last_positions: dict[str, dict[str, int]] = {}

    @property
    def is_wanted(self) -> bool:
        """Whether anybody is watching."""
        return self._live.has_watchers

    @property
    def watched_batches(self) -> set[BatchId]:
        """The batches that somebody is watching."""
        return self._live.watched_batches()

    def job_changed(self, state: JobState) -> None:
        """Tell those who watch the job or its batch."""
        watchers = self._live.watchers_of(batch=state.batch_id, job=state.id)
        if not watchers:
            return
        job = job_view(state, position=self._board.position(state.id))
        message = to_json({"type": "job", "offset": self._board.offset, "job": job})
        for watcher in watchers:
            watcher.put(message)

    def snapshot(self, jobs: list[JsonObject]) -> str:
        """The first message to a watcher."""
        pipeline = pipeline_view(self._board, self._counts)
        return to_json({"type": "snapshot", "offset": self._board.offset, "jobs": jobs, "pipeline": pipeline})

    def pipeline_counted(self, counts: QueueCounts | None) -> None:
        """Tell everybody how full the queue is (None: the broker is away) and what the workers do."""
        self._counts = counts
        view = pipeline_view(self._board, counts)
        if view != self._last_pipeline:
            self._last_pipeline = view
            self._live.put_to_all(to_json({"type": "pipeline", "pipeline": view}))

    def tell_positions(self) -> None:
        """Tell those who watch a batch where its waiting jobs are in the queue, if they have moved."""
        positions: dict[str, dict[str, int]] = {batch: {} for batch in self._live.watched_batches()}
        if not positions:
            return
        for state, place in self._board.waiting():
            if state.batch_id in positions:
                positions[state.batch_id][state.id] = place
        for batch in self._live.watched_batches():
            places = positions[batch]
            if places and places != self._last_positions.get(batch):
                self._live.put_to_batch(batch, to_json({"type": "positions", "positions": places}))
        self._last_positions = positions
