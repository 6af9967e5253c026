"""What a device is and how it speaks. Pure: no I/O, no clock, no logging."""
