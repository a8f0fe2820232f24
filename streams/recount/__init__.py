"""Windows counted again from the rows that ClickHouse keeps, through the functions that counted them the first time."""
