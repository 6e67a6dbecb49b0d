"""What `make run` is asked for. Wrong settings of the services are found here, before anything is started."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from frontend.api_keys.keyring import Keyring
from frontend.presets import read_presets
from frontend.settings import FrontendSettings
from pipeline.settings import positive_int, read_settings, setting
from worker.settings import WorkerSettings


@dataclass(frozen=True, kw_only=True)
class RunnerSettings:
    """The settings of the runner alone."""

    workers: int = setting(3, parse=positive_int, text="How many workers `make run` starts.")
    frontends: int = setting(
        1, parse=positive_int, text="How many frontends `make run` starts; they share one port."
    )


@dataclass(frozen=True, kw_only=True)
class LocalSettings:
    """The settings of everything that runs here, and the environment that they come from.

    `outside_broker` is the address of a broker that is there already, None for one of our own.
    """

    environment: Mapping[str, str]
    frontend: FrontendSettings
    worker: WorkerSettings
    workers: int
    frontends: int
    outside_broker: str | None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """The settings in `environment`. Raises InvalidSetting, which names the variable."""
        frontend = read_settings(FrontendSettings, environment)
        # Only to raise what is wrong with them before anything is started.
        frontend.check()
        read_presets(frontend.presets_file, limits=frontend.rendition_limits)
        if frontend.api_keys:
            Keyring(frontend.api_keys)
        runner = read_settings(RunnerSettings, environment)
        return cls(
            environment=environment,
            frontend=frontend,
            worker=read_settings(WorkerSettings, environment),
            workers=runner.workers,
            frontends=runner.frontends,
            outside_broker=frontend.amqp_url if environment.get("AMQP_URL") else None,
        )

    @property
    def slots_per_worker(self) -> int:
        """SLOTS, or else an even share of the cores: workers of one machine share them."""
        return self.worker.slots or max(1, len(os.sched_getaffinity(0)) // self.workers)
