"""Back up, destroy, restore: the commands of docs/howto/backup.md and recover.md on servers of their own."""
