"""`python -m stack_deployer worker`, and the other commands that need stacks alone."""

from stack_deployer.cli import app


def run() -> None:
    """The console script `stack-deployer`."""
    app(prog_name="stack-deployer")


if __name__ == "__main__":
    run()
