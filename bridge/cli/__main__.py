"""`python -m bridge.cli` is `halld`."""

from bridge.cli.main import main

if __name__ == "__main__":
    main()
