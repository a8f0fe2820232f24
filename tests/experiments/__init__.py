"""Experiments: dealing tickets, deciding by arms, and what may be concluded at any look."""
