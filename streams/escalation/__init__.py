"""When a person must look at a ticket now, by policies that are data. Pure."""
