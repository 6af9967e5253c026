"""The EQ2013 LED control card and its ASCII protocol."""
