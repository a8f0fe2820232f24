"""Tells people: carries notifications to mail servers, chats, pagers, webhooks and helpdesks, and keeps the ledger."""
