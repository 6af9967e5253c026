"""What the tests need from the system, and what its absence means."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.brokers import shared_embedded, shared_mosquitto
from support.killable import KillableBroker, running_broker

from drivers.escpos.layout import FONTS

if TYPE_CHECKING:
    import httpx
    from support.fake_hall import FakeHall

    from bridge.service.ports import HallPort
    from bus.address import BrokerAddress

NEEDS = {
    "browser": ("chromium", "chromium-browser"),
    "espeak": ("espeak-ng",),
    "font": ("fonts-noto-cjk", *FONTS),
    "mosquitto": ("mosquitto", "/usr/sbin/mosquitto"),
}
"""Marker -> programs or files of which one must be there."""
BROKERS = ["embedded", pytest.param("mosquitto", marks=pytest.mark.mosquitto)]
"""Those that halls have."""


def _is_missing(programs: tuple[str, ...]) -> bool:
    return not any(shutil.which(name) or Path(name).is_file() for name in programs)


def pytest_configure(config: pytest.Config) -> None:
    """Tell pytest of the markers whose packages came later."""
    config.addinivalue_line("markers", "espeak: needs Debian's espeak-ng")
    config.addinivalue_line("markers", "font: needs a font with Chinese characters")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, by name, what lacks its component; under CI let it fail instead."""
    if os.environ.get("CI") == "true":
        return
    for marker, programs in NEEDS.items():
        if not _is_missing(programs):
            continue
        for item in items:
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=f"{programs[0]} is missing"))


@pytest.fixture(params=BROKERS)
async def broker(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[KillableBroker]:
    """Each kind of broker, for one test alone."""
    async with running_broker(request.param, tmp_path / "broker") as running:
        yield running


@pytest.fixture(scope="module", params=BROKERS)
def shared_broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[BrokerAddress]:
    """Each kind of broker, for all tests of a module."""
    directory = tmp_path_factory.mktemp(request.param)
    shared = shared_mosquitto if request.param == "mosquitto" else shared_embedded
    with shared(directory) as address:
        yield address


@pytest.fixture
def hall() -> FakeHall:
    """A hall in memory, where a module has no other."""
    # Most tests ask no web, and its imports take a second.
    from support.fake_hall import FakeHall  # noqa: PLC0415

    return FakeHall()


@pytest.fixture
async def client(hall: HallPort) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the web of the module's `hall`."""
    from support.asking import client_of  # noqa: PLC0415 - as above

    async with client_of(hall) as client:
        yield client
