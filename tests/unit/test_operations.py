from __future__ import annotations

import pytest

from devices.operations import AUDITED, OperationKind, is_audited, kind_of


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (0, "boot"),
        (1, "power_off"),
        (4, "menu"),
        (5, "settings"),
        (6, "enroll"),
        (9, "user_deleted"),
        (10, "template_deleted"),
        (12, "template_deleted"),
        (13, "data_cleared"),
        (21, "time_set"),
        (22, "factory_reset"),
        (23, "log_deleted"),
        (24, "admin_cleared"),
        (30, "user_added"),
        (76, "network_changed"),
        (79, "network_changed"),
        (80, "server_changed"),
    ],
)
def test_a_number_has_a_kind_and_is_audited(number: int, kind: str) -> None:
    assert kind_of(number) == kind
    assert number in AUDITED
    assert is_audited(number)


@pytest.mark.parametrize("number", [2, 3, 29, 31, 75, 256, -1])
def test_any_other_number_is_an_operation_of_no_note(number: int) -> None:
    assert kind_of(number) == "operation"
    assert number not in AUDITED
    assert not is_audited(number)


def test_an_alarm_off_the_wall_is_tampering() -> None:
    assert kind_of(3, [55]) == "tamper"
    assert is_audited(3, [55, 0])
    assert kind_of(3, [53]) == "operation"
    assert not is_audited(3, [53])


def test_kinds_of_ours_are_no_numbers() -> None:
    ours = {OperationKind.LOG_SHRUNK, OperationKind.CLOCK_SET}
    assert ours.isdisjoint(kind_of(number) for number in range(256))
