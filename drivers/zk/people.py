"""People in a clock's own list: seen, added, changed, deleted, copied.

Passwords go in and never out. What we change is journalled as
`attendance.tamper` by halld, so that the hall has a trail.
"""

from __future__ import annotations

import logging
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from devices.errors import CommandRejectedError, ProtocolError
from devices.events import MAX_PAYLOAD, DeviceEvent, EventType
from devices.operations import ENROLL, USER_ADDED, USER_DELETED, OperationKind
from devices.zk.packets import Code
from devices.zk.records import Layout
from devices.zk.templates import FINGERS, FingerTemplate, UserUpload, encode_upload
from devices.zk.users import (
    LAST_UID,
    ClockUser,
    UserLayout,
    encode_user,
    kept_name,
    privilege_of,
    refusal,
)
from drivers.zk.user_arguments import (
    Finger,
    UserDelete,
    UserPage,
    UserSet,
    UsersExport,
    UsersImport,
)
from drivers.zk.visit import Visit

log = logging.getLogger(__name__)

BUDGET: Final = MAX_PAYLOAD - 32 * 1024
"""Bytes of templates and people in one answer."""
_NUMBERS: Final = {
    OperationKind.USER_ADDED: USER_ADDED,
    OperationKind.USER_DELETED: USER_DELETED,
    OperationKind.ENROLL: ENROLL,
}
UPLOAD_PEOPLE: Final = 10
"""Most people of one upload: a clock keeps it in memory."""


async def list_users(visit: Visit, page: UserPage) -> Mapping[str, Any]:
    """A page of the list."""
    await _read_list(visit)
    found = visit.facts.users
    part = found[page.offset : page.offset + page.limit]
    return {
        "users": [
            {
                "user_id": user.user_id,
                "name": user.name,
                "uid": user.uid,
                "privilege": user.role,
                "enabled": not user.is_disabled,
            }
            for user in part
        ],
        "total": len(found),
        "offset": page.offset,
    }


async def set_user(visit: Visit, wanted: UserSet) -> Mapping[str, Any]:
    """Add or change one person; tells what the clock keeps of it."""
    done, warnings = await _write_users(visit, [wanted])
    return {**done[0], "warnings": warnings}


async def delete_user(visit: Visit, wanted: UserDelete) -> Mapping[str, Any]:
    """Delete one person."""
    await visit.identify()
    await _read_list(visit)
    user = _find(visit, wanted.user_id)
    if user is None:
        raise CommandRejectedError(
            "unknown_user", f"the clock has no user {wanted.user_id}"
        )
    await visit.session.change(Code.USER_DELETE, user.uid.to_bytes(2, "little"))
    await visit.session.change(Code.REFRESH_DATA, b"")
    await _tell(visit, OperationKind.USER_DELETED, [wanted.user_id])
    await _read_list(visit)
    if _find(visit, wanted.user_id) is not None:
        raise ProtocolError(f"the clock says yes and keeps user {wanted.user_id}")
    return {"user_id": wanted.user_id, "deleted": True}


async def export_users(visit: Visit, page: UsersExport) -> Mapping[str, Any]:
    """People with their fingers, as many as one answer carries.

    `next` is the offset to go on from; None at the end.
    """
    await _read_list(visit)
    users = [user for user in visit.facts.users if page.user_id in {None, user.user_id}]
    if page.user_id and not users:
        raise CommandRejectedError(
            "unknown_user", f"the clock has no user {page.user_id}"
        )
    fingers = await _fingers(visit, page)
    people: list[Mapping[str, Any]] = []
    templates: list[Mapping[str, Any]] = []
    size = 0
    for user in users[page.offset : page.offset + page.limit]:
        own = [
            {
                "user_id": user.user_id,
                "finger": each.finger,
                "flag": each.flag,
                "data": b64encode(each.data).decode(),
            }
            for each in fingers.get(user.uid, ())
        ]
        size += 300 + sum(100 + len(str(each["data"])) for each in own)
        if people and size > BUDGET:
            break
        people.append(_exported(user))
        templates += own
    end = page.offset + len(people)
    if end >= len(users):
        visit.facts.templates = None
    return {
        "users": people,
        "templates": templates,
        "total": len(users),
        "offset": page.offset,
        "next": end if end < len(users) else None,
    }


