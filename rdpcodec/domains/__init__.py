"""State domains: how a picture becomes a state, and a state a picture (spec 10.2)."""

from rdpcodec.domains.base import Denoise, Domain, StateShape
from rdpcodec.domains.latent import LatentDomain, Vae
from rdpcodec.domains.pixels import GreyPixels, PixelDomain, RgbPixels, pixel_domain

__all__ = [
    "Denoise",
    "Domain",
    "GreyPixels",
    "LatentDomain",
    "PixelDomain",
    "RgbPixels",
    "StateShape",
    "Vae",
    "pixel_domain",
]
