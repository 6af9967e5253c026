"""The control API of the simulated devices (HTTP, loopback): be the people."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Iterator, Mapping
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import ValidationError

from devices.errors import MisuseError
from simulators.hosting.host import Hosted

STOP_TIMEOUT_S = 1.0


class ControlError(Exception):
    """A request that cannot be done; becomes problem+json (RFC 9457)."""

    def __init__(self, status: int, problem: str, detail: str, **more: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.problem = problem
        self.more = more


def create_control(
    hosted: Mapping[str, Hosted], unbound: Mapping[str, str] | None = None
) -> FastAPI:
    """The API over hosted devices; `unbound` tells why others are not hosted."""
    app = FastAPI(title="halld simulated devices", docs_url=None, redoc_url=None)
    missing = unbound or {}

    def find(device: str) -> Hosted:
        if device in hosted:
            return hosted[device]
        reason = missing.get(device)
        detail = f"{device} is not simulated: {reason}" if reason else _none(device)
        raise ControlError(404, "not-found", detail, devices=sorted(hosted))

    @app.exception_handler(ControlError)
    async def problem(_request: Request, error: ControlError) -> JSONResponse:
        return _problem(error)

    @app.get("/devices")
    async def devices() -> dict[str, Any]:
        items = [_summary(name, one) for name, one in hosted.items()]
        items += [{"id": name, "failure": why} for name, why in missing.items()]
        return {"items": items, "total": len(items)}

    @app.get("/devices/{device}")
    async def view(device: str) -> Mapping[str, Any]:
        return find(device).view()

    @app.post("/devices/{device}/{action}")
    async def act(device: str, action: str, request: Request) -> Mapping[str, Any]:
        one = find(device)
        if action not in one.actions:
            raise ControlError(
                404,
                "unknown-action",
                f"{device} has no action {action!r}",
                actions=sorted(one.actions),
            )
        await _act(one, action, _arguments(await request.body()))
        return {"device": device, "action": action, "view": one.view()}

    return app


async def serve_control(app: FastAPI, sock: socket.socket) -> None:
    """Serve on a bound socket until cancelled; ends within a second."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, lifespan="off", ws="none"
    )
    config.timeout_graceful_shutdown = 1
    server = _QuietServer(config)
    task = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        await asyncio.shield(task)
    finally:
        server.should_exit = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(task, STOP_TIMEOUT_S * 2)
        sock.close()


def bind_control(port: int) -> socket.socket:
    """A listening socket on loopback; 0 takes a free port. Raises OSError."""
    sock = socket.socket()
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", port))
        sock.listen(64)
    except OSError:
        sock.close()
        raise
    return sock


class _QuietServer(uvicorn.Server):
    """Leaves signals to the program around it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _act(one: Hosted, action: str, arguments: Mapping[str, Any]) -> None:
    try:
        await one.act(action, arguments)
    except ValidationError as error:
        errors = [
            {"key": ".".join(str(part) for part in e["loc"]), "message": e["msg"]}
            for e in error.errors()
        ]
        told = "; ".join(f"{e['key'] or 'arguments'}: {e['message']}" for e in errors)
        raise ControlError(422, "invalid-arguments", told, errors=errors) from error
    except MisuseError as error:
        raise ControlError(409, "not-possible-now", str(error)) from error
    except OSError as error:
        raise ControlError(409, "cannot-listen", str(error)) from error


def _arguments(body: bytes) -> Mapping[str, Any]:
    if not body.strip():
        return {}
    try:
        arguments = json.loads(body)
    except ValueError as error:
        raise ControlError(400, "not-json", f"the body is not JSON: {error}") from error
    if not isinstance(arguments, dict):
        raise ControlError(400, "not-an-object", "the arguments are a JSON object")
    return arguments


def _summary(name: str, one: Hosted) -> dict[str, Any]:
    return {
        "id": name,
        "driver": one.simulator.device.driver,
        "url": one.url,
        "plugged": one.plugged,
        "sessions": one.sessions,
        "faults": one.faults.in_force(),
        "failure": one.failure,
        "actions": sorted(one.actions),
    }


def _none(device: str) -> str:
    return f"no device {device!r}"


def _problem(error: ControlError) -> JSONResponse:
    return JSONResponse(
        {
            "type": f"urn:halld:problem:{error.problem}",
            "title": error.problem.replace("-", " "),
            "status": error.status,
            "detail": str(error),
            **error.more,
        },
        status_code=error.status,
        media_type="application/problem+json",
    )
