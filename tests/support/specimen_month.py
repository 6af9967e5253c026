"""A month of thirty specimen people, for pages that show attendance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo

from support.fake_attendance import FakeAttendance
from support.fake_hall import FakeHall, make_site

from bridge.domain.attendance.facts import (
    Correction,
    CorrectionKind,
    Cover,
    Enrolment,
    Finding,
    Leave,
    LeaveKind,
    LeaveUnit,
    Person,
    Posting,
    Session,
    Shift,
    SpotCheck,
)
from bridge.domain.attendance.results import (
    DayPunch,
    DayResult,
    DayState,
    MonthRow,
    PunchUse,
    SessionResult,
)
from bridge.service.attendance.told import Fact
from bridge.service.attendance.views import (
    ClockGap,
    ClockStanding,
    CoverStanding,
    DayChange,
    DayRow,
    Tamper,
    UnknownUser,
)

UNITS = ("市场监管局", "公安局", "税务局", "人社局", "自然资源局", "民政局")
NUMBERS = "甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉戌亥天地人和春夏秋冬"
MORNING = (time(8, 30), time(12))
AFTERNOON = (time(14), time(17, 30))
CLOCKS = [
    {"id": "clock-east", "driver": "zk", "url": "tcp://127.0.0.1:9", "name": "东门"},
    {"id": "clock-west", "driver": "zk", "url": "tcp://127.0.0.1:9", "name": "西门"},
]
ODD = {
    (3, 3): DayState.LATE,
    (7, 5): DayState.EARLY,
    (11, 9): DayState.MISSING_OUT,
    (16, 12): DayState.ABSENT,
    (21, 17): DayState.UNKNOWN,
    (2, 27): DayState.LATE,
    (9, 27): DayState.MISSING_IN,
    (13, 27): DayState.ABSENT,
    (22, 27): DayState.UNKNOWN,
    (5, 27): DayState.LEAVE,
    (5, 26): DayState.LEAVE,
    (18, 10): DayState.FIELD_DUTY,
}
"""(person, day of March 2026) that is not as it should be."""


def specimen_hall(**site: object) -> FakeHall:
    """A hall on 27 March 2026, 10:30, with its month so far."""
    devices = [*make_site().model_dump(mode="json")["devices"], *CLOCKS]
    hall = FakeHall(make_site(**{"devices": devices, **site}))
    hall.advance(days=25, hours=1, minutes=30)
    fill(hall.attendance, hall.now())
    return hall


def people() -> Iterator[Person]:
    """Thirty, five of each unit."""
    for index, mark in enumerate(NUMBERS):
        yield Person(
            id=f"{index + 1:04d}",
            name=f"测试{mark}",
            department=UNITS[index // 5],
            group="一楼大厅",
            enrolments=[Enrolment(user_id=str(101 + index))],
            joined=date(2025, 9, 1),
        )


def fill(kept: FakeAttendance, now: datetime) -> None:
    """Tell all there is to know."""
    everybody = list(people())
    zone = now.tzinfo
    assert zone is not None
    for index, person in enumerate(everybody):
        rows = [
            DayRow(
                name=person.name,
                department=person.department,
                group=person.group,
                closed=False,
                result=_day(index, person, date(2026, 3, number), now),
            )
            for number in range(1, now.day + 1)
        ]
        kept.rows += rows
        kept.month_rows.append(_month(person, [row.result for row in rows]))
    kept.rows.sort(key=lambda row: (row.result.day, row.result.person))
    for fact in (*everybody, *_facts(everybody, zone)):
        kept._take(fact, "测试管理员", "")
    kept.clock_items = list(_clocks(now))
    kept.unknown_items = [
        UnknownUser(
            user_id="777",
            punches=6,
            first=now - timedelta(days=3),
            last=now - timedelta(minutes=95),
            devices=["clock-east"],
        )
    ]
    kept.tamper_items = [
        Tamper(
            id=1,
            device="clock-west",
            kind="time_set",
            time=now - timedelta(days=1, hours=3),
            received_time=now - timedelta(days=1, hours=3),
            raw="15000000e807031a0a1e00",
        )
    ]
    kept.cover_items = [
        CoverStanding(
            cover="AB1",
            place="w1",
            day=now.date(),
            a="0006",
            a_name="测试己",
            b="0007",
            b_name="测试庚",
            start=now.replace(hour=8, minute=30),
            end=now.replace(hour=12, minute=0),
            state="uncovered",
            reason="absent",
        )
    ]
    before = kept.rows[-30].result
    kept.changes = [
        DayChange(
            person=before.person,
            name="测试甲",
            day=before.day,
            before=_day(0, everybody[0], before.day, now),
            after=_day(2, everybody[0], before.day, now),
        )
    ]


def _facts(everybody: list[Person], zone: tzinfo) -> Iterator[Fact]:
    yield Shift(
        id="day",
        name="正常班",
        sessions=[
            Session(name="上午", start=MORNING[0], end=MORNING[1], weight=0.5),
            Session(name="下午", start=AFTERNOON[0], end=AFTERNOON[1], weight=0.5),
        ],
        is_default=True,
        grace_in_min=5,
        half_absent_after_min=30,
    )
    yield Posting(
        id="P1",
        person=everybody[0].id,
        valid_from=date(2026, 1, 1),
        shift="day",
        counter="w1",
    )
    yield Cover(id="AB1", place="w1", a="0006", b="0007", valid_from=date(2026, 1, 1))
    yield Leave(
        id="L1",
        person="0009",
        kind=LeaveKind.SICK,
        unit=LeaveUnit.DAY,
        start=datetime(2026, 3, 30, tzinfo=zone),
        end=datetime(2026, 4, 1, tzinfo=zone),
        note="住院检查",
    )
    yield Correction(
        id="C1",
        person="0012",
        day=date(2026, 3, 9),
        kind=CorrectionKind.PUNCH,
        time=datetime(2026, 3, 9, 17, 32, tzinfo=zone),
        reason="停电，按纸质签到表补录",
        proof="签到表第 3 页",
    )
    yield SpotCheck(
        id="S1",
        time=datetime(2026, 3, 26, 15, 10, tzinfo=zone),
        place="w2",
        finding=Finding.EMPTY,
        person="0014",
        note="离开约 20 分钟",
    )


def _clocks(now: datetime) -> Iterator[ClockStanding]:
    yield ClockStanding(
        device="clock-west",
        name="西门",
        state="offline",
        reason="no answer from 192.168.1.202",
        serial="OGT7654321",
        until=now - timedelta(hours=2, minutes=10),
        how="log",
        suspect="",
        drift_s=None,
        records=83_500,
        records_max=100_000,
        gaps=[
            ClockGap(
                start=now - timedelta(hours=2, minutes=10),
                end=None,
                reason="not reached",
                state="open",
            )
        ],
    )
    yield ClockStanding(
        device="clock-east",
        name="东门",
        state="ready",
        reason="",
        serial="OGT1234567",
        until=now - timedelta(minutes=1),
        how="log",
        suspect="",
        drift_s=-4,
        records=12_004,
        records_max=100_000,
        gaps=[
            ClockGap(
                start=now - timedelta(days=18, hours=3),
                end=now - timedelta(days=18),
                reason="power cut",
                state="read_later",
            )
        ],
    )


def _day(index: int, person: Person, day: date, now: datetime) -> DayResult:
    weekend = day.weekday() >= 5
    is_today = day == now.date()
    state = ODD.get((index, day.day), DayState.PRESENT)
    if weekend:
        state = DayState.REST
    elif is_today and state is DayState.PRESENT:
        state = DayState.PENDING
    sessions = [] if weekend else list(_sessions(index, day, state, now))
    due = 0.0 if weekend else 1.0
    away = state in {DayState.ABSENT, DayState.LEAVE, DayState.UNKNOWN}
    is_final = not is_today and state is not DayState.UNKNOWN
    return DayResult(
        person=person.id,
        day=day,
        states=[state],
        final=is_final,
        waiting=[] if is_final else ["clock:clock-west"],
        day_kind="rest" if weekend else "workday",
        shift="day",
        shift_name="正常班",
        counter="w1" if index == 0 else None,
        sessions=sessions,
        punches=list(_punches(sessions)),
        coverage={"clock-east": now, "clock-west": now - timedelta(hours=2)},
        ends=_at(day, time(21, 30), now),
        due_days=due,
        attended_days=0.0 if away or weekend else due,
        absent_days=1.0 if state is DayState.ABSENT else 0.0,
        leave_days=1.0 if state is DayState.LEAVE else 0.0,
        field_days=1.0 if state is DayState.FIELD_DUTY else 0.0,
        late=int(state is DayState.LATE),
        late_min=12 if state is DayState.LATE else 0,
        early=int(state is DayState.EARLY),
        early_min=25 if state is DayState.EARLY else 0,
        missing=int(state in {DayState.MISSING_IN, DayState.MISSING_OUT}),
        overtime_min=90 if index % 7 == 0 and day.day == 6 else 0,
    )


def _at(day: date, moment: time, now: datetime) -> datetime:
    return datetime.combine(day, moment, now.tzinfo)


def _sessions(
    index: int, day: date, state: DayState, now: datetime
) -> Iterator[SessionResult]:
    away = state in {DayState.ABSENT, DayState.LEAVE, DayState.UNKNOWN}
    for name, (start, end) in (("上午", MORNING), ("下午", AFTERNOON)):
        begin, until = _at(day, start, now), _at(day, end, now)
        is_first = name == "上午"
        late = 12 if state is DayState.LATE and is_first else 0
        early = 25 if state is DayState.EARLY and not is_first else 0
        came = begin + timedelta(minutes=late or -(index % 9) - 2)
        went = until + timedelta(minutes=(index % 5) + 1 - early - bool(early))
        mine = state
        whole = {DayState.ABSENT, DayState.LEAVE, DayState.UNKNOWN, DayState.FIELD_DUTY}
        starts = {DayState.LATE, DayState.MISSING_IN}
        if state not in whole and (state in starts) != is_first:
            mine = DayState.PRESENT
        if begin > now or (until > now and mine is DayState.PRESENT):
            mine = DayState.PENDING
        no_in = away or mine is DayState.MISSING_IN or came > now
        no_out = away or mine is DayState.MISSING_OUT or went > now
        yield SessionResult(
            name=name,
            start=begin,
            end=until,
            in_window=(begin - timedelta(hours=1), begin + timedelta(minutes=90)),
            out_window=(until - timedelta(minutes=90), until + timedelta(hours=2)),
            weight=0.5,
            states=[mine],
            came=None if no_in else came,
            went=None if no_out else went,
            late_min=late,
            early_min=early,
        )


def _punches(sessions: list[SessionResult]) -> Iterator[DayPunch]:
    number = 0
    for session in sessions:
        for moment, use in ((session.came, PunchUse.IN), (session.went, PunchUse.OUT)):
            if moment is not None:
                number += 1
                yield DayPunch(
                    punch=number,
                    time=moment,
                    direction="unknown",
                    device="clock-east",
                    use=use,
                )
        if session.came is not None:
            number += 1
            yield DayPunch(
                punch=number,
                time=session.came + timedelta(minutes=1),
                direction="unknown",
                device="clock-west",
                use=PunchUse.REPEATED,
            )


def _month(person: Person, days: list[DayResult]) -> MonthRow:
    total: Counter[str] = Counter()
    names = ("late", "late_min", "early", "early_min", "missing", "overtime_min")
    for day in days:
        for name in (*names, "due_days", "attended_days", "absent_days"):
            total[name] += getattr(day, name)
        for name in ("leave_days", "field_days"):
            total[name] += getattr(day, name)
    return MonthRow(
        month="2026-03",
        person=person.id,
        name=person.name,
        department=person.department,
        group=person.group,
        unknown_days=sum(day.state is DayState.UNKNOWN for day in days),
        pending_days=sum(day.state is DayState.PENDING for day in days),
        final=all(day.final for day in days[:-1]),
        days={day.day.day: day.state for day in days},
        **total,  # type: ignore[arg-type]
    )
