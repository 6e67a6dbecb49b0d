"""Which dead letters are meant: those with these ids, or all that fit."""

from dataclasses import dataclass, field

from pipeline.dead_letters.letter import DeadLetter


@dataclass
class Choice:
    """`ids` empty: all whose reason has this in it and that are about this job."""

    ids: frozenset[str] = frozenset()
    reason: str | None = None
    job_id: str | None = None
    found: set[str] = field(default_factory=set)

    def takes(self, letter: DeadLetter) -> bool:
        """Whether this one is meant; it is remembered which ids there were."""
        if self.ids:
            self.found |= self.ids & {letter.id}
            return letter.id in self.ids
        return letter.fits(reason=self.reason, job_id=self.job_id)

    @property
    def missing(self) -> list[str]:
        """The ids that no letter had."""
        return sorted(self.ids - self.found)
