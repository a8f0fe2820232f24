"""HTTP in: ticket events over POST, answered only after the log has acknowledged every one of them."""
