"""What a run has found, to be written as JSON and to be read as tables."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

MEBIBYTE = 1024**2
PEERS = ("sharp", "pyvips")


@dataclass(frozen=True)
class Entry:
    """One task: for everyone who raced the median times, the bytes of the file and its fidelity."""

    task: str
    ms: Mapping[str, float]
    cpu_ms: Mapping[str, float]
    bytes: Mapping[str, int]
    ssim: Mapping[str, float]
    mean_error: Mapping[str, float]

    def speed(self, name: str, peer: str = "sharp") -> float:
        """How many times as fast as a peer."""
        return self.ms[peer] / self.ms[name]

    def thrift(self, name: str, peer: str = "sharp") -> float:
        """The same by processor time, which others who use the machine disturb less."""
        return self.cpu_ms[peer] / self.cpu_ms[name]


@dataclass(frozen=True)
class Report:
    """A whole run: with what, on what, and what was found."""

    versions: Mapping[str, str]
    machine: str
    rounds: int
    entries: Sequence[Entry]
    peak_memory_bytes: Mapping[str, int]
    five_renditions_ms: float
    largest_alone_ms: float

    def as_json(self) -> dict[str, Any]:
        """The report as plain values."""
        return asdict(self)


def speed_table(report: Report) -> Table:
    """Times, and how many times as fast as each peer this kernel is."""
    table = Table(title=f"Median milliseconds of {report.rounds} rounds, one thread each")
    names = list(report.entries[0].ms)
    ratios = (f"× {peer}{unit}" for peer in PEERS for unit in ("", ", CPU"))
    for column in ("Task", *names, *ratios):
        table.add_column(column, justify="left" if column == "Task" else "right")
    for entry in report.entries:
        times = [f"{entry.ms[name]:.1f}" for name in names]
        for peer in PEERS:
            times += [f"{entry.speed('kernel', peer):.2f}", f"{entry.thrift('kernel', peer):.2f}"]
        table.add_row(entry.task, *times)
    return table


def fidelity_table(report: Report) -> Table:
    """Bytes of each file, and how near it comes to a full decode with Lanczos."""
    table = Table(title="Bytes, SSIM and mean error (of 255) against a full decode with Lanczos")
    names = list(report.entries[0].ms)
    for column in ("Task", *names, "bytes ÷ sharp's"):
        table.add_column(column, justify="left" if column == "Task" else "right")
    for entry in report.entries:
        cells = [
            f"{entry.bytes[name]:,}  {entry.ssim[name]:.4f}  {entry.mean_error[name]:.2f}" for name in names
        ]
        table.add_row(entry.task, *cells, f"{entry.bytes['kernel'] / entry.bytes['sharp']:.3f}")
    return table


def cost_lines(report: Report) -> list[str]:
    """Sentences about memory and about several renditions."""
    peaks = ", ".join(f"{name} {peak / MEBIBYTE:.0f} MB" for name, peak in report.peak_memory_bytes.items())
    ratio = report.five_renditions_ms / report.largest_alone_ms
    return [
        f"Peak memory over idle, 12 MP JPEG to 300 × 300: {peaks}.",
        f"Five renditions of it: {report.five_renditions_ms:.1f} ms, {ratio:.2f} × the largest alone"
        f" ({report.largest_alone_ms:.1f} ms).",
    ]
