"""Where in ClickHouse and in files somebody stands: to be shown, and to be erased."""
