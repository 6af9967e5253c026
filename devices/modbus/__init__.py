"""Digit tubes: Modbus RTU and the plainer protocols of their makers."""
