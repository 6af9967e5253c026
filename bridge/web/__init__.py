"""REST, the live stream and the pages."""
