"""What an operator can set about a worker."""

import os
import socket

import pytest

from pipeline.errors import InvalidSetting
from pipeline.settings import read_settings
from worker.settings import WorkerSettings


def test_a_worker_without_a_name_is_called_after_its_host() -> None:
    assert read_settings(WorkerSettings, {}).name == f"worker-{socket.gethostname()}"


def test_a_worker_has_the_name_that_it_is_given() -> None:
    assert read_settings(WorkerSettings, {"WORKER_NAME": "worker-7"}).name == "worker-7"


def test_a_worker_has_a_slot_for_each_core_that_it_may_use() -> None:
    assert read_settings(WorkerSettings, {}).slot_count == len(os.sched_getaffinity(0))


def test_a_worker_has_as_many_slots_as_it_is_told() -> None:
    assert read_settings(WorkerSettings, {"SLOTS": "3"}).slot_count == 3


@pytest.mark.parametrize("name", ["two words", "line\nbreak", "x" * 65, "\x1b[31m"])
def test_a_name_that_cannot_stand_in_a_log_is_refused(name: str) -> None:
    with pytest.raises(InvalidSetting, match="WORKER_NAME"):
        read_settings(WorkerSettings, {"WORKER_NAME": name})


@pytest.mark.parametrize("text", ["20", "-1", "low"])
def test_a_niceness_that_there_is_not_is_refused(text: str) -> None:
    with pytest.raises(InvalidSetting, match=f"BULK_NICENESS has value '{text}'"):
        read_settings(WorkerSettings, {"BULK_NICENESS": text})


@pytest.mark.parametrize("size", ["1", "400000000", "-1", "2 GB"])
def test_memory_in_which_nothing_could_be_decoded_is_refused(size: str) -> None:
    with pytest.raises(InvalidSetting, match=f"JOB_MEMORY_BYTES has value '{size}'"):
        read_settings(WorkerSettings, {"JOB_MEMORY_BYTES": size})


@pytest.mark.parametrize(
    "name",
    [
        "JOB_TIMEOUT_S",
        "JOB_CPU_S",
        "JOB_MEMORY_BYTES",
        "MAX_OUTPUT_PIXELS",
        "MAX_ANIMATION_PIXELS",
        "STOP_TIMEOUT_S",
    ],
)
def test_a_limit_of_zero_is_refused(name: str) -> None:
    with pytest.raises(InvalidSetting, match=f"{name} has value '0'"):
        read_settings(WorkerSettings, {name: "0"})


def test_a_worker_may_be_told_to_begin_jobs_however_little_space_is_left() -> None:
    assert read_settings(WorkerSettings, {"WORKER_MIN_FREE_BYTES": "0"}).worker_min_free_bytes == 0


def test_the_retry_ladder_has_rungs_of_seconds() -> None:
    assert read_settings(WorkerSettings, {"RETRY_DELAYS_S": "0.5,1, 2"}).retry_delays_s == (0.5, 1.0, 2.0)


@pytest.mark.parametrize("delays", ["2,1", "1,1", "0", "-1,2", "1,", "soon", "nan", "1,nan", "0.01", "86401"])
def test_rungs_that_do_not_rise_are_refused(delays: str) -> None:
    with pytest.raises(InvalidSetting, match=f"RETRY_DELAYS_S has value '{delays}': not rising numbers"):
        read_settings(WorkerSettings, {"RETRY_DELAYS_S": delays})
