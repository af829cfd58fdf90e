"""`photo-1`: the default prior, a denoiser of photos trained for this project (spec 10.4)."""
