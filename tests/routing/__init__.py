"""Who takes a ticket, and how soon it is answered."""
