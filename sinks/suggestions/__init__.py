"""What helps whoever answers a ticket: drafts, articles, and tickets that were alike."""
