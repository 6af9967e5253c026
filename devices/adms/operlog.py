"""`table=OPERLOG`: operations, users and templates, one line each.

`OPLOG op<TAB>operator<TAB>time<TAB>v1..v4`, `USER PIN=..<TAB>Name=..`,
`FP PIN=..<TAB>TMP=..` and the like. Source: PUSH protocol 2.4, chapters 9.3 to
9.14; facts, push protocol.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devices.adms.attlog import BadLine
from devices.adms.text import (
    LineError,
    believed_time,
    checked_field,
    decode_text,
    format_time,
    has_control,
    split_fields,
    split_lines,
)
from devices.zk.punch import checked_user_id

TEMPLATE_WORDS: Final = frozenset(
    {
        "FP", "FACE", "FVEIN", "BIODATA", "USERPIC", "BIOPHOTO", "IDCARD",
        "ERRORLOG", "WORKCODE", "SMS", "USER_SMS",
    }
)  # fmt: skip
"""Lines that are counted and acknowledged, never kept: they hold biometrics."""

MAX_USER_LINE: Final = 4 * 1024
_OPERATOR: Final = re.compile(r"[0-9A-Za-z._-]{0,24}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What somebody did at the clock; `time` is naive, the clock's."""

    number: int
    operator: str
    time: datetime
    values: tuple[str, ...] = ()
    raw: bytes = b""

    def encode(self) -> bytes:
        """The line without its end."""
        fields = (str(self.number), self.operator, format_time(self.time), *self.values)
        return ("OPLOG " + "\t".join(fields)).encode()

    @property
    def numbers(self) -> tuple[int, ...]:
        """The values that are numbers."""
        return tuple(
            int(v) for v in self.values if v.isascii() and v.isdigit() and len(v) <= 10
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PushUser:
    """A person in the clock's user list. The name stays out of events and logs."""

    user_id: str
    name: str = ""
    privilege: int = 0
    """0 none, 2 enroller, 6 or 14 administrator."""
    card: str = ""
    group: str = "1"
    timezones: str = ""
    has_password: bool = False

    def encode(self, encoding: str = "utf-8") -> bytes:
        """The line without its end; GB18030 where the clock speaks Chinese."""
        password = "***" if self.has_password else ""
        fields = {
            "PIN": self.user_id,
            "Name": checked_field("a name", self.name),
            "Pri": str(self.privilege),
            "Passwd": password,
            "Card": self.card,
            "Grp": self.group,
            "TZ": self.timezones,
        }
        text = "\t".join(f"{name}={value}" for name, value in fields.items())
        return f"USER {text}".encode(encoding, "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperlogReading:
    """An upload's lines by what they are."""

    operations: Sequence[Operation] = ()
    users: Sequence[PushUser] = ()
    templates: Collection[str] = ()
    """The first word of every line that is only counted."""
    bad: Sequence[BadLine] = ()

    @property
    def lines(self) -> int:
        """How many lines there were, to be acknowledged."""
        return (
            len(self.operations) + len(self.users) + len(self.templates) + len(self.bad)
        )


def parse_operlog(body: bytes, *, latest: datetime | None = None) -> OperlogReading:
    """Read an upload; what cannot be read is kept aside line by line.

    The raw bytes of a user's line are never among what is kept aside: they hold
    a name and perhaps a password.
    """
    operations: list[Operation] = []
    users: list[PushUser] = []
    templates: list[str] = []
    bad: list[BadLine] = []
    for line in split_lines(body.removeprefix(b"\xef\xbb\xbf")):
        if line.strip().upper() == b"TABLE=OPERLOG":
            continue
        word, _, rest = line.lstrip(b" ").partition(b" ")
        name = word[:16].decode("ascii", "replace").upper()
        is_user = name == "USER"
        try:
            if name == "OPLOG":
                operations.append(_parse_operation(line, rest, latest))
            elif is_user:
                users.append(parse_user(rest))
            else:
                templates.append(_template_word(name))
        except LineError as error:
            bad.append(BadLine(raw=b"USER" if is_user else line, reason=str(error)))
    return OperlogReading(
        operations=operations, users=users, templates=templates, bad=bad
    )


def parse_people(body: bytes) -> tuple[list[PushUser], list[BadLine]]:
    """Read users alone, with or without the word USER before each."""
    users: list[PushUser] = []
    bad: list[BadLine] = []
    for line in split_lines(body.removeprefix(b"\xef\xbb\xbf")):
        fields = line.strip(b" ")
        if fields[:5].upper() == b"USER ":
            fields = fields[5:]
        try:
            users.append(parse_user(fields))
        except LineError as error:
            bad.append(BadLine(raw=b"USER", reason=str(error)))
    return users, bad


def parse_user(fields: bytes) -> PushUser:
    """Read `PIN=..<TAB>Name=..`; raises `LineError`."""
    if len(fields) > MAX_USER_LINE:
        raise LineError(f"a user of more than {MAX_USER_LINE} bytes")
    found = parse_fields(decode_text(fields))
    if any(has_control(value) for value in found.values()):
        raise LineError("a user with control characters")
    user_id = checked_user_id(found.get("pin", "").strip(" "))
    if user_id is None:
        raise LineError("a user id that can be none")
    privilege = found.get("pri") or found.get("privilege") or "0"
    return PushUser(
        user_id=user_id,
        name=found.get("name", "").strip(" "),
        privilege=int(privilege) if re.fullmatch(r"[0-9]{1,3}", privilege) else 0,
        card=_card(found.get("card", "")),
        group=found.get("grp", ""),
        timezones=found.get("tz", ""),
        has_password=bool(found.get("passwd") or found.get("password")),
    )


def parse_fields(text: str) -> dict[str, str]:
    """`Key=value` fields apart by TAB; keys in lower case, the first one counts."""
    found: dict[str, str] = {}
    for part in text.split("\t"):
        key, equals, value = part.partition("=")
        if equals:
            found.setdefault(key.strip().lower(), value)
    return found


def _parse_operation(line: bytes, rest: bytes, latest: datetime | None) -> Operation:
    fields = split_fields(rest, 3)
    number, operator = fields[0], fields[1]
    if not (number.isascii() and number.isdigit() and len(number) <= 5):
        raise LineError("an operation that is no number")
    if _OPERATOR.fullmatch(operator) is None:
        raise LineError("an operator that can be none")
    return Operation(
        number=int(number),
        operator=operator or "0",
        time=believed_time(fields[2], latest),
        values=tuple(value[:64] for value in fields[3:11]),
        raw=line,
    )


def _template_word(name: str) -> str:
    if name not in TEMPLATE_WORDS:
        raise LineError("a kind of line that is not known")
    return name


def _card(text: str) -> str:
    """A card's number; `[0102030405]` is how some firmware writes its bytes."""
    card = text.strip(" ")
    return "" if card.strip("0[] ") == "" else card[:32]
