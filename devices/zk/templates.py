"""Finger templates of the clocks: the whole table, one of them, the upload.

Table (command 7, `fct` 2): u32 byte count, then u16 size of the entry, u16 uid,
u8 finger, u8 flag, template. Upload (command 110 after PREPARE and DATA): three u32
lengths, user rows with a 2 before each, an index, templates with a u16 size.
Source: pyzk 0.9 (get_templates, save_user_template), a public protocol
description and a public source of the clocks' firmware (the flag after one
template); the upload is known from pyzk alone.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from devices.errors import ProtocolError
from devices.zk.records import encode_table, table_body
from devices.zk.users import ClockUser, UserLayout, decode_user, encode_user

FINGERS: Final = range(10)
INVALID: Final = 0
VALID: Final = 1
DURESS: Final = 3
"""Flags of a template."""

SAVE_REQUEST: Final = struct.pack("<IHH", 12, 0, 8)
"""Data of TEMPLATES_WRITE, once the upload lies in the clock's buffer."""
ALL_FINGERS: Final = 13
"""Finger of TEMPLATE_DELETE_BY_ID that stands for all of them."""
UPLOAD_PIECE: Final = 1024
"""Bytes of one DATA packet of an upload, as pyzk sends them."""

_ENTRY: Final = struct.Struct("<HHBB")
_SIZE: Final = struct.Struct("<H")
_LENGTHS: Final = struct.Struct("<III")
_INDEX: Final = struct.Struct("<BHBI")
_PLACE: Final = struct.Struct("<HB")
_WRITE: Final = struct.Struct("<HBBH")
_UPLOAD_TAG: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class FingerTemplate:
    """One finger of one slot. `data` is the maker's own format, kept as it is."""

    uid: int
    finger: int
    data: bytes
    flag: int = VALID


@dataclass(frozen=True, slots=True, kw_only=True)
class UserUpload:
    """A person and their fingers, as TEMPLATES_WRITE takes them."""

    user: ClockUser
    fingers: Sequence[FingerTemplate] = ()


def encode_templates(templates: Sequence[FingerTemplate]) -> bytes:
    """The whole table."""
    return encode_table(
        [
            _ENTRY.pack(_ENTRY.size + len(each.data), each.uid, each.finger, each.flag)
            + each.data
            for each in templates
        ]
    )


def decode_templates(blob: bytes) -> Sequence[FingerTemplate]:
    """Read the whole table; raises `ProtocolError` when it is not one."""
    body, complaint = table_body(blob)
    if complaint:
        raise ProtocolError(f"template table: {complaint}")
    templates, at = [], 0
    while at < len(body):
        if len(body) - at < _ENTRY.size:
            raise ProtocolError(f"{len(body) - at} bytes are left of a template table")
        size, uid, finger, flag = _ENTRY.unpack_from(body, at)
        if size < _ENTRY.size or at + size > len(body):
            raise ProtocolError(f"a template entry of {size} bytes at byte {at}")
        data = body[at + _ENTRY.size : at + size]
        templates.append(FingerTemplate(uid=uid, finger=finger, flag=flag, data=data))
        at += size
    return templates


def encode_place(uid: int, finger: int) -> bytes:
    """Data of TEMPLATE_ONE and TEMPLATE_DELETE: whose finger, and which."""
    return _PLACE.pack(uid, finger)


def decode_place(data: bytes) -> tuple[int, int | None]:
    """(uid, finger) of such a request; finger None when it names none."""
    if len(data) < _SIZE.size:
        raise ProtocolError(f"whose template? {len(data)} bytes name no slot")
    if len(data) < _PLACE.size:
        return int.from_bytes(data[:2], "little"), None
    uid, finger = _PLACE.unpack_from(data)
    return uid, finger


def encode_one(template: FingerTemplate) -> bytes:
    """The answer to TEMPLATE_ONE: the template and its flag."""
    return template.data + bytes((template.flag,))


def decode_one(data: bytes, *, uid: int, finger: int) -> FingerTemplate:
    """Read that answer; six zeros before the flag are padding, as for pyzk.

    Raises `ProtocolError` when it is empty.
    """
    if not data:
        raise ProtocolError("an empty template")
    template = data[:-1].removesuffix(bytes(6))
    return FingerTemplate(uid=uid, finger=finger, flag=data[-1], data=template)


