"""Federated learning: rounds over several transports, with every phase told to the harness."""
