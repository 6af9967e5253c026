"""Commands to push clocks and what clocks answer: `C:<id>:<command>`.

Only what is on the list is ever sent: SHELL, PutFile and UPGRADE run code on a
clock, GetFile reads its files, CLEAR and SET OPTION destroy. Source: PUSH
protocol 2.4, chapters 10 and 11; facts, push protocol.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Final

from devices.adms.operlog import PushUser
from devices.adms.text import (
    checked_field,
    decode_text,
    format_time,
    has_control,
    split_lines,
)
from devices.errors import MisuseError
from devices.zk.punch import checked_user_id

MAX_COMMAND: Final = 1024
UNSUPPORTED: Final = frozenset({-1002, -22})
"""Return codes: the firmware does not know the command."""
NO_ANSWER: Final = "OK"
"""A poll's answer when nothing waits."""

ALLOWED: Final = (
    re.compile(r"(CHECK|LOG|INFO|REBOOT|RELOAD OPTIONS)"),
    re.compile(r"DATA (UPDATE|DELETE) USERINFO PIN=[^\t]+(\t[A-Za-z]+=[^\t]*)*"),
    re.compile(r"DATA QUERY USERINFO( PIN=[^\t]+)?"),
    re.compile(
        r"(DATA QUERY|VERIFY SUM) ATTLOG StartTime=[-0-9: ]+\tEndTime=[-0-9: ]+"
    ),
    re.compile(r"ENROLL_FP PIN=[^\t]+\tFID=\d\tRETRY=\d\tOVERWRITE=[01]"),
)
_ID: Final = re.compile(r"[0-9A-Za-z]{1,16}")
_COMMAND: Final = re.compile(r"C:([0-9A-Za-z]{1,16}):(.+)")
_RESULT: Final = re.compile(rb"(?:^|(?<=[\r\n]))ID=", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushCommand:
    """A command for a clock; the id is ours."""

    id: str
    text: str

    def encode(self, encoding: str = "utf-8") -> bytes:
        """The line without its end; raises `MisuseError` for what is not allowed."""
        if _ID.fullmatch(self.id) is None:
            raise MisuseError("a command's id has 1 to 16 letters and digits")
        line = f"C:{self.id}:{checked_command(self.text)}"
        return line.encode(encoding, "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandResult:
    """What became of a command; `fields` holds what came with it."""

    id: str
    code: int | None
    """0 is done; None when the clock told no number."""
    command: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_unsupported(self) -> bool:
        """Whether the firmware does not know the command."""
        return self.code in UNSUPPORTED

    def encode(self) -> bytes:
        """The reply; fields go on lines of their own after INFO."""
        head = f"ID={self.id}&Return={self.code or 0}&CMD={self.command}"
        if self.command in {"INFO", "SHELL"}:
            rows = [f"{name}={value}" for name, value in self.fields.items()]
            return "\n".join([head, *rows]).encode()
        rest = "".join(f"&{name}={value}" for name, value in self.fields.items())
        return f"{head}{rest}".encode()


def checked_command(text: str) -> str:
    """A command that may be sent; raises `MisuseError` when it may not."""
    if len(text) > MAX_COMMAND:
        raise MisuseError(f"a command has at most {MAX_COMMAND} characters")
    if any(has_control(part) for part in text.split("\t")):
        raise MisuseError("a command must not hold line ends or control characters")
    if not any(pattern.fullmatch(text) for pattern in ALLOWED):
        raise MisuseError(f"{text[:24]!r} is not among the commands that are sent")
    return text


def update_user(
    user: PushUser, *, password: str | None = None, role_field: str = "Pri"
) -> str:
    """Adds or changes a person; a password that is None stays as it is.

    `role_field` is `Privilege` where the firmware calls it so (SpeedFace).
    """
    fields = {
        "PIN": _pin(user.user_id),
        "Name": checked_field("a name", user.name),
        role_field: str(user.privilege),
        "Card": checked_field("a card", user.card),
        "Grp": checked_field("a group", user.group),
    }
    if password is not None:
        fields["Passwd"] = checked_field("a password", password)
    text = "\t".join(f"{name}={value}" for name, value in fields.items() if value)
    return f"DATA UPDATE USERINFO {text}"


def delete_user(user_id: str) -> str:
    """Deletes a person with fingers, faces and photograph."""
    return f"DATA DELETE USERINFO PIN={_pin(user_id)}"


def query_users(user_id: str | None = None) -> str:
    """Has the clock upload a person, or all of them."""
    return "DATA QUERY USERINFO" + (f" PIN={_pin(user_id)}" if user_id else "")


def query_attlog(start: datetime, end: datetime) -> str:
    """Has the clock upload the punches of a period, both ends included."""
    return f"DATA QUERY ATTLOG {_period(start, end)}"


def verify_sum(start: datetime, end: datetime) -> str:
    """Has the clock count the punches of a period, both ends included."""
    return f"VERIFY SUM ATTLOG {_period(start, end)}"


def enroll_finger(user_id: str, finger: int, *, overwrite: bool = False) -> str:
    """Has the clock ask a person for a finger, 0 to 9."""
    pin, over = _pin(user_id), int(overwrite)
    return f"ENROLL_FP PIN={pin}\tFID={finger % 10}\tRETRY=3\tOVERWRITE={over}"


def encode_commands(commands: Iterable[PushCommand], encoding: str = "utf-8") -> bytes:
    """A poll's answer: a line for each command, or OK."""
    lines = [command.encode(encoding) for command in commands]
    return b"\n".join(lines) + b"\n" if lines else NO_ANSWER.encode()


def parse_commands(body: bytes) -> list[PushCommand]:
    """A poll's answer, as a clock reads it; other lines are no commands."""
    found = []
    for line in split_lines(body):
        match = _COMMAND.fullmatch(decode_text(line))
        if match is not None:
            found.append(PushCommand(id=match[1], text=match[2].lstrip(" ")))
    return found


def parse_results(body: bytes) -> list[CommandResult]:
    """The replies in a body: several, some of more than one line."""
    starts = [match.start() for match in _RESULT.finditer(body)]
    parts = (body[a:b] for a, b in pairwise([*starts, len(body)]))
    return [found for part in parts if (found := _parse_result(part)) is not None]


def count_of(result: CommandResult) -> int | None:
    """The count in a reply to VERIFY SUM; None when the clock told none.

    Newer firmware says `AttlogSum=`, older gives the count as Return.
    """
    for name in ("attlogsum", "attlogcount", "count", "sum"):
        text = result.fields.get(name, "")
        if text.isascii() and text.isdigit():
            return int(text)
    return result.code if result.code is not None and result.code >= 0 else None


def _parse_result(raw: bytes) -> CommandResult | None:
    """One reply: `&` apart on its first line, a field a line after that."""
    fields: dict[str, str] = {}
    for number, line in enumerate(split_lines(raw[: 64 * 1024])[:400]):
        text = decode_text(line)
        parts = text.split("&") if number == 0 else [text]
        for part in parts:
            name, equals, value = part.partition("=")
            if equals and not has_control(value.replace("\t", " ")):
                fields.setdefault(name.strip().lstrip("~").lower(), value.strip()[:512])
    told = fields.pop("id", "")
    if _ID.fullmatch(told) is None:
        return None
    code = fields.pop("return", "")
    return CommandResult(
        id=told,
        code=int(code) if re.fullmatch(r"-?[0-9]{1,9}", code) else None,
        command=fields.pop("cmd", ""),
        fields=fields,
    )


def _pin(user_id: str) -> str:
    if checked_user_id(user_id) is None:
        raise MisuseError(
            "a user id has 1 to 24 letters, digits, dots and dashes, and is not 0"
        )
    return user_id


def _period(start: datetime, end: datetime) -> str:
    return f"StartTime={format_time(start)}\tEndTime={format_time(end)}"
