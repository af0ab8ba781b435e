"""The application, whichever chat a person uses."""
