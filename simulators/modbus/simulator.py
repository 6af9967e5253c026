"""A simulated line of digit tubes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from devices.errors import MisuseError
from devices.modbus.rtu import RequestFramer, confirmation, refusal
from devices.modbus.site import TubeKeys
from devices.modbus.tubes import Profile, Telling, TellingFramer, read_armfly
from devices.site import DeviceEntry, Site
from simulators.framed import FramedSimulator
from simulators.simulator import Output, SimulatorParameters

NO_REGISTER = 2


class TubeLineParameters(TubeKeys, SimulatorParameters):
    """What is on the simulated line."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Mute(BaseModel):
    """A tube loses its power, or has it again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    address: int
    on: bool = True


class TubeLine(FramedSimulator[TubeLineParameters, RequestFramer | TellingFramer]):
    """The tubes of one line; armfly's answer, the others are mute."""

    parameters_model = TubeLineParameters
    actions: ClassVar[Mapping[str, type[BaseModel]]] = {"mute": Mute}

    def __init__(
        self, device: DeviceEntry, parameters: TubeLineParameters, site: Site
    ) -> None:
        super().__init__(device, parameters, site)
        self._shown = {tube.address: "" for tube in parameters.units}
        self._mute: set[int] = set()
        self._told = 0

    def new_framer(self) -> RequestFramer | TellingFramer:
        """See `FramedSimulator.new_framer`."""
        profile = self.parameters.profile
        is_modbus = profile is Profile.ARMFLY
        return RequestFramer() if is_modbus else TellingFramer(profile)

    def received(self, session: int, data: bytes, now: datetime) -> Sequence[Output]:
        """Show what the tubes are told; answer for those that answer."""
        del now
        framer = self.framer(session)
        outputs: list[Output] = []
        if isinstance(framer, TellingFramer):
            for telling in framer.feed(data):
                self._show(telling)
            return outputs
        for request in framer.feed(data):
            if request.unit not in self._shown or request.unit in self._mute:
                continue
            shown = read_armfly(request)
            if shown is None:
                answer = refusal(request, NO_REGISTER)
            else:
                self._show(shown)
                answer = confirmation(request)
            outputs.append(Output(answer.encode(), session))
        return outputs

    def act(self, action: str, arguments: BaseModel, now: datetime) -> Sequence[Output]:
        """`mute {address, on}`."""
        del now
        if not isinstance(arguments, Mute):
            raise MisuseError(f"digit tubes cannot {action}")
        if arguments.address not in self._shown:
            raise MisuseError(f"no tube {arguments.address} on the line")
        if arguments.on:
            self._mute.add(arguments.address)
            self._shown[arguments.address] = ""
        else:
            self._mute.discard(arguments.address)
        return ()

    def powercycle(self, now: datetime) -> None:
        """Go dark."""
        super().powercycle(now)
        self._shown = dict.fromkeys(self._shown, "")

    def view(self) -> Mapping[str, Any]:
        """What the tubes show; "" is dark."""
        return {
            "units": {
                str(address): {
                    "text": text,
                    "number": Telling(unit=address, text=text).number,
                }
                for address, text in sorted(self._shown.items())
            },
            "told": self._told,
        }

    def _show(self, telling: Telling) -> None:
        if telling.unit in self._shown and telling.unit not in self._mute:
            self._shown[telling.unit] = telling.text
            self._told += 1
