"""Tests of benchharness."""
