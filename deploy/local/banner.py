"""What a person reads when everything is up."""

import os
from pathlib import Path

from deploy.local.services import Services


def banner(services: Services, *, has_own_broker: bool) -> str:
    """Where everything is, how to have more of it, and how to end it."""
    count = services.settings.frontends
    rows = [
        ("Page", services.page_url + (f"   {count} frontends share the port" if count > 1 else "")),
        ("Console", f"{services.console_url}   login: guest / guest" if has_own_broker else ""),
        ("Broker", "" if has_own_broker else services.broker),
        ("Results", f"{_shown(services.results)}/"),
        ("Workers", f"{services.settings.workers}; one more: make worker"),
        ("Warning", services.settings.frontend.warning or ""),
        ("Stop", "Ctrl-C; what is queued goes on at the next start"),
    ]
    lines = [f"  {label:<9}{text}" for label, text in rows if text]
    return "\n".join(["", "  The image resizer is running.", "", *lines, ""])


def _shown(path: Path) -> str:
    """The path as seen from here, if it is below here."""
    here = Path.cwd()
    return os.fspath(path.relative_to(here) if path.is_relative_to(here) else path)
