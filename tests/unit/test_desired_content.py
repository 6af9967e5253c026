from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from support.bridges import IDLE, PAUSED, make_site

from bridge.domain.displays import Board, desired_content, idle_text
from bridge.domain.views import (
    CallView,
    CounterState,
    CounterView,
    TicketBrief,
    TicketState,
)
from devices.site import DeviceEntry, Site

NOW = datetime(2026, 3, 2, tzinfo=UTC)
SITE = make_site()


def board(site: Site = SITE) -> Board:
    return Board(
        counters={
            each.id: CounterView(
                id=each.id,
                number=each.number,
                name="",
                area=each.area,
                services=each.service_ids,
                state=CounterState.IDLE,
                ticket=None,
            )
            for each in site.counters
        }
    )


def put(
    shown: Board,
    counter: str,
    number: str,
    state: TicketState = TicketState.CALLED,
    *,
    second: int = 0,
    paused: bool = False,
) -> None:
    before = shown.counters[counter]
    ticket = TicketBrief(id=number, number=number, state=state)
    shown.counters[counter] = CounterView(
        id=counter,
        number=before.number,
        name="",
        area=before.area,
        services=before.services,
        state=CounterState.PAUSED if paused else CounterState.CALLING,
        ticket=ticket,
    )
    shown.calls[counter] = CallView(
        id=str(second),
        ticket=ticket,
        counter=counter,
        counter_number=before.number,
        counter_name="",
        area=before.area,
        service="reg",
        at=NOW + timedelta(seconds=second),
        repeat=1,
        text=f"请{number}号到{before.number}号窗口",
    )


def text(shown: Board, device: str) -> str:
    entry = SITE.device(device)
    assert entry is not None
    content = desired_content(SITE, shown, entry)
    assert content is not None
    found: str = content["text"]
    return found


def test_an_idle_hall_greets() -> None:
    assert text(board(), "led-main") == IDLE
    assert text(board(), "led-w1") == IDLE


def test_an_area_shows_its_newest_call_that_still_stands() -> None:
    shown = board()
    put(shown, "w1", "A001", second=1)
    put(shown, "w2", "A002", second=2)
    put(shown, "w3", "B001", second=3)
    assert text(shown, "led-main") == "请A002号到2号窗口"
    put(shown, "w2", "A002", TicketState.WAITING_RATING, second=2)
    assert text(shown, "led-main") == "请A001号到1号窗口"


def test_a_display_of_a_window_shows_that_window_alone() -> None:
    shown = board()
    put(shown, "w2", "A002", second=2)
    assert text(shown, "led-w1") == IDLE
    put(shown, "w1", "A001", TicketState.SERVING, second=1)
    assert text(shown, "led-w1") == "请A001号到1号窗口"
    put(shown, "w1", "A001", second=1, paused=True)
    assert text(shown, "led-w1") == PAUSED


def test_an_area_pauses_when_all_its_windows_do() -> None:
    shown = board()
    put(shown, "w1", "A001", paused=True)
    assert text(shown, "led-main") == "请A001号到1号窗口"
    put(shown, "w2", "A002", paused=True)
    assert text(shown, "led-main") == PAUSED


def test_callers_show_their_ticket_and_who_waits() -> None:
    shown = board()
    put(shown, "w1", "A001")
    shown.waiting = {"reg": 3, "idcard": 2}
    entry = SITE.device("bus-1")
    assert entry is not None
    assert desired_content(SITE, shown, entry) == {
        "units": {
            "1": {"ticket": "A001", "waiting": 3},
            "2": {"ticket": None, "waiting": 5},
        }
    }


def test_panels_show_besides_what_their_window_does() -> None:
    shown = board()
    put(shown, "w1", "A001")
    panels = DeviceEntry.model_validate(
        {
            "id": "panels",
            "driver": "ub485",
            "units": [{"address": 0x21, "counter": "w1"}, {"address": 0x22}],
        }
    )
    assert desired_content(SITE, shown, panels) == {
        "units": {"33": {"ticket": "A001", "waiting": 0, "state": "calling"}}
    }


def test_devices_that_show_nothing_are_told_nothing() -> None:
    entry = SITE.device("clock-1")
    assert entry is not None
    assert desired_content(SITE, board(), entry) is None
    shown = desired_content(SITE, board(), entry, "display")
    assert shown == {"text": IDLE, "state": "idle"}


def display_of(**keys: Any) -> tuple[Site, DeviceEntry]:
    device = {"id": "led", "driver": "cpower", "area": "hall", **keys}
    site = make_site(devices=[device])
    return site, site.devices[0]


def test_a_call_says_what_drivers_need_to_show_it() -> None:
    site, led = display_of(color="green")
    shown = board(site)
    put(shown, "w1", "A001", second=1)
    assert desired_content(site, shown, led) == {
        "text": "请A001号到1号窗口",
        "state": "call",
        "blink": True,
        "call": "1",
        "color": "green",
    }
    site, led = display_of(blink=False)
    content = desired_content(site, shown, led)
    assert content is not None
    assert content["blink"] is False
    assert "color" not in content


def test_a_display_may_have_texts_of_its_own() -> None:
    site, led = display_of(
        call_text="{number}→{counter}", idle_text="欢迎", pause_text="稍候"
    )
    shown = board(site)
    content = desired_content(site, shown, led)
    assert content == {"text": "欢迎", "state": "idle"}
    assert idle_text(site, led) == "欢迎"
    put(shown, "w1", "A001", second=1)
    content = desired_content(site, shown, led)
    assert content is not None
    assert content["text"] == "A001→1"
    put(shown, "w1", "A001", paused=True)
    put(shown, "w2", "A002", paused=True)
    assert desired_content(site, shown, led) == {"text": "稍候", "state": "pause"}


def test_several_lines_show_the_last_calls_the_newest_on_top() -> None:
    site, led = display_of(lines=2)
    shown = board(site)
    put(shown, "w1", "A001", second=1)
    content = desired_content(site, shown, led)
    assert content is not None
    assert [area["text"] for area in content["areas"]] == ["请A001号到1号窗口", ""]
    put(shown, "w2", "A002", second=2)
    content = desired_content(site, shown, led)
    assert content is not None
    assert content["text"] == "请A002号到2号窗口\n请A001号到1号窗口"
    assert [area["id"] for area in content["areas"]] == [0, 1]
    assert content["call"] == "2"


def test_keys_that_make_no_sense_leave_the_halls_own() -> None:
    site, led = display_of(lines="many")
    assert desired_content(site, board(site), led) == {"text": IDLE, "state": "idle"}


def test_digit_tubes_may_belong_to_a_service_or_an_area() -> None:
    units = [
        {"address": 1, "service": "idcard"},
        {"address": 2, "area": "hall"},
        {"address": 3, "area": "nowhere"},
        {"address": 4},
    ]
    site = make_site(devices=[{"id": "tubes", "driver": "modbus", "units": units}])
    shown = board(site)
    shown.waiting = {"reg": 3, "idcard": 2}
    put(shown, "w1", "A001", second=1)
    assert desired_content(site, shown, site.devices[0]) == {
        "units": {
            "1": {"ticket": None, "waiting": 2},
            "2": {"ticket": "A001", "waiting": 5},
        }
    }
