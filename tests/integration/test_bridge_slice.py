from __future__ import annotations

from pathlib import Path

from support.bridges import IDLE, embedded_broker, running_bridge
from support.nodes import fake_node

from bridge.domain.views import Channel, TicketState


async def test_call_key_reaches_ticket_displays_and_ack(tmp_path: Path) -> None:
    async with (
        embedded_broker(tmp_path) as broker,
        running_bridge(tmp_path, broker) as hall,
        fake_node(broker) as node,
    ):
        drawn = await hall.issue_ticket(service="reg", channel=Channel.KIOSK)
        await node.shown("led-main", {"text": IDLE})

        node.publish(node.key("call"))

        ack = await node.acked("desk", 1)
        assert ack == {"store": hall.store_id, "epoch": node.epoch, "sequence": 1}
        assert (await hall.ticket(drawn.id)).state is TicketState.CALLED
        for led in ("led-main", "led-w1"):
            await node.shown(led, {"text": "请A001号到1号窗口"})
        units = {"1": {"ticket": "A001", "waiting": 0}}
        units["2"] = {"ticket": None, "waiting": 0}
        await node.shown("bus-1", {"units": units})
