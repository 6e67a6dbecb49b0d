"""Files of API keys: what can be wrong with them, and that a running frontend goes with their changes."""

from pathlib import Path

import pytest

from frontend.api_keys import keyring
from frontend.api_keys.key_file import digest_of, read_keys
from frontend.api_keys.keyring import Keyring
from pipeline.errors import InvalidSetting
from tests.unit.frontend.key_files import api_keys, key_file

DIGEST = digest_of("a key")


@pytest.fixture(autouse=True)
def _look_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring, "LOOK_EVERY_S", 0.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[shop\n", "not TOML"),
        ("shop = 1\n", "key 'shop': Expected `object`"),
        ("[shop]\n", "key 'shop': Object missing required field `sha256`"),
        ("[shop]\nsha256 = []\n", "key 'shop': Expected `array` of length >= 1 - at `$.sha256`"),
        ('[shop]\nsha256 = ["ir_secret"]\n', "key 'shop': Expected `str` matching regex"),
        (
            f'[shop]\nsha256 = ["{DIGEST}"]\nrequests = 1\n',
            "key 'shop': Object contains unknown field `requests`",
        ),
        (f'[shop]\nsha256 = ["{DIGEST}"]\nbytes_per_minute = -1\n', "key 'shop': Expected `int` >= 0"),
        (f'[shop]\nsha256 = ["{DIGEST}"]\nbytes_per_minute = 1{"0" * 400}\n', "key 'shop': "),
        (f"a = {'9' * 5000}\n", "not TOML"),
        (f"a = {'[' * 5000}\n", "not TOML"),
        (f'["../up"]\nsha256 = ["{DIGEST}"]\n', "key '../up': Expected `str` matching regex"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_and_where(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)

    with pytest.raises(InvalidSetting) as raised:
        read_keys(path)

    assert str(raised.value).startswith("API_KEYS")
    assert said in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="No such file"):
        Keyring(tmp_path / "none.toml")


def test_a_frontend_does_not_start_without_a_single_key(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="no key in it"):
        Keyring(key_file(tmp_path / "keys.toml").path)


def test_a_key_works_as_soon_as_it_is_made_and_no_longer_once_it_is_removed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = key_file(tmp_path / "keys.toml", shop="")
    ring = Keyring(file.path)
    api_keys("add", "rival", file=file.path)
    secret = capsys.readouterr().out.strip()

    assert ring.holder(secret) is not None

    api_keys("remove", "rival", file=file.path)
    assert ring.holder(secret) is None
    assert ring.holder(file.secrets["shop"]) is not None


def test_a_file_that_breaks_leaves_the_keys_as_they_were(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = key_file(tmp_path / "keys.toml", shop="")
    ring, whole = Keyring(file.path), file.path.read_text()
    file.path.write_text("[shop")

    assert ring.holder(file.secrets["shop"]) is not None
    assert "not TOML" in caplog.text

    file.path.unlink()
    assert ring.holder(file.secrets["shop"]) is not None

    file.path.write_text(whole.replace("shop", "store"))
    holder = ring.holder(file.secrets["shop"])
    assert holder is not None
    assert holder.name == "store"
