"""`diffusers:...`: pipelines of the library diffusers as priors (spec 10.5)."""

from rdpcodec.priors.diffusers.load import load_pipeline

__all__ = ["load_pipeline"]
