"""What the commands about a clock's people take."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

PAGE: Final = 500
"""Most people in one answer."""

UserId = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,23}$")]
Role = Literal["user", "enroller", "manager", "super"]


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class UserPage(_Arguments):
    """A part of the list."""

    offset: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=PAGE)] = PAGE


class UserSet(_Arguments):
    """Add somebody, or change what is given; the rest stays as it is."""

    user_id: UserId
    name: Annotated[str, Field(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
    privilege: Role | None = None
    card: Annotated[int, Field(ge=0, le=0xFFFFFFFF)] | None = None
    password: Annotated[
        str | None, Field(max_length=8, pattern=r"^[0-9]*$", repr=False)
    ] = None
    group: Annotated[str, Field(max_length=7, pattern=r"^[0-9A-Za-z]*$")] | None = None
    enabled: bool | None = None


class UserDelete(_Arguments):
    """Delete somebody, with fingers, password and card."""

    user_id: UserId


class UsersExport(UserPage):
    """People as `users_import` takes them; `templates` with their fingers."""

    user_id: UserId | None = None
    templates: bool = False


class Finger(_Arguments):
    """One finger of one person; `data` is the maker's format in base64."""

    user_id: UserId
    finger: Annotated[int, Field(ge=0, le=9)]
    flag: Annotated[int, Field(ge=0, le=15)] = 1
    data: Annotated[str, Field(min_length=4, max_length=8192)]


class UsersImport(_Arguments):
    """Add or change many people, and give them fingers."""

    users: Annotated[list[UserSet], Field(max_length=PAGE)] = []
    templates: Annotated[list[Finger], Field(max_length=10 * PAGE)] = []
