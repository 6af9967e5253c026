"""What a simulated push clock does with commands.

Source: PUSH protocol 2.4, chapters 10 and 11; facts, push protocol.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from devices.adms.commands import CommandResult, PushCommand
from devices.adms.operlog import Operation, PushUser, parse_fields
from devices.adms.text import parse_time
from devices.zk.punch import checked_user_id
from simulators.adms.memory import PushMemory, changed_user

DONE: Final = 0
NO_PARAMETER: Final = -1003
"""Return code: a parameter is missing or wrong."""
UNKNOWN: Final = -1002
USER_ADDED: Final = 30
USER_DELETED: Final = 9


@dataclass(slots=True, kw_only=True)
class Obedience:
    """Commands, done one by one; what the clock must do afterwards is noted."""

    memory: PushMemory
    info: Mapping[str, str]
    """The answer to INFO, apart from counts."""
    ignores: Sequence[str] = ()
    """Commands beginning so are neither done nor answered."""
    counts_in_return: bool = False
    """Whether VERIFY SUM gives the count as Return, as older firmware does."""
    greets: bool = False
    """Whether a handshake is due."""
    reboots: bool = False
    done: list[str] = field(default_factory=list)
    """The texts of all commands that came, the last ones."""

    def obey(self, command: PushCommand, now: datetime) -> CommandResult | None:
        """Do a command; None when the firmware leaves it unanswered."""
        text = command.text.strip()
        self.done = [*self.done[-19:], text]
        if any(text.startswith(ignored) for ignored in self.ignores):
            return None
        name, code, fields = self._obey(text, now)
        return CommandResult(id=command.id, code=code, command=name, fields=fields)

    def _obey(self, text: str, now: datetime) -> tuple[str, int, dict[str, str]]:
        words = text.split(" ", 3)
        match words:
            case ["INFO"]:
                return "INFO", DONE, self._told()
            case ["CHECK"] | ["RELOAD", "OPTIONS"]:
                self.greets = True
            case ["REBOOT"]:
                self.reboots = True
            case ["LOG"]:
                pass  # What was not sent yet is sent anyway.
            case ["CLEAR", "LOG"]:
                self.memory.clear_log()
            case ["SET", "OPTION", *_] if "=" in text:
                key, _, value = text.removeprefix("SET OPTION ").partition("=")
                self.memory.settings[key] = value
            case ["VERIFY", "SUM", "ATTLOG", period]:
                return self._count(period)
            case ["DATA", action, table, *rest]:
                told = " ".join(rest)
                return "DATA", self._data(f"{action} {table}", told, now), {}
            case _:
                return words[0], UNKNOWN, {}
        return words[0], DONE, {}

    def _told(self) -> dict[str, str]:
        memory = self.memory
        return {
            **self.info,
            "UserCount": str(len(memory.users)),
            "TransactionCount": str(len(memory.log)),
            "MaxAttLogCount": str(memory.capacity // 10_000),
        }

    def _count(self, period: str) -> tuple[str, int, dict[str, str]]:
        bounds = _period(period)
        if bounds is None:
            return "VERIFY SUM", NO_PARAMETER, {}
        count = len(self.memory.between(*bounds))
        if self.counts_in_return:
            return "VERIFY SUM", count, {}
        return "VERIFY SUM", DONE, {"AttlogSum": str(count)}

    def _data(self, what: str, told: str, now: datetime) -> int:
        match what:
            case "UPDATE USERINFO":
                return self._update(told, now)
            case "DELETE USERINFO":
                return self._delete(told, now)
            case "QUERY USERINFO":
                pin = parse_fields(told).get("pin")
                for user in list(self.memory.users.values()):
                    if pin in {None, user.user_id}:
                        self.memory.tell_user(user)
                return DONE
            case "QUERY ATTLOG":
                bounds = _period(told)
                if bounds is None:
                    return NO_PARAMETER
                self.memory.punches.add(self.memory.between(*bounds))
                return DONE
            case _:
                return UNKNOWN

    def _update(self, told: str, now: datetime) -> int:
        fields = parse_fields(told)
        pin = checked_user_id(fields.get("pin", ""))
        if pin is None:
            return NO_PARAMETER
        # Firmware that wants `Privilege=` does not see `Pri=`, and the reverse.
        role = fields.get(self.memory.privilege.lower(), "")
        fields.pop("privilege", None)
        if role.isascii() and role.isdigit():
            fields["privilege"] = role
        users = self.memory.users
        is_new = pin not in users
        users[pin] = changed_user(users.get(pin, PushUser(user_id=pin)), fields)
        if is_new:
            self._note(USER_ADDED, pin, now)
        return DONE

    def _delete(self, told: str, now: datetime) -> int:
        pin = parse_fields(told).get("pin", "")
        if not pin:
            return NO_PARAMETER
        if self.memory.users.pop(pin, None) is not None:
            self._note(USER_DELETED, pin, now)
        return DONE

    def _note(self, number: int, pin: str, now: datetime) -> None:
        time = self.memory.time(now)
        values = (pin, "0", "0", "0")
        self.memory.operate(
            Operation(number=number, operator="0", time=time, values=values)
        )


def _period(text: str) -> tuple[datetime, datetime] | None:
    """`StartTime=<TAB>EndTime=`."""
    fields = parse_fields(text)
    start = parse_time(fields.get("starttime", ""))
    end = parse_time(fields.get("endtime", ""))
    return None if start is None or end is None else (start, end)
