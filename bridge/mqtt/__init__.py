"""From the broker into the store: order, inbox, acknowledgement."""
