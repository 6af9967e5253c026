"""Commands that wait for a clock: it asks for them, and tells what became of them.

`sent` is not `done`: some firmware takes commands and ignores them. Kept over
restarts; names and passwords are forgotten once a command was handed out.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

from devices.adms.commands import CommandResult, PushCommand, checked_command
from devices.errors import CommandRejectedError, MisuseError
from drivers.driver import DriverContext

MAX_COMMANDS: Final = 100
MAX_AT_ONCE: Final = 10
"""Handed out with one answer: small firmware has small buffers."""


class CommandState(StrEnum):
    """What is known of a command."""

    QUEUED = "queued"
    SENT = "sent"
    """The clock took it; whether it obeyed is not known."""
    DONE = "done"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"


_OPEN: Final = {CommandState.QUEUED, CommandState.SENT}


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuedCommand:
    """A command and what became of it."""

    id: str
    summary: str
    """Without names or passwords."""
    text: str
    """Empty once it was handed out."""
    state: CommandState = CommandState.QUEUED
    at: str = ""
    """When the state was reached, RFC 3339."""
    code: int | None = None

    def as_json(self) -> Mapping[str, Any]:
        """For technicians."""
        return {
            "id": self.id,
            "command": self.summary,
            "state": self.state.value,
            "at": self.at,
            "code": self.code,
        }


@dataclass(slots=True)
class CommandQueue:
    """The commands of one clock, oldest first."""

    context: DriverContext
    serial: str
    _commands: dict[str, QueuedCommand] = field(default_factory=dict)

    def __post_init__(self) -> None:
        kept = self.context.recall(self._key)
        for item in kept if isinstance(kept, Sequence) else ():
            if isinstance(item, Mapping) and "id" in item and "state" in item:
                known = {**item, "state": CommandState(item["state"])}
                self._commands[str(item["id"])] = QueuedCommand(**known)

    @property
    def commands(self) -> Sequence[QueuedCommand]:
        """All that are known, oldest first."""
        return list(self._commands.values())

    @property
    def waiting(self) -> int:
        """How many the clock has not fetched."""
        return sum(c.state is CommandState.QUEUED for c in self._commands.values())

    async def add(self, text: str, summary: str) -> QueuedCommand:
        """Queue a command; raises `CommandRejectedError`."""
        try:
            checked_command(text)
        except MisuseError as error:
            raise CommandRejectedError("refused", str(error)) from error
        commands = dict(self._commands)
        for known in self.commands:
            if len(commands) >= MAX_COMMANDS and known.state not in _OPEN:
                del commands[known.id]
        for known in self.commands:
            if len(commands) >= MAX_COMMANDS and known.state is CommandState.SENT:
                commands.pop(known.id, None)
        if len(commands) >= MAX_COMMANDS:
            raise CommandRejectedError(
                "queue_full",
                f"{MAX_COMMANDS} commands wait for the clock already; it must be "
                "reached first",
            )
        command = QueuedCommand(id=new_id(), summary=summary, text=text, at=self._now())
        await self._keep({**commands, command.id: command})
        return command

    async def hand_out(self) -> list[PushCommand]:
        """The next commands; they count as sent from now on."""
        due = [c for c in self.commands if c.state is CommandState.QUEUED]
        due = due[:MAX_AT_ONCE]
        if due:
            sent = {
                c.id: replace(c, state=CommandState.SENT, text="", at=self._now())
                for c in due
            }
            await self._keep({**self._commands, **sent})
        return [PushCommand(id=command.id, text=command.text) for command in due]

    async def settle(self, results: Sequence[CommandResult]) -> list[QueuedCommand]:
        """Note what became of commands; those of others are left alone."""
        settled = {}
        for result in results:
            known = self._commands.get(result.id)
            if known is None or known.state not in _OPEN:
                continue
            settled[known.id] = replace(
                known, state=_state_of(result), code=result.code, at=self._now()
            )
        if settled:
            await self._keep({**self._commands, **settled})
        return list(settled.values())

    @property
    def _key(self) -> str:
        return f"adms:{self.serial}:queue"

    def _now(self) -> str:
        return self.context.now().isoformat(timespec="seconds")

    async def _keep(self, commands: dict[str, QueuedCommand]) -> None:
        kept = [asdict(command) for command in commands.values()]
        await self.context.remember({self._key: kept})
        self._commands = commands


def new_id() -> str:
    """An id that no clock can guess."""
    return secrets.token_hex(6)


def _state_of(result: CommandResult) -> CommandState:
    if result.is_unsupported:
        return CommandState.UNSUPPORTED
    if result.code is None or result.code < 0:
        return CommandState.FAILED
    return CommandState.DONE
