"""Rate-distortion-perception measurements, of rdpcodec and of other coders."""
