"""PostgreSQL for the tests: servers of their own, their standbys, and the network between them."""
