"""What a technician may ask a clock. Unlocking doors and clearing are not offered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

from devices.errors import CommandRejectedError
from drivers.zk.facts import capacity_of
from drivers.zk.people import (
    delete_user,
    export_users,
    import_users,
    list_users,
    set_user,
)
from drivers.zk.user_arguments import (
    UserDelete,
    UserPage,
    UserSet,
    UsersExport,
    UsersImport,
)
from drivers.zk.visit import Visit, clean_serial


class NoArguments(BaseModel):
    """A command without arguments."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class AcceptLog(BaseModel):
    """A technician knows why the log is not what it was."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)
    ]


COMMANDS: Final[Mapping[str, type[BaseModel]]] = {
    "users": UserPage,
    "time": NoArguments,
    "info": NoArguments,
    "set_time": NoArguments,
    "accept_log": AcceptLog,
    "user_set": UserSet,
    "user_delete": UserDelete,
    "users_export": UsersExport,
    "users_import": UsersImport,
}


async def answer(arguments: BaseModel, name: str, visit: Visit) -> Mapping[str, Any]:
    """Run one of COMMANDS on an open session; raises `DeviceError`."""
    match arguments:
        case UsersExport():
            result = await export_users(visit, arguments)
        case UserPage():
            result = await list_users(visit, arguments)
        case UserSet():
            result = await set_user(visit, arguments)
        case UserDelete():
            result = await delete_user(visit, arguments)
        case UsersImport():
            result = await import_users(visit, arguments)
        case _ if name == "time":
            result = await _time(visit)
        case _ if name == "set_time":
            result = await _set_time(visit)
        case _:
            result = await _info(visit)
    return result


async def _time(visit: Visit) -> dict[str, Any]:
    time = await visit.read_time()
    return {"time": _aware(visit, time), "drift_s": visit.facts.drift_s}


async def _set_time(visit: Visit) -> dict[str, Any]:
    if not visit.context.clock_trusted:
        raise CommandRejectedError(
            "host_clock_doubtful",
            "this machine's own clock is doubtful, so no clock is set by it; see to "
            "its time first",
        )
    await visit.identify()
    was_off_s = (await _time(visit))["drift_s"]
    if not await visit.set_time():
        raise CommandRejectedError("refused", "the clock refuses to have its time set")
    return {"was_off_s": was_off_s, **await _time(visit)}


async def _info(visit: Visit) -> Mapping[str, Any]:
    facts = visit.facts
    serial = clean_serial(await visit.session.serial())
    description = await visit.session.description()
    sizes = facts.sizes = await visit.session.sizes()
    return {
        "serial": serial,
        **description,
        "capacity": capacity_of(sizes) if sizes else None,
        "nearly_full": list(facts.fullness),
        **await _time(visit),
        "log": {
            "layout": facts.layout.value if facts.layout else None,
            "until": visit.trust.until.isoformat() if visit.trust.until else None,
            "suspect": visit.trust.suspect or None,
            "unread": facts.unread,
        },
        "doubtful_rows": facts.doubtful_rows,
        "doubtful": [
            {"row": at, "raw": raw}
            for at, raw in zip(facts.doubtful_at, facts.doubtful_raw, strict=False)
        ],
        "doubtful_events": facts.doubtful_events,
        "operator_log": facts.operations,
    }


def _aware(visit: Visit, time: datetime | None) -> str | None:
    zone = visit.context.site.hall.zone
    return time.replace(tzinfo=zone).isoformat() if time else None
