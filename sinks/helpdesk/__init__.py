"""Writes escalations back to a helpdesk: its ticket gets priority, flag and note, as a mapping file says."""
