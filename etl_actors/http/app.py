"""What the HTTP server answers."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from etl_actors.http.health import HealthState

__all__ = ["application"]

_NOT_WELL = 503


def application(health: HealthState) -> Starlette:
    """Make the application that answers for one daemon."""

    async def live(_request: Request) -> Response:
        alive = health.live()
        return JSONResponse({"live": alive}, 200 if alive else _NOT_WELL)

    async def ready(_request: Request) -> Response:
        well, reasons = health.ready()
        return JSONResponse({"ready": well, "reasons": reasons, "warnings": health.warnings}, 200 if well else _NOT_WELL)

    return Starlette(
        routes=[Route("/health/live", live), Route("/health/ready", ready)],
        exception_handlers={404: _not_here},
    )


async def _not_here(request: Request, _exc: Exception) -> Response:
    return PlainTextResponse(f"Nothing is at {request.url.path}; there are /health/live and /health/ready.\n", 404)
