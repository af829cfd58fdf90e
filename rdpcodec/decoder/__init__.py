"""The decoder: a file to its noisy state, once, and the state to a picture at any rho."""
