"""Who should take a ticket: by skills, hours and load. Pure."""
