"""The bridge's side of the bus: takes events in order, tells displays and nodes."""
