"""Simulators on real wires: TCP, UDP, PTYs, dialling; faults; the control API."""
