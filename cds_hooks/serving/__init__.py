"""Between the sockets and the application: gunicorn's worker, extended so that nobody waits for the slow."""
