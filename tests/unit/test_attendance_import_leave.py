from __future__ import annotations

from dataclasses import replace

import pytest
from support.importing import KNOWN, at, bad, only, read

from bridge.domain.attendance.facts import Leave, LeaveKind, LeaveUnit, Status
from bridge.domain.attendance.leave import DEFAULT_LEVELS
from bridge.service.attendance.importing.parsing import KnownLeave


@pytest.mark.parametrize(
    ("start", "end", "unit", "span"),
    [
        ("2026-11-02", "", "天", ((2026, 11, 2), (2026, 11, 3))),
        ("2026-11-02", "2026-11-03", "", ((2026, 11, 2), (2026, 11, 4))),
        ("2026-11-02 上午", "", "", ((2026, 11, 2), (2026, 11, 2, 12))),
        ("2026/11/2下午", "", "半天", ((2026, 11, 2, 12), (2026, 11, 3))),
        ("2026-11-02 pm", "2026-11-03 am", "", ((2026, 11, 2, 12), (2026, 11, 3, 12))),
        (
            "2026年11月2日 8时30分",
            "2026-11-02 10:00",
            "小时",
            ((2026, 11, 2, 8, 30), (2026, 11, 2, 10)),
        ),
    ],
)
def test_leave(
    start: str, end: str, unit: str, span: tuple[tuple[int, ...], tuple[int, ...]]
) -> None:
    line = f"0007,测试,病假,{start},{end},{unit},发热"
    leave = only(read("leave", "工号,姓名,类型,开始,结束,单位,事由", line))
    assert isinstance(leave, Leave)
    assert (leave.start, leave.end) == (at(*span[0]), at(*span[1]))
    assert (leave.kind, leave.note) == (LeaveKind.SICK, "发热")
    expected = {"": None, "天": LeaveUnit.DAY, "小时": LeaveUnit.HOUR}
    assert expected.get(unit) in {None, leave.unit}


def test_a_paper_form_brings_its_decision() -> None:
    head = "工号,类型,开始,批准人,级别"
    result = read("leave", head, "0007,事假,2026-11-02,证件样本,2")
    leave = only(result)
    (paper,) = result.decisions
    assert paper.by == "证件样本"
    assert (paper.decision.subject, paper.decision.level) == (leave.id, 2)
    assert paper.decision.approved


def test_leave_that_is_there_is_not_told_again() -> None:
    lines = ("工号,类型,开始,批准人,级别", "0007,事假,2026-11-02,证件样本,1")
    leave = only(read("leave", *lines))
    known = replace(
        KNOWN, leaves={leave.id: KnownLeave(status=Status.APPROVED, actor="x")}
    )
    again = read("leave", *lines, known=known)
    assert (again.facts, again.decisions, again.same) == ([], [], 1)


def test_leave_that_waits_gets_the_decision_that_stands_here() -> None:
    lines = ("工号,类型,开始,批准人,级别", "0007,事假,2026-11-02,证件样本,1")
    leave = only(read("leave", *lines))
    waiting = KnownLeave(status=Status.PENDING, actor="录入员")
    known = replace(KNOWN, leaves={leave.id: waiting})
    again = read("leave", *lines, known=known)
    assert (again.facts, again.same) == ([], 0)
    assert [paper.decision.subject for paper in again.decisions] == [leave.id]
    own = replace(KNOWN, leaves={leave.id: replace(waiting, actor="证件样本")})
    assert bad(read("leave", *lines, known=own)) == [(2, "批准人", "证件样本")]


@pytest.mark.parametrize(
    ("approver", "level", "column"),
    [
        ("测试", 3, "批准人"),
        ("0007", 3, "批准人"),
        ("录入员", 3, "批准人"),
        ("王局", 1, "级别"),
        ("王局", 2, ""),
    ],
)
def test_a_decision_that_would_be_refused_is_a_bad_row(
    approver: str, level: int, column: str
) -> None:
    known = replace(KNOWN, levels=DEFAULT_LEVELS, by="录入员")
    line = f"0007,事假,2026-11-02,{approver},{level}"
    result = read("leave", "工号,类型,开始,批准人,级别", line, known=known)
    assert [found.column for found in result.bad] == ([column] if column else [])
    assert len(result.facts) == len(result.decisions) == (0 if column else 1)
    assert all("中心" in found.message for found in result.bad if column == "级别")


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("9999,病假,2026-11-02,,,,", "工号"),
        ("0007,逛街,2026-11-02,,,,", "类型"),
        ("0007,病假,,,,,", "开始"),
        ("0007,病假,2026-11-31,,,,", "开始"),
        ("0007,病假,2026-11-02,2026-11-01,,,", "结束"),
        ("0007,病假,2026-11-02 09:00,2026-11-02 09:00,,,", "结束"),
        ("0007,病假,2026-11-02 09:00,,,,", "结束"),
        ("0007,病假,2026-11-02,,半天,,", "开始"),
        ("0007,病假,2026-11-02 09:00,,天,,", "开始"),
        ("0007,病假,2026-11-02,,星期,,", "单位"),
        ("0007,病假,2026-11-02,,,证件样本,", "级别"),
        ("0007,病假,2026-11-02,,,证件样本,10", "级别"),
        ("0007,病假,2026-11-02,,,,1", "批准人"),
    ],
)
def test_bad_leave(line: str, column: str) -> None:
    result = read("leave", "工号,类型,开始,结束,单位,批准人,级别", line)
    assert column in [found.column for found in result.bad]
    assert {found.row for found in result.bad} == {2}
    assert (result.facts, result.decisions) == ([], [])


def test_leave_that_overlaps_in_the_file_is_refused() -> None:
    head = "工号,类型,开始,结束"
    result = read(
        "leave",
        head,
        "0007,病假,2026-11-02,2026-11-04",
        "0007,事假,2026-11-04 下午,",
        "0008,事假,2026-11-03,",
    )
    assert [(found.row, found.column) for found in result.bad] == [(3, "开始")]
    assert "第 2 行" in result.bad[0].message
