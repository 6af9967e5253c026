"""Key maps of callers: one hardware, several firmware profiles, no code.

A key map is a YAML file (config/keymaps/*.yaml) that says which data bytes of a
key frame mean which key:

    title: ...
    dialect: a                # how its evaluators speak: a or b
    keys:
      - {byte: 0x0C, key: call}                 # digits before it are allowed
      - {byte: 0x0F, selector: [6], key: no_show}   # exactly 06 0F
      - {byte: 0x0F, min_digits: 2, key: login}     # two or more digits, then 0F

`byte` is the last data byte. `selector` are the digit bytes that must stand
before it, and are no part of the event's `digits`. Without a selector,
`min_digits` and `max_digits` limit how many digits may stand before it. A
selector wins over a rule without one, whatever their order. What fits no rule
is `unknown`, and an event still.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import combinations
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from devices.errors import ConfigurationError, MisuseError
from devices.ff68.frames import Dialect

MAX_DIGITS: Final = 16
LAST_DIGIT: Final = 9


class Key(StrEnum):
    """What a caller's or panel's key means to the hall (facts: caller bus)."""

    CALL = "call"
    RECALL = "recall"
    CALL_OR_RECALL = "call_or_recall"
    """One key for both, as button panels have it."""
    START = "start"
    FINISH = "finish"
    FINISH_OR_NO_SHOW = "finish_or_no_show"
    """One key for both, as button panels have it."""
    CANCEL = "cancel"
    RATE = "rate"
    NO_SHOW = "no_show"
    HOLD = "hold"
    CALLBACK = "callback"
    PAUSE = "pause"
    RESUME = "resume"
    TRANSFER = "transfer"
    PREPARE = "prepare"
    LOGIN = "login"
    LOGOUT = "logout"
    GUARD = "guard"
    MANAGER = "manager"
    SHOW_ADDRESS = "show_address"
    ADVISOR = "advisor"
    UNKNOWN = "unknown"
    """Not in the key map."""


@dataclass(frozen=True, slots=True)
class KeyPress:
    """A key and the digits typed before it, selectors excluded."""

    key: Key
    digits: str = ""


class KeyRule(BaseModel):
    """One line of a key map."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    byte: Annotated[int, Field(gt=LAST_DIGIT, le=0xFF)]
    key: Key
    selector: tuple[Annotated[int, Field(ge=0, le=LAST_DIGIT)], ...] = ()
    min_digits: Annotated[int, Field(ge=0, le=MAX_DIGITS)] = 0
    max_digits: Annotated[int, Field(ge=0, le=MAX_DIGITS)] = MAX_DIGITS

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        limits = {"min_digits", "max_digits"} & self.model_fields_set
        if self.key is Key.UNKNOWN:
            raise ValueError("`unknown` is what no line describes; leave it out")
        if self.selector and limits:
            raise ValueError("a line has a selector or a number of digits, not both")
        if self.min_digits > self.max_digits:
            raise ValueError("min_digits is more than max_digits")
        return self

    def overlaps(self, other: KeyRule) -> bool:
        """Whether both describe some same press."""
        if self.byte != other.byte or bool(self.selector) != bool(other.selector):
            return False
        if self.selector:
            return self.selector == other.selector
        return (
            self.min_digits <= other.max_digits and other.min_digits <= self.max_digits
        )


class KeyMap(BaseModel):
    """A whole key map."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = ""
    dialect: Dialect = Dialect.A
    keys: Annotated[tuple[KeyRule, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        for first, second in combinations(self.keys, 2):
            if first.overlaps(second):
                raise ValueError(
                    f"{first.key} and {second.key} describe the same press of "
                    f"{first.byte:#04x}; tell them apart by selector or digits"
                )
        return self

    @classmethod
    def parse(cls, text: str, origin: str) -> Self:
        """Read a key map; `ConfigurationError` names the file and every mistake."""
        try:
            return cls.model_validate(_read_yaml(text))
        except YAMLError as error:
            raise ConfigurationError(f"key map {origin}: {error}") from error
        except ValidationError as error:
            mistakes = "; ".join(
                f"{'.'.join(str(part) for part in item['loc']) or 'file'}: "
                f"{item['msg'].removeprefix('Value error, ')}"
                for item in error.errors()
            )
            raise ConfigurationError(f"key map {origin}: {mistakes}") from error

    def read(self, data: bytes) -> KeyPress:
        """What the data of a key frame means."""
        before = data[:-1]
        rule = self._rule(data)
        if rule is None:
            return KeyPress(Key.UNKNOWN, _digits(before))
        return KeyPress(rule.key, "" if rule.selector else _digits(before))

    def data(self, key: Key) -> bytes:
        """What a caller sends for a key after any digits; `MisuseError` if none."""
        for rule in self.keys:
            if rule.key is key:
                return bytes((*rule.selector, rule.byte))
        known = ", ".join(rule.key for rule in self.keys)
        raise MisuseError(f"this key map has no key {key}; it has {known}")

    def _rule(self, data: bytes) -> KeyRule | None:
        before = data[:-1]
        if not data or any(byte > LAST_DIGIT for byte in before):
            return None
        rules = [rule for rule in self.keys if rule.byte == data[-1]]
        for rule in rules:
            if rule.selector and bytes(rule.selector) == before:
                return rule
        for rule in rules:
            if not rule.selector and rule.min_digits <= len(before) <= rule.max_digits:
                return rule
        return None


@lru_cache(maxsize=16)
def _read_yaml(text: str) -> Any:
    """Once a text: every line of a hall names the same few maps."""
    return YAML(typ="safe", pure=True).load(text)


def _digits(data: bytes) -> str:
    return "".join(str(byte) for byte in data if byte <= LAST_DIGIT)
