"""The fingerprint clock."""

from drivers.zk.driver import ZkDriver

__all__ = ["ZkDriver"]
