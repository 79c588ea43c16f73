"""What other programs use: measuring a piece of Python code, and pytest-benchmark's columns."""
