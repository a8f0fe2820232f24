"""The documentation: its reference is the code's, its links hold, and its commands do what it says."""
