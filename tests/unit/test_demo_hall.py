"""The demo's own hall file: every device of the example at a place of its own."""

from __future__ import annotations

from pathlib import Path

from bridge.cli.demo_hall import example_site, own_place, write_hall_file
from bridge.cli.hallfile import read_hall_file
from devices.site import Site
from drivers.registry import driver_names


def written(tmp_path: Path, *missing: str) -> Site:
    """The demo's file when these devices could not be hosted."""
    urls = {
        device.id: place.replace(":0", ":4")
        for device in example_site().devices
        if device.id not in missing and (place := own_place(device, tmp_path))
    }
    path = tmp_path / "hall.yaml"
    hosted = {name for name in ("strip-1", "strip-2") if name not in missing}
    urls |= dict.fromkeys(hosted, "memory:line")
    write_hall_file(path, urls, web_port=0, mqtt_port=0)
    hall = read_hall_file(path, {})
    assert [str(found) for found in hall.mistakes] == []
    assert hall.site is not None
    return hall.site


def test_the_example_has_every_kind_of_device_that_needs_no_extra() -> None:
    drivers = {device.driver for device in example_site().devices}
    assert drivers == set(driver_names()) - {"pcsc"}


def test_the_demo_has_every_device_of_the_example(tmp_path: Path) -> None:
    site, example = written(tmp_path), example_site()
    assert [entry.id for entry in site.devices] == [e.id for e in example.devices]
    for entry in site.devices:
        place = entry.url or str(entry.parameters.get("path", ""))
        assert "halld-example" not in place
        if place.startswith(("serial:", "/")):
            assert str(tmp_path / "lines" / entry.id) in place
    pad = next(entry for entry in site.devices if entry.driver == "keypad")
    assert pad.parameters["path"] == str(tmp_path / "lines" / pad.id)
    assert site.guides == example.guides


def test_what_could_not_be_hosted_is_left_out(tmp_path: Path) -> None:
    gone = ("led-main", "pad-6", "strip-1")
    site = written(tmp_path, *gone)
    left = {entry.id for entry in example_site().devices} - set(gone)
    assert {entry.id for entry in site.devices} == left
    assert "clock-push" in left
