"""A simulated clock that pushes: it asks, its hall answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel

from devices.adms.attlog import encode_punch
from devices.adms.http import HttpResponse
from devices.adms.operlog import PushUser
from devices.errors import ConfigurationError, MisuseError
from devices.operations import ALARM, ALARM_TAMPER
from devices.site import DeviceEntry, Site
from devices.zk.punch import PunchRecord, checked_user_id
from devices.zk.users import ClockUser
from simulators.adms.asking import Asking
from simulators.adms.conversation import Conversation, Outcome
from simulators.adms.dialects import DIALECTS
from simulators.adms.memory import PushMemory, RowKind
from simulators.adms.obeying import Obedience
from simulators.adms.settings import (
    BadLine,
    ClearLog,
    DropRows,
    Fill,
    Operate,
    Punch,
    PushClockParameters,
    Reboot,
    SetTime,
    Tamper,
)
from simulators.adms.work import Task, Work
from simulators.simulator import Output, Simulator
from simulators.specimens import specimen_staff
from simulators.zk.history import past_days, past_rows

SHOWN_PUNCHES = 50
CHINESE = 83
TIME_SET = 21
LOG_DELETED = 23
ADMIN = 14
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - not bound
"""Where a hall that listens everywhere is called."""


class PushClock(Simulator[PushClockParameters]):
    """The clock: sends punches and operations, polls, obeys commands."""

    parameters_model = PushClockParameters
    dials = True
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {
        "punch": Punch,
        "tamper": Tamper,
        "operation": Operate,
        "bad_line": BadLine,
        "clear_log": ClearLog,
        "fill": Fill,
        "drop_rows": DropRows,
        "reboot": Reboot,
        "set_time": SetTime,
    }

    def __init__(
        self, device: DeviceEntry, parameters: PushClockParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        self._extras = extras = parameters.simulation
        self.dialect = DIALECTS[extras.dialect]
        serial = extras.serial or parameters.serial or f"SIM{device.id.upper()}"
        self.memory = PushMemory(
            serial=serial,
            zone=site.hall.zone,
            capacity=extras.capacity,
            offset=timedelta(seconds=extras.drift_s),
            encoding="gb18030" if extras.language == CHINESE else "utf-8",
            privilege=self.dialect.privilege,
        )
        for staff in specimen_staff(extras.users):
            role = ADMIN if staff.is_admin else 0
            user = PushUser(user_id=staff.user_id, name=staff.name, privilege=role)
            self.memory.users[user.user_id] = user
            self.memory.tell_user(user)
        self.work = Work(
            memory=self.memory,
            extras=extras,
            asking=Asking(
                serial=serial,
                host=self._host(),
                dialect=self.dialect,
                language=extras.language,
                path=parameters.path or "",
                comm_key=parameters.comm_key or "",
            ),
            obedience=Obedience(
                memory=self.memory,
                info=_information(serial, self.dialect.version),
                ignores=extras.ignores,
                counts_in_return=self.dialect.old_words,
            ),
        )
        self._conversation = Conversation(
            keeps_alive=self.dialect.keeps_alive, timeout_s=extras.answer_timeout_s
        )
        self._task: Task | None = None
        self._shown: deque[dict[str, str]] = deque(maxlen=SHOWN_PUNCHES)
        self._is_on = False

    @property
    def server(self) -> str:
        """See `Simulator.server`: the hall's own push port, else its web port."""
        told = self._extras.server
        if told is not None:
            return told
        place = self.site.adms or self.site.web
        if not place.port:
            raise ConfigurationError(
                "it cannot know the hall's port, which is 0 (a free one); "
                "set `simulation: {server: http://host:port}`"
            )
        host = _EVERYWHERE.get(place.host, place.host)
        bracketed = f"[{host}]" if ":" in host else host
        return f"http://{bracketed}:{place.port}"

    @property
    def wants_line(self) -> bool:
        """See `Simulator.wants_line`."""
        return self._conversation.wants_line

    def unreachable(self, reason: str, now: datetime) -> None:
        """Keep everything; try again later, as after any failure."""
        self._drop_task()
        self.work.failed(f"unreachable: {reason}", now)

    def connected(self, session: int, now: datetime) -> Sequence[Output]:
        """Send the request that waits."""
        self._conversation.opened(session)
        return self._conversation.send(now)

    def disconnected(self, session: int) -> None:
        """See `Simulator.disconnected`; `advance` sees what was lost by it."""
        del session
        self._conversation.closed()

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        """Take the answer; `advance` sends what comes next."""
        del session
        self._settle(self._conversation.received(data), now)
        return ()

    def advance(self, now: datetime) -> tuple[Sequence[Output], datetime | None]:
        """Ask the next thing that is due; give up what is overdue."""
        if not self._is_on:
            self._is_on = True
            self._remember_past(now)
            self.work.boot(now)
        self._settle(self._conversation.check(now), now)
        if self._task is None:
            self._task = self.work.next_task(now)
            if self._task is not None:
                self._conversation.ask(self._task.request)
        outputs = self._conversation.send(now)
        call_at = self.work.due_at(now) if self._task is None else None
        return outputs, call_at or self._conversation.deadline

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        """See `actions`; `advance` sends what they add."""
        match arguments:
            case Punch():
                self._punch(arguments, now)
            case BadLine(text=text, table=table):
                line = text.encode("utf-8", "replace")
                if table == "attlog":
                    self.memory.punch(line, None)
                else:
                    self.memory.change(RowKind.OPERATION, line)
            case Reboot():
                self.powercycle(now)
            case Fill(rows=rows):
                day = self.memory.time(now).date()
                self._remember(past_rows(self.memory.serial, self._people(), day, rows))
            case DropRows(n=n, oldest=oldest):
                self.memory.drop_rows(n, oldest=oldest)
            case _:
                self._operate(action, arguments, now)
        return ()

    def powercycle(self, now: datetime) -> None:
        """Begin with a handshake; people, logs, what is not sent and time stay."""
        self._drop_task()
        self.work.boot(now)
        self._is_on = True

    def view(self) -> Mapping[str, Any]:
        """What it holds, what is not sent yet, and how it stands with its hall."""
        memory, work = self.memory, self.work
        return {
            "serial": memory.serial,
            "dialect": self._extras.dialect.value,
            "users": [
                {"user_id": user.user_id, "name": user.name}
                for user in memory.users.values()
            ],
            "records": len(memory.log),
            "operations": len(memory.operations),
            "punches": list(self._shown),
            "pending": {
                "attlog": len(memory.punches.rows),
                "operlog": len(memory.changes.rows),
            },
            "greeted": work.greeted,
            "failures": work.failures,
            "last_answer": work.last_answer,
            "commands": list(work.obedience.done),
            "offset_s": round(memory.offset.total_seconds()),
        }

    def _settle(self, outcome: Outcome | None, now: datetime) -> None:
        task = self._task
        if outcome is None or task is None:
            return
        self._task = None
        if isinstance(outcome, HttpResponse):
            self.work.answered(task, outcome, now)
        else:
            self.work.failed(f"{task.kind.value}: {outcome}", now)
        if self.work.obedience.reboots and not self.work.results:
            self.work.obedience.reboots = False
            self.powercycle(now)

    def _people(self) -> list[ClockUser]:
        return [
            ClockUser(uid=place, user_id=user_id)
            for place, user_id in enumerate(self.memory.users, 1)
        ]

    def _remember_past(self, now: datetime) -> None:
        serial, people = self.memory.serial, self._people()
        day, days = self.memory.time(now).date(), self._extras.history_days
        if self._extras.rows:
            self._remember(past_rows(serial, people, day, self._extras.rows))
        else:
            self._remember(past_days(serial, people, day, days))

    def _remember(self, records: Iterable[PunchRecord]) -> None:
        fields = self.dialect.lines.fields
        for record in records:
            line = encode_punch(record, fields).encode()
            self.memory.punch(line, record.time)

    def _operate(self, action: str, arguments: BaseModel, now: datetime) -> None:
        """What the operator log notes."""
        match arguments:
            case Tamper():
                self.work.operate(ALARM, now, values=(ALARM_TAMPER, 0, 0, 0))
            case Operate(number=number, operator=operator, values=values):
                padded = (*values, 0, 0, 0, 0)[:4]
                self.work.operate(number, now, operator=operator, values=padded)
            case ClearLog():
                self.memory.clear_log()
                self.work.operate(LOG_DELETED, now)
            case SetTime(drift_s=drift_s):
                self.memory.offset = timedelta(seconds=drift_s)
                self.work.operate(TIME_SET, now)
            case _:
                raise MisuseError(f"a clock cannot {action}")

    def _drop_task(self) -> None:
        self._task = None
        self._conversation.give_up()

    def _punch(self, punch: Punch, now: datetime) -> None:
        memory = self.memory
        user_id = checked_user_id(punch.user_id)
        if user_id is None:
            raise MisuseError(f"no user id: {punch.user_id!r}")
        if memory.is_full:
            raise MisuseError(f"the log is full: {memory.capacity} punches")
        time = memory.time(now) if punch.time is None else memory.local(punch.time)
        record = PunchRecord(
            user_id=user_id,
            time=time,
            direction=punch.direction,
            method=punch.method,
            raw=b"",
        )
        self._remember([record])
        self._shown.append(
            {
                "user_id": user_id,
                "time": time.isoformat(),
                "direction": punch.direction.value,
                "method": punch.method.value,
            }
        )

    def _host(self) -> str:
        try:
            return urlsplit(self.server).netloc
        except ConfigurationError:
            return "halld"


def _information(serial: str, version: str) -> Mapping[str, str]:
    return {
        "~DeviceName": "specimen",
        "MAC": "00:17:61:00:00:02",
        "~SerialNumber": serial,
        "FirmVer": "Ver 8.0.4.3-20200820",
        "~OEMVendor": "specimen",
        "IPAddress": "192.0.2.2",
        "PushVersion": version or "2.2.14",
        "FaceFunOn": "1",
        "FPVersion": "10",
    }
