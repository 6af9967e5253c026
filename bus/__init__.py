"""How the broker is reached, by the drivers and by the bridge alike."""
