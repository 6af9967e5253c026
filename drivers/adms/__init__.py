"""Clocks that push over HTTP (ADMS, PUSH, `iclock`)."""

from drivers.adms.driver import AdmsDriver

__all__ = ["AdmsDriver"]
