"""Month sheets as files."""
