"""Intervals, comparison and outliers. Pure."""