def encode_write_request(template: FingerTemplate) -> bytes:
    """Data of TEMPLATE_WRITE, which stores the uploaded bytes as one template."""
    return _WRITE.pack(template.uid, template.finger, template.flag, len(template.data))


def decode_write_request(request: bytes, uploaded: bytes) -> FingerTemplate:
    """What TEMPLATE_WRITE stores; raises `ProtocolError`."""
    if len(request) < _WRITE.size:
        raise ProtocolError(f"a template request has 6 bytes, not {len(request)}")
    uid, finger, flag, size = _WRITE.unpack_from(request)
    if size > len(uploaded):
        raise ProtocolError(f"a template of {size} bytes, {len(uploaded)} were sent")
    return FingerTemplate(uid=uid, finger=finger, flag=flag, data=uploaded[:size])


def encode_upload(
    people: Sequence[UserUpload], layout: UserLayout, *, encoding: str = "utf-8"
) -> bytes:
    """People and fingers for PREPARE, DATA and TEMPLATES_WRITE.

    Fingers belong to their person's slot, whatever uid they carry.
    """
    users, index, fingers = b"", b"", b""
    for each in people:
        row = encode_user(each.user, layout, encoding=encoding)
        users += bytes((_UPLOAD_TAG,)) + row
        for one in each.fingers:
            place = one.flag << 4 | one.finger
            index += _INDEX.pack(_UPLOAD_TAG, each.user.uid, place, len(fingers))
            fingers += _SIZE.pack(len(one.data)) + one.data
    return _LENGTHS.pack(len(users), len(index), len(fingers)) + users + index + fingers


def decode_upload(data: bytes, layout: UserLayout) -> Sequence[UserUpload]:
    """Read an upload; raises `ProtocolError`.

    A client that has not read the users may send the other row size than the
    clock's `layout`.
    """
    if len(data) < _LENGTHS.size:
        raise ProtocolError(f"an upload of {len(data)} bytes")
    users_size, index_size, fingers_size = _LENGTHS.unpack_from(data)
    rest = data[_LENGTHS.size :]
    if users_size + index_size + fingers_size != len(rest):
        raise ProtocolError(f"an upload of {len(rest)} bytes with other lengths")
    users = _uploaded_users(rest[:users_size], layout)
    index = rest[users_size : users_size + index_size]
    templates = list(_uploaded_fingers(index, rest[users_size + index_size :]))
    return [
        UserUpload(
            user=user, fingers=[each for each in templates if each.uid == user.uid]
        )
        for user in users
    ]


def _uploaded_users(rows: bytes, layout: UserLayout) -> Sequence[ClockUser]:
    others = [each for each in UserLayout if each is not layout]
    for size in (each + 1 for each in (layout, *others)):
        if not rows or len(rows) % size:
            continue
        cut = [rows[at : at + size] for at in range(0, len(rows), size)]
        found = [decode_user(row[1:]) for row in cut if row[0] == _UPLOAD_TAG]
        users = [user for user in found if user is not None]
        if len(users) == len(cut):
            return users
    raise ProtocolError(f"{len(rows)} bytes of an upload are no users")


def _uploaded_fingers(index: bytes, fingers: bytes) -> Iterator[FingerTemplate]:
    if len(index) % _INDEX.size:
        raise ProtocolError(f"an upload with an index of {len(index)} bytes")
    for _, uid, place, start in _INDEX.iter_unpack(index):
        if start + _SIZE.size > len(fingers):
            raise ProtocolError(f"an upload without a template at byte {start}")
        (size,) = _SIZE.unpack_from(fingers, start)
        data = fingers[start + _SIZE.size : start + _SIZE.size + size]
        if len(data) != size:
            raise ProtocolError(f"a template of {size} bytes, {len(data)} were sent")
        yield FingerTemplate(uid=uid, finger=place & 0xF, flag=place >> 4, data=data)


def moved(template: FingerTemplate, uid: int) -> FingerTemplate:
    """The same finger for another slot, as when people are copied."""
    return replace(template, uid=uid)
