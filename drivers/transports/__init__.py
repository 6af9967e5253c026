"""Byte streams to devices, addressed by URL."""
