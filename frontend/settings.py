"""What an operator can set about a frontend. Read once, from the environment."""

from dataclasses import dataclass
from pathlib import Path

from frontend.client import Allowance
from frontend.rendition_choice import RenditionLimits
from frontend.webhooks.secrets import webhook_secrets
from pipeline.errors import InvalidSetting
from pipeline.settings import (
    ServiceSettings,
    days,
    natural,
    port_number,
    positive_int,
    positive_seconds,
    rising_seconds,
    service_name,
    setting,
    yes_or_no,
)
from pipeline.topology import DEFAULT_WEBHOOK_DELAYS_S
from pipeline.web_address import host_patterns

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def host(text: str) -> str:
    """An address to listen on."""
    if not text.isprintable() or " " in text or "/" in text:
        raise ValueError("not a host name or address")
    return text


def web_address(text: str) -> str:
    """The address of a page."""
    if not text.startswith(("http://", "https://")):
        raise ValueError("not an address that begins with http:// or https://")
    return text


@dataclass(frozen=True, kw_only=True)
class FrontendSettings(ServiceSettings):
    """The settings of one frontend."""

    host: str = setting("127.0.0.1", parse=host, text="The address to listen on. `0.0.0.0`: on all of them.")
    port: int = setting(5000, parse=port_number, text="The TCP port to listen on. 0: any free one.")
    share_port: bool = setting(
        False,
        parse=yes_or_no,
        text="`yes`: other frontends of this user may listen on the same port (`SO_REUSEPORT`), and the "
        "kernel spreads connections among them. A port that a stranger shares is then not noticed.",
    )
    frontend_name: str = setting(
        "", parse=service_name, text="The name shown in the console and in the logs. Empty: `frontend`."
    )
    api_keys: Path | None = setting(
        None,
        parse=Path,
        text="The file of the [API keys](http_api.md#keys), written by `make api-keys`. Changes are taken up "
        "within a second. Not set: nobody needs a key, and only this machine is served.",
    )
    serve_anyone: bool = setting(
        False,
        parse=yes_or_no,
        text="`yes`: where there are no API keys, whoever reaches the port is served, and may see and do "
        "everything. `no`: only the machine that the frontend runs on.",
    )
    public_renditions: bool = setting(
        False,
        parse=yes_or_no,
        text="`yes`: results are sent to whoever knows their address, without a key, as pages need that show "
        "them with the `picture` of a job. Addresses have 74 bits of chance.",
    )
    requests_per_minute: int = setting(
        0,
        parse=natural,
        text="Requests that one client may send in a minute, all frontends together. Beyond that, they are "
        "refused (429). A client is the holder of a key or, where there are none, an address. 0: no limit.",
    )
    bytes_per_minute: int = setting(
        0, parse=natural, text="Bytes that one client may send in a minute, in the same way. 0: no limit."
    )
    console_url: str = setting(
        "", parse=web_address, text="Where RabbitMQ's management console is, for a link on the page."
    )
    max_upload_bytes: int = setting(
        64_000_000, parse=positive_int, text="Bytes that one image may have. Larger ones are refused (413)."
    )
    max_request_bytes: int = setting(
        1_000_000_000,
        parse=positive_int,
        text="Bytes that one request may have, all its images together. Larger ones are refused (413), where "
        "the request says its size before a byte of it is read.",
    )
    max_files: int = setting(100, parse=positive_int, text="Images that one request may bring.")
    url_hosts: tuple[str, ...] = setting(
        (),
        parse=host_patterns,
        text="The hosts from which images are [fetched by their addresses](fetching_urls.md), with commas "
        "between them: `images.example.com`, `*.example.com` for all below a name, `*` for all public ones. "
        "Empty: none, and nothing is ever fetched.",
    )
    max_urls: int = setting(20, parse=positive_int, text="Addresses that one request may bring.")
    max_redirects: int = setting(
        3, parse=natural, text="Redirections that are followed from one address; each is checked anew."
    )
    fetch_timeout_s: float = setting(
        60.0,
        parse=positive_seconds,
        text="Seconds that the addresses of one request may take, all together. What has not come by then is "
        "rejected.",
    )
    webhook_hosts: tuple[str, ...] = setting(
        (),
        parse=host_patterns,
        text="The hosts that may be [told how jobs ended](webhooks.md), written as in `URL_HOSTS`. Empty: "
        "none, and nobody is ever called.",
    )
    webhook_secret: tuple[str, ...] = setting(
        (),
        parse=webhook_secrets,
        secret=True,
        text="What webhooks are signed with: `whsec_` and 24 to 64 bytes in base 64. While one takes the "
        "place of another both, with a space between. Needed with `WEBHOOK_HOSTS`. The same for all "
        "frontends.",
    )
    webhook_timeout_s: float = setting(
        15.0, parse=positive_seconds, text="Seconds in which a receiver has to answer a webhook."
    )
    webhook_delays_s: tuple[float, ...] = setting(
        DEFAULT_WEBHOOK_DELAYS_S,
        parse=rising_seconds,
        text="Seconds after which a webhook that could not be delivered is tried once more, after the first "
        "failure, the second and so on; then it is given up. The same for all frontends.",
    )
    min_free_bytes: int = setting(
        2_500_000_000,
        parse=natural,
        text="Bytes that stay free on the disk of the store; uploads that would use them are refused (507). "
        "Keep it above the broker's `disk_free_limit`, so that uploads stop before the queue does.",
    )
    upload_stall_s: float = setting(
        60.0,
        parse=positive_seconds,
        text="Seconds for which nothing may come of an upload that has begun. "
        "Then it is given up (408); one that can be resumed goes on later (503).",
    )
    upload_expires_s: float = setting(
        86_400.0,
        parse=positive_seconds,
        text="Seconds for which a [resumable upload](resumable_uploads.md) waits for more. Then what has "
        "come of it is taken away. The same for all frontends.",
    )
    max_unfinished: int = setting(
        1_000, parse=positive_int, text="Resumable uploads that one client may have begun and not ended."
    )
    max_unfinished_bytes: int = setting(
        20_000_000_000,
        parse=positive_int,
        text="Bytes that all those uploads of one client may have, once they have come.",
    )
    max_outbox: int = setting(
        10_000,
        parse=positive_int,
        text="Jobs that may wait in the outbox while the queue cannot be reached. Beyond that, uploads are "
        "refused (503) before a byte of them is read. Jobs that were asked for once more, and wait for room "
        "in their lane, do not count.",
    )
    interactive_images: int = setting(
        10,
        parse=natural,
        text="So many unfinished images of one client go before the [large batches](fair_shares.md) of all "
        "clients. 0: all go one way, in the order in which they come.",
    )
    reuse_work: bool = setting(
        True,
        parse=yes_or_no,
        text="`yes`: an image that comes again, wanted in the same way by the same client, is given the "
        "results of the [first time](deduplication.md). `no`: every job is worked.",
    )
    keep_days: float = setting(
        0.0,
        parse=days,
        text="Days for which a job is kept after its end. Then it is erased with its image and its results. "
        "0: for ever. The same for all frontends.",
    )
    sweep_after_s: float = setting(
        3600.0,
        parse=positive_seconds,
        text="Seconds after which what a dead program has left is taken away: temporary files, and images "
        "of uploads that became no jobs. Keep it above the time that the slowest upload takes.",
    )
    board_history_s: int = setting(
        3600,
        parse=positive_int,
        text="Seconds of the event log that a frontend reads when it starts. Older jobs come from the store.",
    )
    presets_file: Path | None = setting(
        None,
        parse=Path,
        text="A TOML file with the presets, read at the start. Not set: those that come with the frontend.",
    )
    max_renditions: int = setting(20, parse=positive_int, text="Renditions that one job may have.")
    max_output_pixels: int = setting(
        100_000_000,
        parse=positive_int,
        text="Pixels that one rendition may have. A larger width × height is refused (422).",
    )

    @property
    def warning(self) -> str | None:
        """What an operator should know who has not said who may use this frontend."""
        if self.api_keys:
            return None
        if self.serve_anyone:
            return (
                "there are no API keys, and SERVE_ANYONE is yes: whoever reaches the port may do everything"
            )
        if self.host not in LOOPBACK:
            return "there are no API keys, so only this machine is served; see API_KEYS and SERVE_ANYONE"
        return None

    def check(self) -> None:
        """Raise InvalidSetting for settings that are of no use without others."""
        if self.webhook_hosts and not self.webhook_secret:
            raise InvalidSetting(
                "WEBHOOK_SECRET is not set, and WEBHOOK_HOSTS is: webhooks are signed. A new one comes from "
                "python -m frontend.webhooks"
            )

    @property
    def urls_per_request(self) -> int:
        """Addresses that one request may bring; 0 where none are fetched."""
        return self.max_urls if self.url_hosts else 0

    @property
    def allowance(self) -> Allowance:
        """What a client may send, unless its key has an allowance of its own."""
        return Allowance(requests=self.requests_per_minute, bytes=self.bytes_per_minute)

    @property
    def name(self) -> str:
        """The name of this frontend, never empty."""
        return self.frontend_name or "frontend"

    @property
    def rendition_limits(self) -> RenditionLimits:
        """What is asked of a job has to stay within these."""
        return RenditionLimits(max_renditions=self.max_renditions, max_output_pixels=self.max_output_pixels)
