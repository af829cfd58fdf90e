"""What pictures and states are turned into and back: axes, frequencies, bands, sizes, tiles."""
