"""`image-resizer` as a person runs it: a process, in a folder, with a state of its own."""

import asyncio
import os
import sys
from pathlib import Path

from tests.programs import Ended

WITHIN_S = 60.0


class Command:
    """The command in a folder, which asks the server at `url`."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "IMAGE_RESIZER_URL": url,
            "XDG_STATE_HOME": str(self.state),
        }

    @property
    def remembered(self) -> list[Path]:
        """What it would go on with."""
        return sorted(self.state.rglob("*.json"))

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        """Start it; it is not waited for."""
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "image_resizer",
            *arguments,
            cwd=self.folder,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )

    async def run(self, *arguments: str) -> Ended:
        """Run it to its end."""
        return await self.ended(await self.start(*arguments))

    async def ended(self, process: asyncio.subprocess.Process) -> Ended:
        """How it has ended, once it has."""
        try:
            async with asyncio.timeout(WITHIN_S):
                output, errors = await process.communicate()
        except BaseException:
            process.kill()
            await process.wait()
            raise
        assert process.returncode is not None
        return Ended(process.returncode, output.decode(), (errors or b"").decode())
