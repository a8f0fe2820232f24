"""What people say of a message, against what was read in it."""
