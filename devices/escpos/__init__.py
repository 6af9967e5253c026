"""ESC/POS: what ticket printers understand and tell."""
