"""What an operator can set about a frontend."""

import pytest

from frontend.settings import FrontendSettings
from pipeline.errors import InvalidSetting
from pipeline.settings import read_settings


def test_without_any_variable_it_listens_on_this_machine_only() -> None:
    settings = read_settings(FrontendSettings, {})

    assert (settings.host, settings.port) == ("127.0.0.1", 5000)


@pytest.mark.parametrize("port", ["0", "80", "65535"])
def test_a_port_is_a_number_and_0_is_any_free_one(port: str) -> None:
    assert read_settings(FrontendSettings, {"PORT": port}).port == int(port)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOST", "http://localhost/"),
        ("HOST", "two hosts"),
        ("PORT", "65536"),
        ("SHARE_PORT", "true"),
        ("FRONTEND_NAME", "two words"),
        ("CONSOLE_URL", "javascript:alert(1)"),
        ("CONSOLE_URL", "localhost:15672"),
        ("MAX_UPLOAD_BYTES", "0"),
        ("MAX_REQUEST_BYTES", "1 GB"),
        ("MAX_FILES", "-1"),
        ("MIN_FREE_BYTES", "-1"),
        ("BOARD_HISTORY_S", "1.5"),
        ("MAX_RENDITIONS", "0"),
        ("MAX_OUTPUT_PIXELS", "1e8"),
    ],
)
def test_a_value_that_cannot_be_used_is_named(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=f"^{name} has value '"):
        read_settings(FrontendSettings, {name: value})


def test_a_frontend_has_a_name_and_its_port_for_itself_unless_told_otherwise() -> None:
    usual = read_settings(FrontendSettings, {})
    told = read_settings(FrontendSettings, {"FRONTEND_NAME": "frontend-2", "SHARE_PORT": "yes"})

    assert (usual.name, usual.share_port) == ("frontend", False)
    assert (told.name, told.share_port) == ("frontend-2", True)


def test_no_space_need_stay_free() -> None:
    assert read_settings(FrontendSettings, {"MIN_FREE_BYTES": "0"}).min_free_bytes == 0


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, None),
        ({"HOST": "localhost"}, None),
        ({"HOST": "0.0.0.0"}, "only this machine is served"),  # noqa: S104  # nobody listens
        ({"HOST": "::"}, "only this machine is served"),
        ({"SERVE_ANYONE": "yes"}, "whoever reaches the port may do everything"),
        ({"SERVE_ANYONE": "yes", "HOST": "::", "API_KEYS": "keys.toml"}, None),
    ],
)
def test_an_operator_is_told_who_is_served_unless_he_has_said_so(
    environ: dict[str, str], said: str | None
) -> None:
    warning = read_settings(FrontendSettings, environ).warning

    assert said in warning if said and warning else warning == said
