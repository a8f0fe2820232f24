"""Whoever is told: words, providers, and the servers that they talk to."""
