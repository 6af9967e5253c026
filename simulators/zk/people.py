"""Who a simulated clock knows: users, their fingers and faces."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from devices.zk.templates import FingerTemplate
from devices.zk.users import ClockUser, UserLayout, decode_user, encode_user
from simulators.specimens import specimen_staff

USERS_MAX = 3000
FINGERS_MAX = 3000


@dataclass(slots=True, kw_only=True)
class People:
    """Users by slot, templates by slot and finger."""

    layout: UserLayout
    encoding: str = "utf-8"
    users: dict[int, ClockUser] = field(default_factory=dict)
    templates: dict[tuple[int, int], FingerTemplate] = field(default_factory=dict)
    faces: int = 0

    @property
    def admins(self) -> int:
        """How many may open the menu."""
        return sum(user.privilege & ~1 != 0 for user in self.users.values())

    @property
    def passwords(self) -> int:
        """How many have one."""
        return sum(bool(user.password) for user in self.users.values())

    def rows(self) -> Sequence[bytes]:
        """The user table's rows."""
        return [
            encode_user(user, self.layout, encoding=self.encoding)
            for user in self.users.values()
        ]

    def uid_of(self, user_id: str) -> int:
        """The slot of a user id; 0 for one that is not in the list."""
        return next((u.uid for u in self.users.values() if u.user_id == user_id), 0)

    def write_row(self, row: bytes) -> ClockUser | None:
        """Write a row of this clock's size; gives the user if it was taken."""
        user = decode_user(row) if len(row) == self.layout else None
        return user if user is not None and self.write(user) else None

    def write(self, user: ClockUser) -> bool:
        """Add a user, or replace the one in that slot; whether it was taken.

        Refused: slot 0, a user id of another slot, and one more than fit.
        """
        if not user.uid or self.uid_of(user.user_id) not in {0, user.uid}:
            return False
        if user.uid not in self.users and len(self.users) >= USERS_MAX:
            return False
        self.users[user.uid] = user
        return True

    def delete(self, uid: int) -> bool:
        """Delete a user with their fingers; whether there was one."""
        self.delete_fingers(uid, None)
        return self.users.pop(uid, None) is not None

    def enroll(self, template: FingerTemplate) -> bool:
        """Keep a finger of a known user; whether it was taken."""
        place = template.uid, template.finger
        full = place not in self.templates and len(self.templates) >= FINGERS_MAX
        if full or template.uid not in self.users or not template.data:
            return False
        self.templates[place] = template
        return True

    def delete_fingers(self, uid: int, finger: int | None) -> bool:
        """Delete a finger, or all of them (None); whether there was one."""
        gone = [
            place
            for place in self.templates
            if place[0] == uid and finger in {None, place[1]}
        ]
        for place in gone:
            del self.templates[place]
        return bool(gone)

    def table(self) -> Sequence[FingerTemplate]:
        """Every template, by slot and finger."""
        return [template for _, template in sorted(self.templates.items())]

    def clear_admins(self) -> None:
        """Make everybody an ordinary user."""
        for uid, user in self.users.items():
            if user.privilege & ~1:
                self.users[uid] = replace(user, privilege=user.privilege & 1)

    def clear(self) -> None:
        """Forget everybody."""
        self.users.clear()
        self.templates.clear()
        self.faces = 0


def specimen_users(count: int) -> dict[int, ClockUser]:
    """测试01, 测试02, …: slots from 1, user ids from 1001, the first an admin."""
    return {
        uid: ClockUser(
            uid=uid,
            user_id=staff.user_id,
            name=staff.name,
            privilege=14 if staff.is_admin else 0,
        )
        for uid, staff in enumerate(specimen_staff(count), 1)
    }


def specimen_template(serial: str, uid: int, finger: int) -> FingerTemplate:
    """A finger nobody has: about as long as real ones, always the same."""
    seed = f"{serial}:{uid}:{finger}".encode()
    size = 900 + hashlib.blake2b(seed, digest_size=1).digest()[0]
    data = hashlib.shake_256(seed).digest(size)
    return FingerTemplate(uid=uid, finger=finger, data=data)
