"""Thin commands; the only code that prints."""
