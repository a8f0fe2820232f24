"""What a tenant may send, and which tenants have series of their own (docs/tenancy.md)."""
