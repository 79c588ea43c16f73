"""Brokers: connections that many meters share, logins, TLS, and what went wrong in one line."""
