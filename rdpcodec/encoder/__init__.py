"""The encoder's choices: nothing here is format, any of it may be done otherwise."""
