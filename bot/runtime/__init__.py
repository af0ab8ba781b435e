"""The program as it runs: its settings, the App and its jobs, the socket for the server's own commands."""
