"""What a simulated clock shows of itself, JSON-ready."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from simulators.zk.client import Client
from simulators.zk.memory import ClockMemory

SHOWN_OPERATIONS: Final = 20


def view_clock(memory: ClockMemory, clients: Collection[Client]) -> Mapping[str, Any]:
    """What it holds and who is connected."""
    known = [each for each in clients if each.authorized]
    return {
        "serial": memory.serial,
        "users": [
            {"user_id": user.user_id, "name": user.name}
            for user in memory.users.values()
        ],
        "admins": memory.people.admins,
        "fingers": len(memory.people.templates),
        "records": len(memory.rows),
        "punches": [
            {
                "user_id": punch.user_id,
                "time": punch.time.isoformat(),
                "direction": punch.direction.value,
                "method": punch.method.value,
            }
            for punch in memory.punches
        ],
        "operations": [
            {
                "number": operation.number,
                "operator": operation.operator,
                "time": operation.time.isoformat() if operation.time else None,
                "values": list(operation.values),
            }
            for operation in memory.operations[-SHOWN_OPERATIONS:]
        ],
        "drift_s": round(memory.offset.total_seconds()),
        "sessions": len(known),
        "live": sum(bool(client.mask) for client in known),
        "enabled": memory.enabled,
    }
