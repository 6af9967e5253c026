"""How the devices are reached: one supervised asyncio driver a device type."""
