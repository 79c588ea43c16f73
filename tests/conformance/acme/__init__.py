"""A driver package as another project would have it: it uses benchharness's public API only."""
