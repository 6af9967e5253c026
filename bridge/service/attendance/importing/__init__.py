"""Tables that people send, read into facts."""
