"""Measures of a decoded picture; all but `psnr` need the `bench` extra and are not loaded here."""

from rdpcodec.metrics.psnr import psnr

__all__ = ["psnr"]
