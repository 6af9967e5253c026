"""Devices, their commands, and alarms."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import Body, Query, Request, Response
from pydantic import BaseModel, Field

from bridge.domain.errors import NotFoundError
from bridge.domain.views import DeviceView, Page
from bridge.service.ports import HallPort
from bridge.web.api.depends import Hall, NoQuery, problems
from bridge.web.api.queueing import invalid_field
from bridge.web.encoding import answer
from bridge.web.idempotency import IdempotencyKey, OnceOnly, once
from bridge.web.lists import AlarmSlice, DeviceSlice
from bridge.web.problems import ProblemError
from bridge.web.routes import Routes
from devices.commands import DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S, Reply, ReplyStatus
from devices.topics import ID_PATTERN

router = Routes(tags=["devices"])

_FAILURES = {
    ReplyStatus.ERROR: "command-failed",
    ReplyStatus.TIMEOUT: "command-timeout",
    ReplyStatus.REJECTED: "command-rejected",
}


class CommandResult(BaseModel):
    """What a device answered."""

    id: str
    status: ReplyStatus
    data: dict[str, Any]


class Alarm(BaseModel):
    """Something that a technician must see."""

    id: str | int
    kind: str
    since: str | None
    message: str


@router.get("/devices", response_model=Page[DeviceView], responses=problems(400))
async def list_devices(
    request: Request, hall: Hall, part: Annotated[DeviceSlice, Query()]
) -> Response:
    """Every device of the hall file, by id."""
    return answer(request, part.cut(hall.devices()))


@router.get(
    "/devices/{device_id}",
    response_model=DeviceView,
    responses=problems(404),
    dependencies=[NoQuery],
)
async def read_device(request: Request, hall: Hall, device_id: str) -> Response:
    """One device."""
    return answer(request, _find(hall, device_id))


@router.post(
    "/devices/{device_id}/commands/{name}",
    response_model=CommandResult,
    responses=problems(400, 401, 404, 413, 415, 502, 504),
    dependencies=[NoQuery],
)
async def command_device(
    *,
    request: Request,
    hall: Hall,
    device_id: str,
    name: Annotated[str, Field(pattern=ID_PATTERN)],
    body: Annotated[
        dict[str, Any] | None,
        Body(description="the arguments, or {args, timeout_s} with a time limit"),
    ] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Command a device and wait for its reply."""
    device = _find(hall, device_id)
    args, timeout_s = _read_command(body or {})
    commands: OnceOnly[Reply] = request.app.state.commands
    reply = await commands.run(
        once(request, idempotency_key, body or {}),
        lambda: hall.command(device.id, name, args, timeout_s),
    )
    if reply.status is not ReplyStatus.OK:
        raise ProblemError(
            _FAILURES[reply.status],
            f"{device.id}: {reply.message or reply.status.value}",
            code=reply.code,
            device=device.id,
        )
    result = {"id": reply.id, "status": reply.status, "data": reply.data}
    return answer(request, result)


@router.get("/alarms", response_model=Page[Alarm], responses=problems(400))
async def list_alarms(
    request: Request, hall: Hall, part: Annotated[AlarmSlice, Query()]
) -> Response:
    """Open alarms; most end by themselves when their cause is gone."""
    return answer(request, part.cut(hall.alarms()))


@router.post(
    "/alarms/{alarm_id}/close",
    status_code=204,
    responses=problems(400, 401, 404),
    dependencies=[NoQuery],
)
async def close_alarm(hall: Hall, alarm_id: str) -> Response:
    """End an alarm about what is past (a lost range, a rolled back journal)."""
    await hall.close_alarm(alarm_id)
    return Response(status_code=204)


def _find(hall: HallPort, device_id: str) -> DeviceView:
    for device in hall.devices():
        if device.id == device_id:
            return device
    raise NotFoundError(f"no device {device_id!r}")


def _read_command(body: dict[str, Any]) -> tuple[dict[str, Any], float]:
    """Arguments and time limit in seconds, from either form of the body."""
    wrapped = "args" in body and body.keys() <= {"args", "timeout_s"}
    args = body["args"] if wrapped else body
    timeout_s = body.get("timeout_s", DEFAULT_TIMEOUT_S) if wrapped else None
    if not isinstance(args, dict):
        raise invalid_field("args", "want an object")
    if timeout_s is None:
        timeout_s = DEFAULT_TIMEOUT_S
    is_number = isinstance(timeout_s, int | float) and not isinstance(timeout_s, bool)
    if not is_number or not 0 < timeout_s <= MAX_TIMEOUT_S:
        raise invalid_field(
            "timeout_s", f"want seconds, over 0, up to {MAX_TIMEOUT_S:g}"
        )
    try:
        json.dumps(args, ensure_ascii=False, allow_nan=False).encode()
    except ValueError as error:
        raise invalid_field("args", f"cannot be sent: {error}") from error
    return args, float(timeout_s)
