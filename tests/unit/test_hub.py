from __future__ import annotations

import pytest
from support.echoing import Echo, MemoryLine, Say, echo, loop_clock

from devices.errors import ConfigurationError, MisuseError
from simulators.hosting.faults import Delay, Faults, Garble
from simulators.hosting.hub import Hub
from simulators.registry import find_simulator, simulator_names
from simulators.simulator import Output


def joined(faults: Faults | None = None) -> tuple[Hub, Echo, MemoryLine, int]:
    device = echo()
    hub = Hub(device, clock=loop_clock, faults=faults)
    line = MemoryLine()
    session = hub.open(line)
    line.segments.clear()
    return hub, device, line, session


async def test_outputs_of_an_answer_are_segments_in_order() -> None:
    hub, _, line, session = joined()
    hub.received(session, b"abc")
    assert line.segments == [b"<", b"abc", b">"]


async def test_output_without_a_session_goes_to_every_session() -> None:
    hub, _, first, _ = joined()
    second = MemoryLine()
    hub.open(second)
    hub.act("say", Say(text="x"))
    assert first.segments == [b"x"]
    assert second.segments == [b"hello;", b"x"]


async def test_later_output_of_one_answer_is_not_overtaken() -> None:
    hub, _, line, session = joined()
    hub._take([Output(b"slow", session, 0.03), Output(b"next", session)])
    assert line.segments == []
    assert await line.wait(2) == [b"slow", b"next"]


async def test_delayed_output_does_not_hold_another_answer() -> None:
    hub, _, line, _ = joined()
    hub.act("say", Say(text="later", after_ms=30))
    hub.act("say", Say(text="now"))
    assert await line.wait(2) == [b"now", b"later"]


async def test_timers_come_through_advance() -> None:
    hub, _, line, session = joined()
    hub.received(session, b"tick")
    assert (await line.wait(4))[3] == b"tock"


async def test_garble_spoils_the_next_n_outputs_only() -> None:
    hub, _, line, session = joined()
    hub.faults.set(Garble(n=2))
    hub.received(session, b"abc")
    assert line.segments[0] != b"<"
    assert line.segments[1] != b"abc"
    assert len(line.segments[1]) == 3
    assert line.segments[2] == b">"
    assert hub.faults.in_force() == {}


async def test_delay_keeps_order_even_when_it_ends_meanwhile() -> None:
    hub, _, line, _ = joined()
    hub.faults.set(Delay(ms=30))
    hub.act("say", Say(text="one"))
    hub.faults.set(Delay(ms=0))
    hub.act("say", Say(text="two"))
    assert line.segments == []
    assert await line.wait(2) == [b"one", b"two"]


async def test_split_sends_one_byte_at_a_time() -> None:
    hub, _, line, session = joined(Faults(split=True))
    hub.received(session, b"ab")
    assert line.segments == [b"<", b"a", b"b", b">"]


async def test_glue_joins_outputs_of_several_answers() -> None:
    hub, _, line, session = joined()
    hub.faults.glue = True
    hub.received(session, b"a")
    hub.received(session, b"b")
    assert line.segments == []
    assert await line.wait(1) == [b"<a><b>"]


async def test_datagrams_are_neither_split_nor_glued() -> None:
    hub = Hub(echo(), clock=loop_clock, faults=Faults(split=True, glue=True))
    line = MemoryLine(datagrams=True)
    hub.received(hub.open(line), b"ab")
    assert line.segments == [b"hello;", b"<", b"ab", b">"]


async def test_a_hanging_device_takes_bytes_and_understands_nothing() -> None:
    hub, device, line, session = joined(Faults(hang=True))
    hub.received(session, b"abc")
    hub.act("say", Say(text="x"))
    assert (line.segments, device.taken) == ([], b"")
    hub.faults.heal()
    hub.received(session, b"def")
    assert line.segments == [b"<", b"def", b">"]


async def test_a_simulators_bug_costs_its_session_only() -> None:
    hub, device, line, session = joined()
    other = MemoryLine()
    other_session = hub.open(other)
    hub.received(session, b"crash")
    assert line.ended
    assert "a bug of this simulator" in hub.failure
    hub.received(other_session, b"ok")
    assert other.segments[-2:] == [b"ok", b">"]
    assert device.open == [other_session]


async def test_power_cycle_forgets_what_was_on_its_way() -> None:
    hub, device, line, _ = joined()
    hub.act("say", Say(text="never", after_ms=1))
    hub.powercycle()
    hub.act("say", Say(text="after", after_ms=5))
    assert await line.wait(1) == [b"after"]
    assert device.power_cycles == 1


async def test_misuse_reaches_the_caller() -> None:
    hub, _, _, _ = joined()
    with pytest.raises(MisuseError, match="cannot be done now"):
        hub.act("fail", Say(text=""))
    assert hub.failure == ""


def test_an_unknown_simulator_is_told_with_those_there_are() -> None:
    with pytest.raises(ConfigurationError, match="no simulator for driver 'tv'"):
        find_simulator("tv")
    with pytest.raises(ConfigurationError, match="no simulator for driver 'hosting'"):
        find_simulator("hosting")


@pytest.mark.parametrize("name", simulator_names())
def test_every_simulator_is_found_by_its_folder(name: str) -> None:
    assert find_simulator(name).__module__.startswith(f"simulators.{name}.")
