"""The C-Power (CP5200) LED control card."""
