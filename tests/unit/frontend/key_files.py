"""Files of API keys as an operator makes them."""

from pathlib import Path
from typing import NamedTuple

from frontend.api_keys.__main__ import main
from frontend.api_keys.key_file import digest_of, new_secret

Headers = dict[str, str]


class KeyFile(NamedTuple):
    """A file with a key for each of some names."""

    path: Path
    secrets: dict[str, str]

    def bearer(self, name: str) -> Headers:
        """The header that somebody of this name sends."""
        return {"Authorization": f"Bearer {self.secrets[name]}"}


def key_file(path: Path, **more: str) -> KeyFile:
    """A file at this path; of each name what else is in its table, as TOML."""
    secrets = {name: new_secret() for name in more}
    tables = [f'[{name}]\nsha256 = ["{digest_of(secrets[name])}"]\n{lines}\n' for name, lines in more.items()]
    path.write_text("\n".join(tables))
    return KeyFile(path, secrets)


def api_keys(*arguments: str, file: Path) -> int:
    """Run the command on this file; its exit code."""
    return main(["--file", str(file), *arguments])
