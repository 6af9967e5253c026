"""Simulators on real wires: TCP, UDP, PTYs; faults; the control API."""
