"""The sections of a report, one in each module: what analytics has read becomes tables and charts. Pure."""
