"""GET and POST /sign-in, POST /sign-out: a browser comes in with an API key, and a cookie keeps it.

The cookie has the key itself: any frontend can check it, it holds for as long as the key does, and nothing
has to be kept of who is signed in. No script can read it, and no page of another site can make use of it.
"""

from datetime import timedelta
from urllib.parse import parse_qsl

from aiohttp import hdrs, web
from yarl import URL

from frontend.clients import COOKIE
from frontend.errors import KeyUnknown, RequestTooLarge
from frontend.html_page import html_page
from frontend.keys import CLIENTS

LASTS_FOR = timedelta(days=30)
MOST_FIELDS = 10


async def form(request: web.Request) -> web.Response:
    """The form, where a key is needed."""
    back_to = _own_address(request.query.get("next", ""))
    if not request.app[CLIENTS].have_keys:
        raise web.HTTPSeeOther(back_to)
    return _page(request, back_to)


async def sign_in(request: web.Request) -> web.StreamResponse:
    """Keep the key, if it is one, and go to where the client was going."""
    fields = await _fields(request)
    secret, back_to = fields.get("key", "").strip(), _own_address(fields.get("next", ""))
    try:
        request.app[CLIENTS].with_key(secret)
    except KeyUnknown as error:
        return _page(request, back_to, problem=str(error), status=401)
    response = web.HTTPSeeOther(back_to)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(LASTS_FOR.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=_is_secure(request),
    )
    raise response


async def sign_out(_: web.Request) -> web.Response:
    """Forget the key, and have the browser forget what it was shown: some of it is kept for good."""
    response = web.HTTPSeeOther("/sign-in", headers={"Clear-Site-Data": '"cache"'})
    response.del_cookie(COOKIE)
    raise response


async def _fields(request: web.Request) -> dict[str, str]:
    """What is in the form; nothing if it is none. Raises RequestTooLarge."""
    try:
        text = (await request.read()).decode("utf-8", "replace")
        return dict(parse_qsl(text, max_num_fields=MOST_FIELDS))
    except web.HTTPRequestEntityTooLarge as error:
        raise RequestTooLarge from error
    except ValueError:
        return {}


def _page(request: web.Request, back_to: str, *, problem: str = "", status: int = 200) -> web.Response:
    context = {"back_to": back_to, "problem": problem}
    return html_page("sign_in.html", request, context, status=status)


def _own_address(text: str) -> str:
    """The address, if it is one of this site; else the start."""
    is_own = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable()
    return text if is_own else "/"


def _is_secure(request: web.Request) -> bool:
    """Whether the browser talks to us by HTTPS: behind a proxy only the browser itself says so."""
    return request.secure or URL(request.headers.get(hdrs.ORIGIN, "")).scheme == "https"
