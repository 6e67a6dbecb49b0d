"""Which lane an image waits in: the first few unfinished ones of each client go into the interactive lane.

All frontends count together, since the log tells each of them what the others have taken. Of two that take
images of one client in the same moment each may count without the other: then it has some more.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from frontend.board import Board
from pipeline.ids import JobId
from pipeline.messages import ClientTag, Lane
from pipeline.records import JobRecord


class LaneChoice:
    """Chooses, so that no client has more than `most` images that go before what is in bulk."""

    def __init__(self, board: Board, *, most: int) -> None:
        self._board = board
        self._most = most
        self._begun: dict[ClientTag | None, set[JobId]] = {}
        """What is being sent just now, and is not on the board yet."""

    @contextmanager
    def made_for(self, record: JobRecord) -> Iterator[Lane]:
        """The lane of this job, which until the end of the block is brought onto the board.

        Until then it counts all the same: others of the client may be on their way at the same time.
        """
        begun, job_id = self._begun.setdefault(record.client, set()), JobId(record.job_id)
        unfinished = self._board.unfinished(record.client) + sum(not self._is_counted(one) for one in begun)
        begun.add(job_id)
        try:
            yield "interactive" if unfinished < self._most else "bulk"
        finally:
            begun.discard(job_id)
            if not begun:
                self._begun.pop(record.client, None)

    def _is_counted(self, job_id: JobId) -> bool:
        state = self._board.job(job_id)
        return state is not None and not state.is_ended
