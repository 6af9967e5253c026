"""A simulated fingerprint clock on port 4370, over TCP and UDP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from devices.errors import MisuseError
from devices.events import Direction, PunchMethod
from devices.site import DeviceEntry, Site
from devices.zk.events import NUMBER_SIZE, encode_event
from devices.zk.packets import ALARM_TAMPER, Code, EventMask, Packet
from devices.zk.punch import PunchRecord, checked_user_id
from devices.zk.records import Layout
from simulators.simulator import Output, Simulator, SimulatorParameters
from simulators.zk.answers import Answers, Client, Reply
from simulators.zk.memory import ClockMemory, specimen_users

_FIRST_SESSION = 0x1234


class ClockExtras(BaseModel):
    """`simulation:` of the hall file's entry; the driver leaves it alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    record_size: Literal[40, 49, 16, 8] = 40
    event_size: Literal[0, 10, 12, 14, 32, 36, 37, 40, 52] = 0
    """Bytes of a live event; 0: what clocks of that record size send."""
    users: Annotated[int, Field(ge=0, le=3000)] = 5
    serial: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,32}$")] | None = None
    capacity: Annotated[int, Field(ge=1)] = 100_000
    strict: bool = True
    """Drop packets with a bad checksum, as real clocks do."""
    small_bytes: Annotated[int, Field(ge=0, le=1016)] = 1000
    """Tables up to this size come in one packet."""
    gap_ms: Annotated[int, Field(ge=0, le=10_000)] = 30
    """Between the packets of a bulk read over TCP; glued ones hang some clients."""
    max_sessions: Annotated[int, Field(ge=0)] = 0
    """Refuse more sessions than this; 0: no limit."""
    restart_acks: bool = True
    """Whether RESTART is answered."""
    drift_s: int = 0
    """How far its time is ahead at first."""
    encoding: Literal["utf-8", "gb18030"] = "utf-8"


class ClockParameters(SimulatorParameters):
    """What matters to the clock."""

    comm_key: Annotated[int, Field(ge=0, le=0xFFFFFFFF)] = 0
    simulation: ClockExtras = ClockExtras()


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)


class Punch(_Arguments):
    """Somebody is recognised; `time` naive in the hall's zone, default now."""

    user_id: Annotated[str, Field(min_length=1, max_length=24)]
    time: datetime | None = None
    direction: Direction = Direction.IN
    method: PunchMethod = PunchMethod.FINGERPRINT


class Tamper(_Arguments):
    """Somebody takes the clock off its wall plate."""


class ZkClock(Simulator[ClockParameters]):
    """The clock: answers commands, tells live events to all who registered."""

    parameters_model = ClockParameters
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {
        "punch": Punch,
        "tamper": Tamper,
    }

    def __init__(
        self, device: DeviceEntry, parameters: ClockParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        extras = parameters.simulation
        self.memory = ClockMemory(
            serial=extras.serial or f"SIM{device.id.upper()}",
            firmware="Ver 6.60 Apr 28 2018",
            layout=Layout(str(extras.record_size)),
            zone=site.hall.zone,
            encoding=extras.encoding,
            event_size=extras.event_size,
            capacity=extras.capacity,
            users=specimen_users(extras.users),
            offset=timedelta(seconds=extras.drift_s),
        )
        self._answers = Answers(
            self.memory, key=parameters.comm_key, small_bytes=extras.small_bytes
        )
        self._clients: dict[int, Client] = {}
        self._next_session = _FIRST_SESSION

    def connected(self, session: int, now: datetime) -> Sequence[Output]:
        """See `Simulator.connected`; some clients connect and say nothing."""
        del now
        self._clients[session] = Client(
            strict=self.parameters.simulation.strict,
            expects_datagrams=(self.device.url or "").startswith("udp:"),
        )
        return ()

    def disconnected(self, session: int) -> None:
        """See `Simulator.disconnected`."""
        self._clients.pop(session, None)

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
        match arguments:
            case Punch():
                return self._punch(arguments, now)
            case Tamper():
                data = bytes((ALARM_TAMPER, 0, 0, 0))
                return self._tell(EventMask.ALARM, data)
            case _:
                raise MisuseError(f"a clock cannot {action}")

    def powercycle(self, now: datetime) -> None:
        """Sessions are lost; users, log and time stay."""
        del now
        self.memory.enabled = True
        for client in self._clients.values():
            client.forget()

    def view(self) -> Mapping[str, Any]:
        """What it holds and who is connected."""
        clients = [each for each in self._clients.values() if each.authorized]
        return {
            "serial": self.memory.serial,
            "users": [
                {"user_id": user.user_id, "name": user.name}
                for user in self.memory.users.values()
            ],
            "records": len(self.memory.rows),
            "punches": [
                {
                    "user_id": punch.user_id,
                    "time": punch.time.isoformat(),
                    "direction": punch.direction.value,
                    "method": punch.method.value,
                }
                for punch in self.memory.punches
            ],
            "sessions": len(clients),
            "live": sum(bool(client.mask) for client in clients),
            "enabled": self.memory.enabled,
        }

    def _answer(self, client: Client, packet: Packet, now: datetime) -> list[Reply]:
        if packet.code == Code.CONNECT:
            return [self._connect(client, packet)]
        if packet.code == Code.RESTART and client.authorized:
            acks = self.parameters.simulation.restart_acks
            replies = [Reply(packet.number, Code.OK, session=client.session)]
            self.powercycle(now)
            return replies if acks else []
        return self._answers.answer(client, packet, now)

    def _connect(self, client: Client, packet: Packet) -> Reply:
        limit = self.parameters.simulation.max_sessions
        others = sum(
            bool(each.session) for each in self._clients.values() if each is not client
        )
        if limit and others >= limit:
            return Reply(packet.number, Code.ERROR)
        client.forget()
        client.session = self._next_session
        self._next_session = self._next_session % 0xFFFF + 1
        client.authorized = not self.parameters.comm_key
        code = Code.OK if client.authorized else Code.UNAUTHORIZED
        return Reply(packet.number, code, session=client.session)

    def _paced(
        self, session: int, client: Client, reply: Reply, now: datetime
    ) -> Output:
        gap_s = 0.0 if client.datagrams else self.parameters.simulation.gap_ms / 1000
        due = max(now, client.busy_until or now)
        if reply.spaced:
            due += timedelta(seconds=gap_s)
        client.busy_until = due
        packet = reply.packet(client)
        return Output(client.encode(packet), session, (due - now).total_seconds())

    def _punch(self, punch: Punch, now: datetime) -> Sequence[Output]:
        memory = self.memory
        user_id = checked_user_id(punch.user_id)
        if user_id is None:
            raise MisuseError(f"no user id: {punch.user_id!r}")
        uid = memory.uid_of(user_id)
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

    def _tell(self, event: EventMask, data: bytes) -> list[Output]:
        packet = Packet(code=Code.REGISTER, session=event, data=data)
        return [
            Output(client.encode(packet), session)
            for session, client in self._clients.items()
            if client.mask & event
        ]
