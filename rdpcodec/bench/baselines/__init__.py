"""Other ways to code with the same prior, as real bytes that decode; no part of the format."""
