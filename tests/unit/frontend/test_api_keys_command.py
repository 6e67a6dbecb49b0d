"""`python -m frontend.api_keys`: what it prints works, and what it writes tells nobody the key."""

from pathlib import Path

import pytest

from frontend.api_keys.key_file import ApiKey, digest_of, read_keys
from frontend.api_keys.keyring import Keyring
from tests.unit.frontend.key_files import api_keys


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "keys.toml"


def made(file: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The key that is printed."""
    assert api_keys("add", *arguments, file=file) == 0
    return capsys.readouterr().out.strip()


def test_a_new_key_is_printed_alone_and_only_its_digest_is_kept(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = made(file, capsys, "shop")

    assert secret.startswith("ir_")
    assert secret not in file.read_text()
    assert read_keys(file) == {"shop": ApiKey(sha256=(digest_of(secret),))}
    holder = Keyring(file).holder(secret)
    assert holder is not None
    assert holder.name == "shop"


def test_no_two_keys_are_the_same(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert made(file, capsys, "shop") != made(file, capsys, "rival")


def test_a_name_may_have_limits_of_its_own_and_see_everything(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(file, capsys, "operator", "--sees-all", "--requests-per-minute", "0", "--bytes-per-minute", "1000")

    key = read_keys(file)["operator"]
    assert (key.sees_all, key.requests_per_minute, key.bytes_per_minute) == (True, 0, 1000)


def test_a_key_is_replaced_without_a_gap(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new = made(file, capsys, "shop", "--sees-all"), made(file, capsys, "shop")
    both = Keyring(file)
    assert both.holder(old) == both.holder(new) is not None

    assert api_keys("expire", "shop", file=file) == 0

    one = Keyring(file)
    assert one.holder(old) is None
    assert one.holder(new) == (("shop", ApiKey(sha256=(digest_of(new),), sees_all=True)))


def test_a_name_that_is_removed_has_no_key(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(file, capsys, "shop")
    made(file, capsys, "rival")

    assert api_keys("remove", "shop", file=file) == 0

    assert list(read_keys(file)) == ["rival"]


def test_what_an_operator_has_written_beside_the_keys_stays(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made(file, capsys, "shop")
    file.write_text(f"# asked for by Ann\n{file.read_text()}")

    made(file, capsys, "rival")

    assert file.read_text().startswith("# asked for by Ann\n")


def test_the_list_tells_what_each_may_and_no_digest(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made(file, capsys, "shop", "--requests-per-minute", "600", "--bytes-per-minute", "5000")
    made(file, capsys, "operator", "--sees-all", "--requests-per-minute", "0")
    made(file, capsys, "operator")

    assert api_keys("list", file=file) == 0

    assert capsys.readouterr().out == (
        "shop: 1 key, 600 requests a minute, 5,000 bytes a minute\n"
        "operator: 2 keys, any number of requests, sees all jobs\n"
    )


@pytest.mark.parametrize("action", ["expire", "remove"])
def test_a_name_that_there_is_not_is_told(
    file: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    made(file, capsys, "shop")

    assert api_keys(action, "rival", file=file) == 1

    assert "rival" in capsys.readouterr().err
    assert list(read_keys(file)) == ["shop"]


def test_without_a_file_there_is_no_list(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert api_keys("list", file=file) == 2
    assert "No such file" in capsys.readouterr().err


def test_a_broken_file_is_not_written_over(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("[shop\n")

    assert api_keys("add", "shop", file=file) == 2

    assert file.read_text() == "[shop\n"
    assert "not TOML" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["add", "../up"], ["add", "a b"], ["add", "shop", "--bytes-per-minute", "-1"], []]
)
def test_senseless_arguments_are_refused(file: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        api_keys(*arguments, file=file)

    assert ended.value.code == 2
    assert not file.exists()


def test_a_name_may_be_told_of_its_jobs_and_the_list_shows_no_more_than_the_host(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "https://hooks.example.com/image-done?token=hush"
    made(file, capsys, "shop", "--callback-url", url)

    assert read_keys(file)["shop"].callback_url == url
    assert api_keys("list", file=file) == 0
    assert capsys.readouterr().out == "shop: 1 key, is told at hooks.example.com\n"


def test_an_address_that_cannot_be_called_is_refused(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        api_keys("add", "shop", "--callback-url", "ftp://hooks.example.com/", file=file)
    assert not file.exists()

    made(file, capsys, "shop")
    file.write_text(file.read_text() + 'callback_url = "hooks"\n')
    assert api_keys("list", file=file) == 2
    assert "key 'shop'" in capsys.readouterr().err
