"""What a technician may ask a clock: `users`, `time`, `info`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from drivers.zk.visit import Visit, capacity_of, clean_serial


class NoArguments(BaseModel):
    """A command without arguments."""

    model_config = ConfigDict(extra="forbid", frozen=True)


COMMANDS: Final[Mapping[str, type[BaseModel]]] = {
    "users": NoArguments,
    "time": NoArguments,
    "info": NoArguments,
}


async def answer(name: str, visit: Visit) -> Mapping[str, Any]:
    """Run one of COMMANDS on an open session; raises `DeviceError`."""
    match name:
        case "users":
            return await _users(visit)
        case "time":
            return await _time(visit)
        case _:
            return await _info(visit)


async def _users(visit: Visit) -> Mapping[str, Any]:
    visit.facts.sizes = await visit.session.sizes()
    await visit.read_users()
    return {
        "users": [
            {
                "user_id": user.user_id,
                "name": user.name,
                "uid": user.uid,
                "privilege": user.role,
                "enabled": not user.is_disabled,
            }
            for user in visit.facts.users
        ]
    }


async def _time(visit: Visit) -> dict[str, Any]:
    time = await visit.read_time()
    return {"time": _aware(visit, time), "drift_s": visit.facts.drift_s}


async def _info(visit: Visit) -> Mapping[str, Any]:
    serial = clean_serial(await visit.session.serial())
    description = await visit.session.description()
    sizes = visit.facts.sizes = await visit.session.sizes()
    return {
        "serial": serial,
        **description,
        "capacity": capacity_of(sizes) if sizes else None,
        **await _time(visit),
        "doubtful_rows": visit.facts.doubtful_rows,
        "doubtful_events": visit.facts.doubtful_events,
    }


def _aware(visit: Visit, time: datetime | None) -> str | None:
    zone = visit.context.site.hall.zone
    return time.replace(tzinfo=zone).isoformat() if time else None
