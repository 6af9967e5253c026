"""Alive, ready, and numbers: for supervisors and Prometheus."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from fastapi import Request, Response

from bridge.web.api.depends import Hall
from bridge.web.encoding import answer
from bridge.web.live import Live
from bridge.web.problems import ProblemError
from bridge.web.routes import Routes
from devices.kinds import DeviceState

router = Routes(tags=["health"])

_NAME: Final = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_UP: Final = frozenset({DeviceState.READY.value, DeviceState.LOCKED.value})


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def healthz(request: Request, hall: Hall) -> Response:
    """The process is alive."""
    return answer(request, {"status": "alive", "time": hall.now()})


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz")
async def readyz(request: Request, hall: Hall) -> Response:
    """Store, broker and nodes work; a device that is down is listed only."""
    down = [
        {"id": device.id, "state": device.state, "reason": device.reason}
        for device in hall.devices()
        if device.state not in _UP
    ]
    reasons = list(hall.troubles())
    if reasons:
        raise ProblemError(
            "not-ready", "; ".join(reasons), reasons=reasons, devices_down=down
        )
    return answer(request, {"status": "ready", "reasons": [], "devices_down": down})


@router.get("/metrics")
async def metrics(request: Request, hall: Hall) -> Response:
    """Aggregates in the Prometheus text format, version 0.0.4."""
    live: Live = request.app.state.live
    states = [device.state for device in hall.devices()]
    numbers: dict[str, float] = {
        "halld_ready": 0 if hall.troubles() else 1,
        "halld_devices": len(states),
        "halld_devices_up": sum(state in _UP for state in states),
        "halld_alarms": len(hall.alarms()),
        "halld_streams": live.streams,
        **hall.metrics(),
    }
    return Response(
        metrics_text(numbers),
        media_type="text/plain; version=0.0.4; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )


def metrics_text(numbers: Mapping[str, float]) -> str:
    """Lines of the text format; a name that it does not allow is left out."""
    lines: list[str] = []
    for name, value in sorted(numbers.items()):
        if _NAME.fullmatch(name):
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# TYPE {name} {kind}", f"{name} {float(value):.17g}"]
    return "\n".join(lines) + "\n"
