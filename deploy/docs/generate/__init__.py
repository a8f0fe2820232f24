"""The reference pages, from code: settings, commands, routes, topics, tables, metrics, alerts."""
