"""A simulated fingerprint clock."""

from simulators.zk.simulator import ZkClock

__all__ = ["ZkClock"]
