"""Servers that stand in for ones that the package registries do not have."""
