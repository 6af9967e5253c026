"""The other end of the wire: every device type, speaking its real protocol."""
