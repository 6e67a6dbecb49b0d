"""The paths, and who answers them."""

from aiohttp import web

from frontend.gate import answer_expectation
from frontend.handlers import (
    archives,
    docs,
    events,
    files,
    health,
    job_actions,
    job_list,
    jobs,
    metrics,
    pages,
    pipeline,
    resumable,
    sign_in,
    static_files,
    uploads,
    webhooks,
    ws,
)


def add_routes(app: web.Application) -> None:
    """Add every path of the HTTP interface: see docs/http_api.md.

    A parameter is all that is no slash: without a pattern of our own it would be no brace either.
    """
    router = app.router
    for method, path in (("POST", "/upload"), ("POST", "/api/images"), ("PUT", "/upload/{name:[^/]+}")):
        router.add_route(method, path, uploads.upload, expect_handler=answer_expectation)
    router.add_options("/files/", resumable.offer)
    router.add_post("/files/", resumable.create, expect_handler=resumable.answer_expectation)
    upload = router.add_resource("/files/{upload_id:[^/]+}")
    upload.add_route("HEAD", resumable.look)
    upload.add_route("PATCH", resumable.append)
    upload.add_route("DELETE", resumable.remove)
    upload.add_route("POST", resumable.overridden)
    router.add_get("/", pages.index)
    router.add_get("/batches/{batch_id:[^/]+}", pages.batch)
    router.add_get("/api/jobs", job_list.jobs)
    router.add_get("/api/jobs/{job_id:[^/]+}", jobs.job)
    router.add_get("/api/jobs/{job_id:[^/]+}/source", files.source)
    router.add_get("/api/jobs/{job_id:[^/]+}/renditions/{rendition:[^/]+}", files.rendition)
    router.add_get("/api/jobs/{job_id:[^/]+}/receipt", jobs.receipt)
    router.add_get("/api/jobs/{job_id:[^/]+}/webhooks", webhooks.log)
    router.add_post("/api/jobs/{job_id:[^/]+}/webhooks/replay", webhooks.replay)
    router.add_get("/api/batches/{batch_id:[^/]+}.zip", archives.batch)
    router.add_get("/api/batches/{batch_id:[^/]+}", jobs.batch)
    router.add_delete("/api/jobs/{job_id:[^/]+}", job_actions.delete)
    router.add_post("/api/jobs/{job_id:[^/]+}/retry", job_actions.retry)
    router.add_post("/api/batches/{batch_id:[^/]+}/retry", job_actions.retry_batch)
    router.add_post("/jobs/{job_id:[^/]+}/delete", job_actions.delete_by_form)
    router.add_post("/jobs/{job_id:[^/]+}/retry", job_actions.retry_by_form)
    router.add_post("/batches/{batch_id:[^/]+}/retry", job_actions.retry_batch_by_form)
    router.add_get("/api/pipeline", pipeline.pipeline)
    router.add_get("/ws", ws.watch)
    router.add_get("/api/events", events.watch)
    router.add_get("/sign-in", sign_in.form)
    router.add_post("/sign-in", sign_in.sign_in)
    router.add_post("/sign-out", sign_in.sign_out)
    router.add_get("/docs", docs.docs)
    router.add_get("/openapi.json", docs.openapi)
    router.add_get("/health/live", health.live)
    router.add_get("/health/ready", health.ready)
    router.add_get("/metrics", metrics.metrics)
    router.add_get("/static/{filename:[^/]+}", static_files.static_file)
