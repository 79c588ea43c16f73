"""``python -m benchharness``: the same as the console script."""

from benchharness.cli.main import console

if __name__ == "__main__":
    console()
