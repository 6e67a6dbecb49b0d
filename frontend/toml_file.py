"""A TOML file that a setting names."""

import tomllib
from pathlib import Path
from typing import Any

from pipeline.errors import InvalidSetting

Table = dict[str, Any]


def read_toml(path: Path, *, setting: str) -> Table:
    """What is in the file. Raises InvalidSetting, which names the setting, the file and what is wrong."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidSetting(f"{setting} has value {str(path)!r}: {error.strerror}") from error
    # Not only its own error: a number with very many digits, and brackets in brackets without end.
    except (ValueError, RecursionError) as error:
        raise InvalidSetting(f"{setting} has value {str(path)!r}: not TOML: {error}") from error
