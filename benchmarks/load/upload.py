"""One image of a load test, and how far it has come."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.load.errors import Fault
from benchmarks.load.site import JsonObject


@dataclass
class Upload:
    """One image on its way. Times are of time.perf_counter, and 0 before it has come so far."""

    path: Path
    sent_at: float = 0.0
    accepted_at: float = 0.0
    ended_at: float = 0.0
    job: JsonObject | None = None
    fault: Fault | None = None

    @contextmanager
    def keeping_fault(self, code: str) -> Iterator[None]:
        """What goes wrong inside is the fault of this upload, and of no other. Unusable ends them all."""
        try:
            yield
        except Fault as fault:
            self.fault = fault
        except TimeoutError:
            self.fault = Fault("not_ended", "The time was up before it had ended.")
        except (aiohttp.ClientError, OSError, SyntaxError, ValueError) as error:
            self.fault = Fault(code, str(error) or type(error).__name__)
