"""Re-analysis as the page offers it: routes over whoever runs it."""
