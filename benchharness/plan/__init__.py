"""Manifests and campaign files become a seeded run table."""
