"""A simulated fingerprint clock on port 4370, over TCP and UDP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from pydantic import BaseModel

from devices.errors import MisuseError
from devices.site import DeviceEntry, Site
from devices.zk.events import NUMBER_SIZE, encode_event
from devices.zk.packets import ALARM_TAMPER, Code, EventMask, Packet
from devices.zk.punch import PunchRecord, checked_user_id
from devices.zk.records import Layout
from simulators.simulator import Output, Simulator
from simulators.zk.answers import LOG_CLEARED, POWER_ON, TIME_SET, Answers
from simulators.zk.client import Client, Reply
from simulators.zk.history import past_days, past_rows
from simulators.zk.memory import ClockMemory, user_layout
from simulators.zk.parameters import (
    ClearLog,
    ClockParameters,
    DropRows,
    Fill,
    Operation,
    Press,
    Punch,
    SetTime,
    Tamper,
)
from simulators.zk.people import People, specimen_template, specimen_users
from simulators.zk.view import view_clock

_FIRST_SESSION = 0x1234
_BREATH_S = 0.005
_ALARM = 3
"""Operation."""


class ZkClock(Simulator[ClockParameters]):
    """The clock: answers commands, tells live events to all who registered."""

    parameters_model = ClockParameters
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {
        "punch": Punch,
        "tamper": Tamper,
        "clear_log": ClearLog,
        "set_time": SetTime,
        "operation": Operation,
        "fill": Fill,
        "drop_rows": DropRows,
        "press": Press,
    }

    def __init__(
        self, device: DeviceEntry, parameters: ClockParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        extras = parameters.simulation
        layout = Layout(str(extras.record_size))
        self.memory = ClockMemory(
            serial=extras.serial or f"SIM{device.id.upper()}",
            firmware="Ver 6.60 Apr 28 2018",
            layout=layout,
            zone=site.hall.zone,
            people=People(
                layout=user_layout(layout),
                encoding=extras.encoding,
                users=specimen_users(extras.users),
                faces=extras.faces,
            ),
            event_size=extras.event_size,
            capacity=extras.capacity,
            faces_max=500 if extras.faces else 0,
            offset=timedelta(seconds=extras.drift_s),
        )
        for uid in self.memory.users:
            for finger in range(extras.fingers):
                template = specimen_template(self.memory.serial, uid, finger)
                self.memory.people.enroll(template)
        self._answers = Answers(
            self.memory, key=parameters.comm_key, small_bytes=extras.small_bytes
        )
        self._clients: dict[int, Client] = {}
        self._next_session = _FIRST_SESSION
        self._has_past = not (extras.history_days or extras.rows)

    def connected(self, session: int, now: datetime) -> Sequence[Output]:
        """See `Simulator.connected`; some clients connect and say nothing."""
        self._remember_past(now)
        self._clients[session] = Client(
            strict=self.parameters.simulation.strict,
            expects_datagrams=(self.device.url or "").startswith("udp:"),
        )
        return ()

    def disconnected(self, session: int) -> None:
        """See `Simulator.disconnected`."""
        client = self._clients.pop(session, None)
        if client is not None and self._answers.enrolling.client is client:
            self._answers.enrolling.cancel()

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        """Answer every request; answers of one session never overtake another."""
        client = self._clients[session]
        outputs: list[Output] = []
        for packet in client.feed(data):
            for reply in self._answer(client, packet, now):
                outputs.append(self._paced(session, client, reply, now))
        return outputs

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        """See `actions`."""
        self._remember_past(now)
        match arguments:
            case Punch():
                return self._punch(arguments, now)
            case Press():
                return self._press(arguments, now)
            case Tamper():
                self.memory.operate(_ALARM, now, ALARM_TAMPER)
                return self._tell(EventMask.ALARM, bytes((ALARM_TAMPER, 0, 0, 0)))
        self._change(action, arguments, now)
        return ()

    def advance(self, now: datetime) -> tuple[Sequence[Output], datetime | None]:
        """See `Simulator.advance`; the log's past is there from the start."""
        self._remember_past(now)
        return (), None

    def powercycle(self, now: datetime) -> None:
        """Sessions are lost; people, logs and time stay."""
        self.memory.enabled = True
        self.memory.operate(POWER_ON, now)
        self._answers.enrolling.cancel()
        for client in self._clients.values():
            client.forget()

    def view(self) -> Mapping[str, Any]:
        """What it holds and who is connected."""
        enrolling = self._answers.enrolling
        return {
            **view_clock(self.memory, self._clients.values()),
            "enrolling": enrolling.client is not None,
        }

    def _remember_past(self, now: datetime) -> None:
        if self._has_past:
            return
        self._has_past = True
        extras, memory = self.parameters.simulation, self.memory
        users, today = list(memory.users.values()), memory.local(now).date()
        past = (
            past_rows(memory.serial, users, today, extras.rows)
            if extras.rows
            else past_days(memory.serial, users, today, extras.history_days)
        )
        memory.add_past(past)

    def _answer(self, client: Client, packet: Packet, now: datetime) -> list[Reply]:
        if packet.code == Code.CONNECT:
            return [self._connect(client, packet)]
        if packet.code == Code.RESTART and client.authorized:
            acks = self.parameters.simulation.restart_acks
            replies = [Reply(packet.number, Code.OK, session=client.session)]
            self.powercycle(now)
            return replies if acks else []
        if packet.code == Code.REGISTER and self._refuses_live(client, packet):
            return [Reply(packet.number, Code.ERROR)]
        return self._answers.answer(client, packet, now)

    def _connect(self, client: Client, packet: Packet) -> Reply:
        extras, others = self.parameters.simulation, self._others(client)
        full = extras.max_sessions and len(others) >= extras.max_sessions
        is_taken = extras.exclusive_live and any(each.mask for each in others)
        if full or is_taken:
            return Reply(packet.number, Code.ERROR)
        client.forget()
        client.session = self._next_session
        self._next_session = self._next_session % 0xFFFF + 1
        client.authorized = not self.parameters.comm_key
        code = Code.OK if client.authorized else Code.UNAUTHORIZED
        return Reply(packet.number, code, session=client.session)

    def _refuses_live(self, client: Client, packet: Packet) -> bool:
        """Whether somebody else keeps this client from hearing live events."""
        extras, others = self.parameters.simulation, self._others(client)
        if not client.authorized or not packet.data.strip(b"\0"):
            return False
        live = sum(bool(each.mask) for each in others)
        return bool(
            (extras.exclusive_live and others)
            or (extras.max_live and live >= extras.max_live)
        )

    def _others(self, client: Client) -> list[Client]:
        sessions = self._clients.values()
        return [each for each in sessions if each.session and each is not client]

    def _paced(
        self, session: int, client: Client, reply: Reply, now: datetime
    ) -> Output:
        gap_s = 0.0 if client.datagrams else self.parameters.simulation.gap_ms / 1000
        due = max(now, client.busy_until or now)
        if reply.spaced:
            due += timedelta(seconds=gap_s)
        if reply.breath and client.datagrams:
            due += timedelta(seconds=_BREATH_S)
        client.busy_until = due
        packet = reply.packet(client)
        return Output(client.encode(packet), session, (due - now).total_seconds())

    def _change(self, action: str, arguments: BaseModel, now: datetime) -> None:
        """Actions that no client is told of."""
        memory = self.memory
        match arguments:
            case ClearLog():
                memory.clear_log()
                memory.operate(LOG_CLEARED, now, operator=self._admin())
            case SetTime(drift_s=drift_s):
                memory.offset = timedelta(seconds=drift_s)
                memory.operate(TIME_SET, now, operator=self._admin())
            case Operation(number=number, operator=operator, values=values):
                memory.operate(number, now, *values, operator=operator)
            case Fill(rows=rows):
                users, today = list(memory.users.values()), memory.local(now).date()
                if not users:
                    raise MisuseError("a clock without users has no past")
                memory.add_past(past_rows(memory.serial, users, today, rows))
            case DropRows(n=n, oldest=oldest):
                keep = max(0, len(memory.rows) - n)
                memory.rows[:] = memory.rows[-keep:] if oldest else memory.rows[:keep]
                if not keep:
                    memory.rows.clear()
            case _:
                raise MisuseError(f"a clock cannot {action}")

    def _admin(self) -> int:
        """The slot of somebody who may open the menu; 0 when it is open to all."""
        users = self.memory.users.values()
        return next((user.uid for user in users if user.privilege & ~1), 0)

    def _punch(self, punch: Punch, now: datetime) -> Sequence[Output]:
        memory = self.memory
        user_id = checked_user_id(punch.user_id)
        if user_id is None:
            raise MisuseError(f"no user id: {punch.user_id!r}")
        uid = memory.people.uid_of(user_id)
        needs_number = memory.is_old or memory.event_size == NUMBER_SIZE
        if needs_number and not user_id.isdecimal():
            raise MisuseError(f"this model knows numbers only, not {user_id!r}")
        if not uid and memory.layout in {Layout.TINY, Layout.TINY_OLD}:
            raise MisuseError(f"this model logs people of its own list, not {user_id}")
        time = memory.time(now) if punch.time is None else memory.local(punch.time)
        record = memory.add(
            PunchRecord(
                user_id=user_id,
                time=time,
                direction=punch.direction,
                method=punch.method,
                raw=b"",
            )
        )
        return self._tell(
            EventMask.ATTENDANCE, encode_event(record, memory.event_size, uid=uid)
        )

    def _press(self, press: Press, now: datetime) -> Sequence[Output]:
        enrolling = self._answers.enrolling
        client = enrolling.client
        session = next((s for s, c in self._clients.items() if c is client), None)
        if client is None or session is None:
            return self._tell(EventMask.FINGER, b"")
        events = enrolling.press(now, good=press.good)
        return [self._paced(session, client, event, now) for event in events]

    def _tell(self, event: EventMask, data: bytes) -> list[Output]:
        packet = Packet(code=Code.REGISTER, session=event, data=data)
        return [
            Output(client.encode(packet), session)
            for session, client in self._clients.items()
            if client.mask & event
        ]
