"""GET /api/jobs: a page of the jobs, newest first."""

from aiohttp import web

from frontend.job_query import cursor_of, job_query
from frontend.job_view import to_json
from frontend.keys import CLIENT, JOB_PAGES, JOBS


async def jobs(request: web.Request) -> web.Response:
    """The jobs that the query asks for, and the way to the next page in `next` and in a Link header."""
    page = await request.app[JOB_PAGES].page(job_query(request.query), request[CLIENT])
    cursor = cursor_of(page.next) if page.next else None
    views = request.app[JOBS].views(page.jobs)
    response = web.json_response(text=to_json({"jobs": views, "next": cursor}))
    if cursor:
        # RFC 8288; the address is relative to this one, whatever name the server has.
        response.headers["Link"] = f'<{request.rel_url.update_query(cursor=cursor)}>; rel="next"'
    return response
