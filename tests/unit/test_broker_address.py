from __future__ import annotations

import pytest

from bus.address import BrokerAddress
from devices.errors import ConfigurationError


@pytest.mark.parametrize(
    ("url", "shown", "secrets"),
    [
        ("mqtt://h", "mqtt://h:1883", (None, None)),
        ("mqtts://h", "mqtts://h:8883", (None, None)),
        ("mqtt://u:p%40ss@h:99/", "mqtt://h:99", ("u", "p@ss")),
        ("mqtt://[::1]:99", "mqtt://[::1]:99", (None, None)),
    ],
)
def test_an_address_is_read(
    url: str, shown: str, secrets: tuple[str | None, str | None]
) -> None:
    address = BrokerAddress.parse(url)
    assert str(address) == shown
    assert (address.user, address.password) == secrets
    assert address.tls is url.startswith("mqtts:")


def test_a_password_of_its_own_goes_before_the_urls() -> None:
    own = "a%40"
    assert BrokerAddress.parse("mqtt://u:x@h", own).password == own


def test_the_password_is_never_shown() -> None:
    address = BrokerAddress.parse("mqtt://u:secret@h")
    assert "secret" not in f"{address} {address!r}"


@pytest.mark.parametrize("url", ["h:1", "http://h", "mqtt://", "mqtt://h:99999"])
def test_nonsense_is_a_mistake_of_the_hall_file(url: str) -> None:
    with pytest.raises(ConfigurationError):
        BrokerAddress.parse(url)
