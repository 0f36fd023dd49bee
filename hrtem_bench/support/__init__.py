"""What several layers use: files written aside, worker pool, tables, the Hub, the hash of the code."""
