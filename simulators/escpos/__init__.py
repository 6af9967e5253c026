"""The ticket printer."""

from simulators.escpos.simulator import TicketPrinter

__all__ = ["TicketPrinter"]
