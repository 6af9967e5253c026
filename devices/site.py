"""The typed model of the hall file. Reading the file is the CLI's work.

Whether its references lead somewhere: `devices.site_mistakes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, time
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from devices import ids, topics
from devices.hours import OpeningHours
from devices.kiosks import Kiosk, kiosks_of
from devices.queueing import (
    OnCallWhileOpen,
    QueueSettings,
    Quota,
    RosterRow,
    ServiceRef,
    WindowRules,
    service_refs,
    weights_of,
)
from devices.screens import Screen
from devices.voice import AreaVoice, VoiceSettings

Id = ids.Id
"""An id that becomes a topic level."""

DEFAULT_NODE = topics.DEFAULT_NODE


class SiteError(ValueError):
    """One mistake that spans several places; `path` leads to the key."""

    def __init__(self, path: tuple[str | int, ...], message: str) -> None:
        super().__init__(message)
        self.path = path


class Model(BaseModel):
    """Strict about keys: a misspelt key is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            f"unknown time zone {name!r}; want one such as Asia/Shanghai"
        ) from error
    return name


class HallInfo(Model):
    """Which hall this is."""

    id: Id
    name: str = ""
    timezone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    simulated: bool = False
    """Marks every event as simulated."""
    hours: list[OpeningHours] = []
    """When it is open; empty: nobody is told."""

    @property
    def zone(self) -> ZoneInfo:
        """The hall's time zone."""
        return ZoneInfo(self.timezone)


class MqttSettings(Model):
    """Where the broker is: `embedded`, or mqtt:// or mqtts:// with host and port."""

    url: Annotated[str, Field(pattern=r"^(embedded|mqtts?://[^\s/]+/?)$")] = "embedded"
    port: Annotated[int, Field(ge=0, le=65535)] = 1883
    """The embedded broker's port; 0 takes a free one."""
    password: str | None = None
    """For a user in the URL; better `!secret mqtt` than in the URL itself."""


class StoreSettings(Model):
    """Where records are kept: `sqlite` (below --data)."""

    url: Annotated[str, Field(pattern=r"^sqlite$")] = "sqlite"


