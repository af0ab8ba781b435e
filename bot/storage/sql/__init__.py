"""What every database does in the same way: one writer that takes turns, and every subject's SQL.

The SQL here is what SQLite and PostgreSQL both understand; PostgreSQL is taught `json_each` and `hex` by its schema.
Lists travel as JSON: each row is an array, its fields taken by number. Source:
docs/decisions/0067-one-sql-for-both-databases.md.
"""
