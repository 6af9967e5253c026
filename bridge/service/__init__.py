"""One function an event or command: rules applied inside a transaction."""
