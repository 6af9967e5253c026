"""User tables of the clocks: rows of 28 bytes (old) or 72.

Source: facts, ZKTeco clocks (users).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from devices.errors import ProtocolError
from devices.zk.punch import checked_user_id, user_id_of_field
from devices.zk.records import table_body
from devices.zk.values import decode_text, encode_text

_OLD: Final = struct.Struct("<HB5s8sIxBhI")
_NEW: Final = struct.Struct("<HB8s24sIB7sB24s")


class UserLayout(IntEnum):
    """Bytes of one user row."""

    OLD = 28
    NEW = 72

    @property
    def name_bytes(self) -> int:
        """Room for a name."""
        return 8 if self is UserLayout.OLD else 24

    @property
    def password_bytes(self) -> int:
        """Room for a password."""
        return 5 if self is UserLayout.OLD else 8


PRIVILEGES: Final = {0: "user", 2: "enroller", 6: "manager", 14: "super"}
LAST_UID: Final = 0xFFFE
"""Highest slot; 0 is nobody, 0xFFFF is empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockUser:
    """A person in a clock's own list. `raw_name` is what the clock keeps."""

    uid: int
    user_id: str
    name: str = ""
    privilege: int = 0
    card: int = 0
    group: str = ""
    password: str = ""
    raw_name: bytes = b""

    @property
    def is_disabled(self) -> bool:
        """Whether the clock turns this person away."""
        return bool(self.privilege & 1)

    @property
    def role(self) -> str:
        """The privilege in a word; its number when it is none we know."""
        return PRIVILEGES.get(self.privilege & ~1, str(self.privilege))


def kept_name(name: str, layout: UserLayout, *, encoding: str = "utf-8") -> str:
    """What a clock keeps of a name: whole characters, spaces around it lost."""
    return decode_text(encode_text(name, layout.name_bytes, encoding), encoding)


def privilege_of(role: str) -> int | None:
    """The privilege of a role's word; None for a word that is none."""
    return next((number for number, word in PRIVILEGES.items() if word == role), None)


def refusal(user: ClockUser, layout: UserLayout, *, id_width: int = 24) -> str:
    """Why a clock cannot keep this user as given; empty when it can.

    `id_width` is the clock's `~PIN2Width`: ids that are longer have locked a
    clock up. A name is no reason, it is cut (`kept_name`).
    """
    user_id, old = user.user_id, layout is UserLayout.OLD
    reasons = {
        f"no slot {user.uid}": not 1 <= user.uid <= LAST_UID,
        f"{user_id!r} can be no user id": checked_user_id(user_id) is None,
        f"user id {user_id} is longer than {id_width}": len(user_id) > id_width,
        f"this clock knows numbers only, not user id {user_id}": old
        and not (user_id.isdecimal() and int(user_id) < 0xFFFFFFFF),
        f"user id {user_id} begins with 0, which this clock loses": old
        and user_id.startswith("0"),
        f"the password is longer than {layout.password_bytes}": len(
            user.password.encode()
        )
        > layout.password_bytes,
        f"no card {user.card}": not 0 <= user.card <= 0xFFFFFFFF,
        f"no privilege {user.privilege}": not 0 <= user.privilege <= 0xFF,
        f"no group {user.group!r}": old
        and bool(user.group)
        and not (user.group.isdecimal() and int(user.group) <= 0xFF),
    }
    return next((reason for reason, wrong in reasons.items() if wrong), "")


def encode_user(
    user: ClockUser, layout: UserLayout, *, encoding: str = "utf-8"
) -> bytes:
    """One row; a name that is too long is cut between characters."""
    name = user.raw_name.ljust(layout.name_bytes, b"\0")
    if not user.raw_name or len(user.raw_name) > layout.name_bytes:
        name = encode_text(user.name, layout.name_bytes, encoding)
    if layout is UserLayout.OLD:
        return _OLD.pack(
            user.uid,
            user.privilege,
            encode_text(user.password, layout.password_bytes),
            name,
            user.card,
            int(user.group or 0),
            0,
            int(user.user_id),
        )
    return _NEW.pack(
        user.uid,
        user.privilege,
        encode_text(user.password, layout.password_bytes),
        name,
        user.card,
        1,
        encode_text(user.group, 7),
        1,
        encode_text(user.user_id, 24),
    )


def decode_user(raw: bytes, *, encoding: str | None = None) -> ClockUser | None:
    """One row of 28 or 72 bytes; None when its user id cannot be one."""
    if len(raw) == UserLayout.OLD:
        uid, privilege, password, name, card, group, _, number = _OLD.unpack(raw)
        user_id, group_name = checked_user_id(str(number)), str(group)
    else:
        uid, privilege, password, name, card, _, group, _, field = _NEW.unpack(raw)
        user_id, group_name = user_id_of_field(field), decode_text(group)
    if user_id is None:
        return None
    return ClockUser(
        uid=uid,
        user_id=user_id,
        name=decode_text(name, encoding),
        privilege=privilege,
        card=card,
        group=group_name,
        password=decode_text(password),
        raw_name=name.partition(b"\0")[0],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTable:
    """A clock's own list; `layout` is None while the list is empty."""

    layout: UserLayout | None = None
    users: Sequence[ClockUser] = ()


def decode_users(
    blob: bytes, *, expected: int | None = None, encoding: str | None = None
) -> Sequence[ClockUser]:
    """The users of a whole user table; see `decode_user_table`."""
    return decode_user_table(blob, expected=expected, encoding=encoding).users


def decode_user_table(
    blob: bytes, *, expected: int | None = None, encoding: str | None = None
) -> UserTable:
    """A whole user table; rows without a possible user id are left out.

    Raises `ProtocolError` when neither row size fits.
    """
    body, complaint = table_body(blob)
    if complaint:
        raise ProtocolError(f"user table: {complaint}")
    if not body:
        return UserTable()

    def read(layout: UserLayout) -> UserTable:
        rows = (body[at : at + layout] for at in range(0, len(body), layout))
        users = (decode_user(row, encoding=encoding) for row in rows)
        return UserTable(layout=layout, users=[each for each in users if each])

    fitting = [layout for layout in UserLayout if len(body) % layout == 0]
    exact = [layout for layout in fitting if len(body) // layout == expected]
    readings = [(layout, read(layout)) for layout in exact or fitting]
    if not readings:
        raise ProtocolError(f"a user table of {len(body)} bytes fits no row size")
    # The right layout is the one where most rows make sense.
    return max(readings, key=lambda one: len(one[1].users) * one[0])[1]
