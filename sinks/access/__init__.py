"""Who may do what: tokens with roles and tenants, sessions of browsers, limits, and the audit of what was done."""
