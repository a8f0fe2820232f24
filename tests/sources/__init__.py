"""Mailboxes and helpdesks' webhooks."""