async def import_users(visit: Visit, wanted: UsersImport) -> Mapping[str, Any]:
    """Add or change people, then give them fingers."""
    fingers = [_decoded(each) for each in wanted.templates]
    done, warnings = await _write_users(visit, wanted.users)
    given = await _upload(visit, fingers)
    return {
        "added": sum(bool(each["added"]) for each in done),
        "changed": sum(not each["added"] for each in done),
        "templates": given,
        "warnings": warnings,
    }


async def _read_list(visit: Visit) -> None:
    visit.facts.sizes = await visit.session.sizes()
    await visit.read_users()


def _find(visit: Visit, user_id: str) -> ClockUser | None:
    return next((each for each in visit.facts.users if each.user_id == user_id), None)


async def _write_users(
    visit: Visit, wanted: Sequence[UserSet]
) -> tuple[list[Mapping[str, Any]], list[str]]:
    """Write people, and see in the clock's list that they are there."""
    await visit.identify()
    await _read_list(visit)
    layout, encoding = await _layout(visit), _encoding(visit)
    width = await _id_width(visit)
    known = {user.user_id: user for user in visit.facts.users}
    users, warnings = [], []
    for each in wanted:
        old = known.get(each.user_id)
        user = _merged(each, old, _free_uid(known.values()) if old is None else old.uid)
        if reason := refusal(user, layout, id_width=width):
            raise CommandRejectedError("refused_user", f"{each.user_id}: {reason}")
        name = kept_name(user.name, layout, encoding=encoding)
        if name != user.name.strip():
            warnings.append(
                f"{each.user_id}: the name is cut to {name!r}, this clock keeps "
                f"{layout.name_bytes} bytes"
            )
        known[user.user_id] = user
        users.append((user, name, old is None))
    for user, _, _ in users:
        row = encode_user(user, layout, encoding=encoding)
        await visit.session.change(Code.USER_WRITE, row)
    if users:
        await visit.session.change(Code.REFRESH_DATA, b"")
        added = [user.user_id for user, _, is_new in users if is_new]
        changed = [user.user_id for user, _, is_new in users if not is_new]
        await _tell(visit, OperationKind.USER_ADDED, added)
        await _tell(visit, OperationKind.USER_ADDED, changed, text="changed")
        await _read_list(visit)
    done: list[Mapping[str, Any]] = []
    for user, name, is_new in users:
        kept = _find(visit, user.user_id)
        if kept is None or kept.name != name:
            raise ProtocolError(
                f"the clock says yes and keeps {kept.name if kept else 'nobody'!r} "
                f"as user {user.user_id}; look at its list"
            )
        done.append({"user_id": user.user_id, "name": name, "added": is_new})
    return done, warnings


def _merged(wanted: UserSet, old: ClockUser | None, uid: int) -> ClockUser:
    """Who somebody is after the change; what is not given stays."""
    user = old or ClockUser(uid=uid, user_id=wanted.user_id)
    privilege = user.privilege
    if wanted.privilege is not None:
        privilege = (privilege & 1) | (privilege_of(wanted.privilege) or 0)
    if wanted.enabled is not None:
        privilege = (privilege & ~1) | (not wanted.enabled)
    return replace(
        user,
        name=wanted.name.strip(),
        raw_name=b"",
        privilege=privilege,
        card=user.card if wanted.card is None else wanted.card,
        password=user.password if wanted.password is None else wanted.password,
        group=user.group if wanted.group is None else wanted.group,
    )


def _free_uid(users: Any) -> int:
    taken = {user.uid for user in users}
    highest = max(taken, default=0)
    if highest < LAST_UID:
        return highest + 1
    free = next((uid for uid in range(1, LAST_UID + 1) if uid not in taken), None)
    if free is None:
        raise CommandRejectedError("list_full", "the clock has no free place")
    return free


async def _layout(visit: Visit) -> UserLayout:
    """The size of its user rows; an empty list is judged by the model."""
    facts = visit.facts
    if facts.user_layout is not None:
        return facts.user_layout
    if facts.layout is not None:
        is_new = facts.layout in {Layout.LONG, Layout.FACE}
    else:
        is_new = "TFT" in await visit.session.option("~Platform")
    return UserLayout.NEW if is_new else UserLayout.OLD