def _loopback(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


class WebSettings(Model):
    """Where pages and API are served."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    token: Annotated[str, Field(min_length=8)] | None = None
    public_url: Annotated[str, Field(pattern=r"^https?://[^\s/]+(/\S*)?$")] | None = (
        None
    )
    """Where citizens' phones reach the pages; QR codes on tickets lead there."""

    @property
    def is_public(self) -> bool:
        """Whether other machines can reach it; then writes need the token."""
        return not _loopback(self.host)

    @model_validator(mode="after")
    def _token_when_public(self) -> Self:
        if self.is_public and not self.token:
            raise ValueError(
                f"host {self.host} lets other machines in, so web.token is needed "
                "(8 characters or more; best `token: !secret web`)"
            )
        return self


DEFAULT_ADMS_PORT = 8081


class AdmsSettings(Model):
    """A port of its own for clocks that push, where every machine may call."""

    host: str = "0.0.0.0"  # noqa: S104 - clocks are on other machines
    port: Annotated[int, Field(ge=0, le=65535)] = DEFAULT_ADMS_PORT


class ApprovalSettings(Model):
    """Who approves leave of some length; the first level that reaches far enough."""

    role: Annotated[str, Field(min_length=1, max_length=64)]
    up_to_h: Annotated[float, Field(gt=0)] | None = None
    """Up to so many hours."""
    up_to_days: Annotated[float, Field(gt=0)] | None = None
    """Up to so many days; neither: any length."""


class HolidayCalendar(StrEnum):
    """Which holidays people have."""

    CHINA = "china"
    """The State Council's, with adjusted workdays (调休)."""
    NONE = "none"
    """Weekends alone, besides days that are told."""


class AttendanceSettings(Model):
    """Rules of attendance for the whole hall."""

    calendar: HolidayCalendar = HolidayCalendar.CHINA
    since: date | None = None
    """The first day that is kept; without it the day of the first punch."""
    noon: time = time(12, 30)
    """Where a half day of leave begins or ends."""
    approval: Annotated[list[ApprovalSettings], Field(min_length=1, max_length=9)] = [
        ApprovalSettings(role="窗口负责人", up_to_h=2),
        ApprovalSettings(role="中心", up_to_days=1),
        ApprovalSettings(role="派驻单位与分管领导"),
    ]
    """Levels of leave approval, the lowest first."""


class PrivacySettings(Model):
    """How people are kept apart from their records."""

    subject_key: Annotated[str, Field(min_length=16)] | None = None
    """Key of subject references, shared by all nodes; best `!secret subject`.

    Without it each node makes a key of its own below --data.
    """


class Service(Model):
    """What citizens come for; has its own row of numbers each day."""

    id: Id
    prefix: Annotated[str, Field(pattern=r"^[A-Z]{0,3}$")] = ""
    name: str = ""
    audience: str = ""
    """Who it is for, shown on the kiosk."""
    name_en: str = ""
    audience_en: str = ""
    """The same on pages in English; empty: as in Chinese."""
    quotas: list[Quota] = []
    """When tickets may be drawn, and how many; empty: always."""


class Counter(WindowRules):
    """A window."""

    id: Id
    number: Annotated[int, Field(ge=1, le=9999)]
    name: str = ""
    services: list[ServiceRef] = Field(default_factory=list)
    roster: list[RosterRow] = Field(default_factory=list)
    """The first row of the day stands instead of `services`."""
    area: Id | None = None

    @property
    def service_ids(self) -> list[str]:
        """Every service that the window serves on some day."""
        return list(dict.fromkeys(ref for _, ref in self.named_services))

    @cached_property
    def weights(self) -> Mapping[str, float]:
        """Service to weight, in the file's order, on days without a roster's row."""
        return weights_of(self.services)

    @property
    def named_services(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every service that the window names, with the path to it."""
        return service_refs(self.services, self.roster)


class Area(Model):
    """A part of the hall with its own screens."""

    id: Id
    name: str = ""
    voice: AreaVoice | None = None
    """What it says otherwise than the hall."""


class DeviceEntry(BaseModel):
    """One device: what every driver understands; the rest is the driver's own."""

    model_config = ConfigDict(extra="allow", frozen=True)

    id: Id
    driver: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: str = ""
    node: Id = DEFAULT_NODE
    url: str | None = None
    counter: Id | None = None
    area: Id | None = None

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The keys that belong to the driver alone."""
        return self.__pydantic_extra__ or {}

    @property
    def label(self) -> str:
        """What people call it."""
        return self.name or self.id


def _none_is_empty(value: object) -> object:
    return [] if value is None else value


class _Index:
    """Things of a hall file by id; a hall of hundreds is asked with every press."""

    def __init__(self, site: Site) -> None:
        # Of two with one id, which is a mistake, the first.
        self.devices = {each.id: each for each in reversed(site.devices)}
        self.counters = {each.id: each for each in reversed(site.counters)}
        self.services = {each.id: each for each in reversed(site.services)}
        areas: dict[str, set[str | None]] = {}
        for counter in site.counters:
            for service in counter.service_ids:
                areas.setdefault(service, set()).add(counter.area)
        self.areas = {service: frozenset(found) for service, found in areas.items()}


class Site(Model):
    """A whole hall file."""

    hall: HallInfo
    mqtt: MqttSettings = MqttSettings()
    store: StoreSettings = StoreSettings()
    web: WebSettings = WebSettings()
    adms: AdmsSettings | None = None
    attendance: AttendanceSettings = AttendanceSettings()
    queue: QueueSettings = QueueSettings()
    voice: VoiceSettings = VoiceSettings()
    privacy: PrivacySettings = PrivacySettings()
    services: Annotated[list[Service], BeforeValidator(_none_is_empty)] = []
    counters: Annotated[list[Counter], BeforeValidator(_none_is_empty)] = []
    areas: Annotated[list[Area], BeforeValidator(_none_is_empty)] = []
    kiosks: Annotated[list[Kiosk], BeforeValidator(_none_is_empty)] = []
    screens: Annotated[list[Screen], BeforeValidator(_none_is_empty)] = []
    guides: Annotated[str, Field(min_length=1)] | None = None
    """The folder of service guides; in the hall file relative to that file."""
    devices: Annotated[list[DeviceEntry], BeforeValidator(_none_is_empty)] = []

    def device(self, device_id: str) -> DeviceEntry | None:
        """The device of that id."""
        return self._index.devices.get(device_id)

    def counter(self, counter_id: str) -> Counter | None:
        """The counter of that id."""
        return self._index.counters.get(counter_id)

    def service(self, service_id: str) -> Service | None:
        """The service of that id."""
        return self._index.services.get(service_id)

    def areas_of(self, service_id: str) -> frozenset[str | None]:
        """The areas of the windows that serve it on some day; None: of no area."""
        return self._index.areas.get(service_id, frozenset())

    def area(self, area_id: str) -> Area | None:
        """The area of that id."""
        return next((a for a in self.areas if a.id == area_id), None)

    def kiosk(self, kiosk_id: str | None = None) -> Kiosk | None:
        """The kiosk of that id; without an id the first one."""
        kiosks = kiosks_of(self)
        if kiosk_id is None:
            return kiosks[0]
        return next((kiosk for kiosk in kiosks if kiosk.id == kiosk_id), None)

    def voice_at(self, area_id: str | None) -> VoiceSettings:
        """How the screens of an area speak."""
        area = None if area_id is None else self.area(area_id)
        return self.voice.under(area.voice if area else None)

    def policy(self, counter: Counter) -> OnCallWhileOpen:
        """What a call while a ticket is open does at this counter."""
        return counter.on_call_while_open or self.queue.on_call_while_open

    def rules(self, counter: Counter) -> WindowRules:
        """The rules of a window: its own before the hall's."""
        chosen = {
            name: own if (own := getattr(counter, name)) is not None else general
            for name in WindowRules.model_fields
            for general in (getattr(self.queue, name),)
        }
        return WindowRules.model_construct(**chosen)

    def on_node(self, node: str) -> list[DeviceEntry]:
        """The devices that a node runs."""
        return [device for device in self.devices if device.node == node]

    def __copy__(self) -> Self:
        """A copy that looks things up for itself: it may be given others."""
        copied = super().__copy__()
        copied.__dict__.pop("_index", None)
        return copied

    @cached_property
    def _index(self) -> _Index:
        return _Index(self)
