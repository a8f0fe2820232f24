"""Where ticket events come from besides the interface for events: mailboxes, and webhooks of helpdesks."""
