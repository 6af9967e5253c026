"""Where simulated devices listen: TCP, UDP, PTY."""
