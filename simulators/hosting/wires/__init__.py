"""How simulated devices are reached: TCP, UDP, PTY; or dial out."""
