"""`python -m auth_manager gate|portal`: starts one of the two processes. Each loads its own room alone."""

import argparse
import sys
from collections.abc import Sequence

from stack_deployer.contract.environment import BadSettings


def run(argv: Sequence[str] | None = None) -> int:
    """Run the named process until it is told to stop; exit code 2 when its settings are wrong."""
    parser = argparse.ArgumentParser(prog="auth-manager", description="Guards the doors of every stack.")
    parser.add_argument("process", choices=("gate", "portal"), help="which of the two processes to run")
    process = parser.parse_args(argv).process
    # Imported here, so that the gate holds no SQL, no password hashing and no templates in memory.
    try:
        if process == "gate":
            from auth_manager.gate.serve import serve as serve_gate

            serve_gate()
        else:
            from auth_manager.portal.app import serve as serve_portal

            serve_portal()
    except BadSettings as bad:
        print("\n".join(bad.lines), file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(run())
