"""Tenants: what one may see of another (nothing), take from it (nothing that is measured), and be refused."""
