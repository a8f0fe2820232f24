-- What analytics asks of events besides, and what the tickets behind a figure are listed by.

SELECT 1;
