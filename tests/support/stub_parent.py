"""The parent of `halld run` over stub children: `stub_parent.py HALL DATA`."""

from __future__ import annotations

import sys
from pathlib import Path

from click.exceptions import Exit

from bridge.cli.options import load_site
from bridge.cli.parent import Plan, run_hall

STUB = (sys.executable, str(Path(__file__).with_name("stub_child.py")))

if __name__ == "__main__":
    plan = Plan(
        read_site=lambda: load_site(Path(sys.argv[1])),
        data=Path(sys.argv[2]),
        child_command=STUB,
        patience_s=0.2,
    )
    try:
        sys.exit(run_hall(plan))
    except Exit as end:
        sys.exit(end.exit_code)