def _encoding(visit: Visit) -> str:
    """The encoding of the names that are there; UTF-8 where none says more."""
    if visit.encoding:
        return visit.encoding
    for user in visit.facts.users:
        try:
            user.raw_name.decode()
        except UnicodeDecodeError:
            return "gb18030"
    return "utf-8"


async def _id_width(visit: Visit) -> int:
    told = await visit.session.option("~PIN2Width")
    return int(told) if told.isdecimal() and 0 < int(told) <= 24 else 24


async def _fingers(
    visit: Visit, page: UsersExport
) -> Mapping[int, Sequence[FingerTemplate]]:
    if not page.templates:
        return {}
    sizes = visit.facts.sizes
    templates = visit.facts.templates if page.offset else None
    if templates is None:
        templates = await visit.session.templates(sizes.fingers if sizes else 0)
        if templates is None:
            raise CommandRejectedError(
                "no_templates", "this clock does not give its finger templates"
            )
        # The pages that follow are of the same reading.
        visit.facts.templates = templates
    found: dict[int, list[FingerTemplate]] = {}
    for each in templates:
        if each.finger in FINGERS and each.data:
            found.setdefault(each.uid, []).append(each)
    return found


def _exported(user: ClockUser) -> Mapping[str, Any]:
    """Somebody as `users_import` takes them: what no other clock takes is left out."""
    group = user.group if user.group.isascii() and user.group.isalnum() else ""
    return {
        "user_id": user.user_id,
        "name": "".join(letter for letter in user.name if letter.isprintable()),
        "privilege": user.role if privilege_of(user.role) is not None else None,
        "card": user.card,
        "group": "" if group == "0" else group,
        "enabled": not user.is_disabled,
        "has_password": bool(user.password),
    }


def _decoded(finger: Finger) -> tuple[str, FingerTemplate]:
    try:
        data = b64decode(finger.data, validate=True)
    except ValueError as error:
        raise CommandRejectedError(
            "bad_template", f"{finger.user_id}: the template is no base64: {error}"
        ) from error
    template = FingerTemplate(uid=0, finger=finger.finger, flag=finger.flag, data=data)
    return finger.user_id, template


async def _upload(visit: Visit, fingers: Sequence[tuple[str, FingerTemplate]]) -> int:
    """Give people their fingers; they must be in the clock's list."""
    own: dict[str, list[FingerTemplate]] = {}
    for user_id, template in fingers:
        own.setdefault(user_id, []).append(template)
    if not own:
        return 0
    people = []
    for user_id, templates in own.items():
        user = _find(visit, user_id)
        if user is None:
            raise CommandRejectedError(
                "unknown_user", f"the clock has no user {user_id} for a template"
            )
        people.append(UserUpload(user=user, fingers=templates))
    layout, encoding = await _layout(visit), _encoding(visit)
    for start in range(0, len(people), UPLOAD_PEOPLE):
        part = people[start : start + UPLOAD_PEOPLE]
        await visit.session.upload(encode_upload(part, layout, encoding=encoding))
    await visit.session.change(Code.REFRESH_DATA, b"")
    await _tell(visit, OperationKind.ENROLL, [user_id for user_id, _ in fingers])
    return len(fingers)


async def _tell(
    visit: Visit, kind: OperationKind, user_ids: Sequence[str], *, text: str = ""
) -> None:
    """Journal what we changed at the clock."""
    if not user_ids:
        return
    now = visit.context.now()
    events = [
        DeviceEvent(
            type=EventType.ATTENDANCE_TAMPER,
            data={
                "kind": kind.value,
                "raw": "",
                "by": "halld",
                "user_id": user_id,
                **({"text": text} if text else {}),
            },
            time=now,
            received=now,
        )
        for user_id in user_ids
    ]
    log.info(
        "%s: %s %s by command: %s",
        visit.context.device.id,
        kind.value,
        text,
        ", ".join(user_ids),
    )
    await visit.context.emit(events, bulk=len(events) > 1)
    for _ in user_ids:
        visit.facts.tell(_NUMBERS[kind], now.replace(tzinfo=None))
