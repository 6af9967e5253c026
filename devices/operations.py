"""What somebody did at a clock: one list of numbers for both protocols.

The operator log of port 4370 and the push protocol's OPLOG lines use the same
numbers 0 to 30; 76 and above are told by push firmware only. Source: facts,
ADMS (operations worth an audit alarm).
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Final


class OperationKind(StrEnum):
    """`kind` of an `attendance.tamper` event."""

    TAMPER = "tamper"
    """The clock was taken off its wall plate, or opened."""
    BOOT = "boot"
    POWER_OFF = "power_off"
    MENU = "menu"
    SETTINGS = "settings"
    ENROLL = "enroll"
    USER_DELETED = "user_deleted"
    TEMPLATE_DELETED = "template_deleted"
    """A fingerprint, password or card of a user."""
    DATA_CLEARED = "data_cleared"
    TIME_SET = "time_set"
    """By somebody at the clock."""
    FACTORY_RESET = "factory_reset"
    LOG_DELETED = "log_deleted"
    ADMIN_CLEARED = "admin_cleared"
    USER_ADDED = "user_added"
    NETWORK_CHANGED = "network_changed"
    SERVER_CHANGED = "server_changed"
    LOG_SHRUNK = "log_shrunk"
    """Found by us: the clock's log has fewer rows than it had."""
    CLOCK_SET = "clock_set"
    """By us, because the clock was off."""
    OPERATION = "operation"
    """Any other number."""


ENROLL: Final = 6
USER_DELETED: Final = 9
TIME_SET: Final = 21
USER_ADDED: Final = 30
ALARM: Final = 3
"""Operation: the clock raised an alarm; its first value says which."""
ALARM_TAMPER: Final = 55
"""Value of an alarm: the clock was taken off its wall plate."""
NETWORK: Final = range(76, 80)
SERVER: Final = range(80, 256)

_KINDS: Final[dict[int, OperationKind]] = {
    0: OperationKind.BOOT,
    1: OperationKind.POWER_OFF,
    4: OperationKind.MENU,
    5: OperationKind.SETTINGS,
    ENROLL: OperationKind.ENROLL,
    7: OperationKind.ENROLL,
    8: OperationKind.ENROLL,
    USER_DELETED: OperationKind.USER_DELETED,
    10: OperationKind.TEMPLATE_DELETED,
    11: OperationKind.TEMPLATE_DELETED,
    12: OperationKind.TEMPLATE_DELETED,
    13: OperationKind.DATA_CLEARED,
    TIME_SET: OperationKind.TIME_SET,
    22: OperationKind.FACTORY_RESET,
    23: OperationKind.LOG_DELETED,
    24: OperationKind.ADMIN_CLEARED,
    USER_ADDED: OperationKind.USER_ADDED,
    **dict.fromkeys(NETWORK, OperationKind.NETWORK_CHANGED),
    **dict.fromkeys(SERVER, OperationKind.SERVER_CHANGED),
}

AUDITED: Final = frozenset(_KINDS)
"""Operations worth an event; the others are too many and say too little."""


def kind_of(number: int, values: Collection[int] = ()) -> str:
    """The kind of an operation; `values` tell a tamper alarm from others."""
    if number == ALARM and ALARM_TAMPER in values:
        return OperationKind.TAMPER.value
    return _KINDS.get(number, OperationKind.OPERATION).value


def is_audited(number: int, values: Collection[int] = ()) -> bool:
    """Whether an operation is worth an event."""
    return number in AUDITED or kind_of(number, values) == OperationKind.TAMPER
