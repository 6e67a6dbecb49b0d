"""Every error of ours that can reach a handler has a row in the table of answers."""

import importlib
import pkgutil
from collections.abc import Iterator

import frontend
import pipeline
from frontend.error_responses import ANSWERS, INTERNAL, Answer, answer_to
from frontend.errors import JobHasFailed, RequestError
from frontend.http_faults import HTTP_FAULTS, http_fault, title_of
from pipeline.broker import PublishUncertain
from pipeline.errors import (
    BrokerUnavailable,
    InvalidMessage,
    InvalidSetting,
    JobNotFound,
    PipelineError,
    StorageFull,
    WebhookUnderWay,
    WorkUnderWay,
)

NEVER_IN_A_HANDLER = {
    RequestError,  # only what is derived from it is ever raised
    InvalidSetting,  # ends the program before it serves
    InvalidMessage,  # met in the event log and in the outbox, and dealt with there
    BrokerUnavailable,  # the job waits in the outbox
    PublishUncertain,  # likewise
    WorkUnderWay,  # met by workers, whose job goes round
    WebhookUnderWay,  # met by those who deliver it, and it comes again
    JobHasFailed,  # its row is the error of its job
}


def derived(cls: type[PipelineError]) -> Iterator[type[PipelineError]]:
    for kind in cls.__subclasses__():
        yield kind
        yield from derived(kind)


def errors_of_ours() -> set[type[PipelineError]]:
    """The errors that the packages define of which a frontend consists."""
    for package in (pipeline, frontend):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            importlib.import_module(module.name)
    return {cls for cls in derived(PipelineError) if cls.__module__.split(".")[0] in ("pipeline", "frontend")}


def test_every_error_that_can_reach_a_handler_has_a_row() -> None:
    assert errors_of_ours() - NEVER_IN_A_HANDLER == set(ANSWERS)


def test_no_two_errors_share_a_code() -> None:
    codes = [answer.code for answer in (*ANSWERS.values(), INTERNAL)]

    assert len(set(codes)) == len(codes)


def test_every_row_is_an_error_and_every_error_has_a_sentence() -> None:
    for error, answer in ANSWERS.items():
        assert 400 <= answer.status < 600
        assert (error.__doc__ or "").endswith(".")


def test_an_error_is_answered_as_the_nearest_class_that_has_a_row() -> None:
    class JobBurnt(JobNotFound):
        """The job burnt."""

    assert answer_to(JobBurnt()) == Answer(404, "job_not_found")


def test_an_error_without_a_row_is_an_internal_one() -> None:
    assert answer_to(InvalidSetting()) == INTERNAL
    assert answer_to(StorageFull()) != INTERNAL


def test_the_words_of_http_are_the_same_in_every_version_of_python() -> None:
    assert [http_fault(status).code for status in (413, 414, 416, 417, 422)] == [
        "bad_request",
        "bad_request",
        "requested_range_not_satisfiable",
        "bad_request",
        "bad_request",
    ]
    assert [title_of(status) for status in (404, 413, 414, 416, 422)] == [
        "Not Found",
        "Content Too Large",
        "URI Too Long",
        "Range Not Satisfiable",
        "Unprocessable Content",
    ]


def test_no_code_of_http_is_one_of_ours() -> None:
    assert not {fault.code for fault in HTTP_FAULTS.values()} & {answer.code for answer in ANSWERS.values()}
