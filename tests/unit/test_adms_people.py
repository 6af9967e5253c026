from __future__ import annotations

from support.driving import RecordingContext
from support.push_server import SERIAL, push_site

from devices.adms.operlog import PushUser
from drivers.adms import people
from drivers.adms.people import People

SITE = push_site(SERIAL)


def recording(kept: dict[str, object] | None = None) -> RecordingContext:
    return RecordingContext(SITE.devices[0], SITE, remembered=kept)


def ids(known: People) -> list[str]:
    return [str(user["user_id"]) for user in known.listed()]


async def test_people_are_kept_over_restarts() -> None:
    context = recording()
    known = People(context, SERIAL)
    await known.take([PushUser(user_id=str(n), name="测试") for n in range(1, 200)])
    await known.remove(["7", "nobody"])
    again = People(recording(context.remembered), SERIAL)
    assert ids(again) == ids(known)
    assert len(again) == 198
    assert "7" not in ids(again)


async def test_an_unchanged_list_writes_nothing() -> None:
    context = recording()
    known = People(context, SERIAL)
    users = [PushUser(user_id="1", name="测试")]
    await known.take(users)
    context.remembered.clear()
    await known.take(users)
    await known.remove(["2"])
    assert context.remembered == {}


async def test_there_is_room_for_so_many() -> None:
    known = People(recording(), SERIAL)
    users = [PushUser(user_id=str(n)) for n in range(1, people.MAX_USERS + 100)]
    await known.take(users)
    assert len(known) == people.MAX_USERS
    await known.take([PushUser(user_id="1", name="测试")])
    assert known.listed()[0]["name"] == "测试"
