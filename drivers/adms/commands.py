"""What a technician may ask of a push clock. It calls us, so most is queued."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from devices.adms.commands import (
    delete_user,
    enroll_finger,
    query_attlog,
    query_users,
    update_user,
    verify_sum,
)
from devices.adms.operlog import PushUser
from devices.errors import CommandRejectedError, MisuseError
from drivers.adms.clock import PushClock


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class NoArguments(_Arguments):
    """A command without arguments."""


class UsersArguments(_Arguments):
    """The user list; `refresh` has the clock send it again."""

    refresh: bool = False


class UserSetArguments(_Arguments):
    """Add or change a person."""

    user_id: str
    name: Annotated[str, Field(max_length=24)] = ""
    privilege: Annotated[int, Field(ge=0, le=14)] = 0
    card: Annotated[str, Field(pattern=r"^[0-9A-Fa-f\[\]]{0,20}$")] = ""
    password: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{0,8}$")] | None = None


class UserArguments(_Arguments):
    """One person."""

    user_id: str


class EnrollArguments(_Arguments):
    """Have the clock ask a person for a finger."""

    user_id: str
    finger: Annotated[int, Field(ge=0, le=9)] = 0
    overwrite: bool = False


class PeriodArguments(_Arguments):
    """From when to when; without an offset in the hall's zone."""

    start: Annotated[datetime, Field(alias="from")]
    end: Annotated[datetime, Field(alias="to")]


def _address(text: str) -> str:
    return str(ip_address(text))


class AddressArguments(_Arguments):
    """Where the clock is now."""

    address: Annotated[str, AfterValidator(_address)]


COMMANDS: Final[Mapping[str, type[BaseModel]]] = {
    "users": UsersArguments,
    "user_set": UserSetArguments,
    "user_delete": UserArguments,
    "enroll": EnrollArguments,
    "info": NoArguments,
    "check": NoArguments,
    "reload": NoArguments,
    "reboot": NoArguments,
    "query_log": PeriodArguments,
    "audit": PeriodArguments,
    "queue": NoArguments,
    "accept_address": AddressArguments,
}


async def run_command(
    clock: PushClock, name: str, arguments: BaseModel
) -> Mapping[str, Any]:
    """Run one of COMMANDS; raises `CommandRejectedError`."""
    match arguments:
        case UsersArguments():
            return await _users(clock, arguments)
        case AddressArguments():
            return await _accept(clock, arguments.address)
        case _ if name == "queue":
            return {"commands": [known.as_json() for known in clock.queue.commands]}
    try:
        text, summary = _wire(clock, name, arguments)
    except MisuseError as error:
        raise CommandRejectedError("bad_arguments", str(error)) from error
    return await _queued(clock, text, summary)


def _wire(clock: PushClock, name: str, arguments: BaseModel) -> tuple[str, str]:
    """The command for the clock, and what may be told of it."""
    match arguments:
        case UserSetArguments():
            user = PushUser(
                user_id=arguments.user_id,
                name=arguments.name,
                privilege=arguments.privilege,
                card=arguments.card,
            )
            text = update_user(
                user,
                password=arguments.password,
                role_field=clock.parameters.role_field,
            )
            return text, f"user_set {arguments.user_id}"
        case UserArguments():
            text = delete_user(arguments.user_id)
            return text, f"user_delete {arguments.user_id}"
        case EnrollArguments():
            text = enroll_finger(
                arguments.user_id, arguments.finger, overwrite=arguments.overwrite
            )
            return text, f"enroll {arguments.user_id}"
        case PeriodArguments():
            start, end = _clock_times(clock, arguments)
            make = query_attlog if name == "query_log" else verify_sum
            return make(start, end), f"{name} {start} to {end}"
    plain = {
        "info": "INFO",
        "check": "CHECK",
        "reload": "RELOAD OPTIONS",
        "reboot": "REBOOT",
    }
    return plain[name], name


def _clock_times(
    clock: PushClock, arguments: PeriodArguments
) -> tuple[datetime, datetime]:
    start, end = (
        (moment.astimezone(clock.ledger.zone) if moment.tzinfo else moment).replace(
            tzinfo=None, microsecond=0
        )
        for moment in (arguments.start, arguments.end)
    )
    if start >= end:
        raise MisuseError("`from` must be before `to`")
    return start, end


async def _users(clock: PushClock, arguments: UsersArguments) -> Mapping[str, Any]:
    users = clock.people.listed()
    if users and not arguments.refresh:
        return {"users": users}
    return {"users": users, **await _queued(clock, query_users(), "users")}


async def _queued(clock: PushClock, text: str, summary: str) -> Mapping[str, Any]:
    """Queue for the next poll; `queue` tells what became of it."""
    return {"queued": (await clock.queue.add(text, summary)).as_json()}


async def _accept(clock: PushClock, address: str) -> Mapping[str, Any]:
    if clock.parameters.source is not None:
        raise CommandRejectedError(
            "source_in_hall_file",
            f"the hall file says source: {clock.parameters.source}; change it there",
        )
    await clock.door.accept(address)
    clock.told()
    return {"address": address}
