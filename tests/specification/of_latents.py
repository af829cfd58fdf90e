"""Misreadings of sections 10.6 and 10.7, and of what 11.3 and 11.5 say of latents."""

from specification.misreading import Misreading

DOMAIN = "domains.latent:LatentDomain"
MODEL = "priors.latents"

LATENTS = (
    ("10.6", "a grey picture is the first channel", f"{DOMAIN}.to_pixels",
      "shown.mean(2, dtype=np.float32)", "shown[:, :, 0]", "latents-grey-odd"),
    ("10.6", "the picture is cut at the top", f"{DOMAIN}.to_pixels",
      "[..., :height, :width]", "[..., -height:, -width:]", "latents-grey-odd"),
    ("10.6", "the closed form is y / (1 + sigma)", f"{DOMAIN}.closed_form",
      "1.0 + sigma * sigma", "1.0 + sigma", "latents-closed-form"),
    ("10.6", "the closed form is 0", f"{DOMAIN}.closed_form",
      "y / (1.0 + sigma * sigma)", "0.0 * y", "latents-closed-form"),
    ("10.6", "the multiple is the stride", f"{MODEL}:LatentsPrior.domain",
      "multiple=MULTIPLE", "multiple=None", "latents-grey-odd"),
)  # fmt: skip

LATENTS_1 = (
    ("10.7", "the details are not scaled by sqrt 3", f"{MODEL}:BlockVae.decode",
      "(DETAIL_GAIN * math.sqrt(3))", "DETAIL_GAIN", "latents-rgb"),
    ("10.7", "channels 3 and 4 exchanged", f"{MODEL}:BlockVae.decode",
      "across, down, both = (", "down, across, both = (", "latents-rgb"),
    ("10.7", "colours are means of four pixels", f"{MODEL}:BlockVae.decode",
      "latents[:, :COLOURS], latents", "latents[:, :COLOURS] * 2, latents", "latents-rgb"),
    ("10.7", "frequencies over 2 H and 2 W", f"{MODEL}:CORNER", "16.0", "8.0", "latents-rgb"),
    ("10.7", "a prompt counts characters, not bytes", f"{MODEL}:LatentsPrior.__init__",
      "len(prompt.encode())", "len(prompt)", "prompt"),
    ("10.7", "a prompt changes nothing but the digest", f"{MODEL}:LatentsPrior.__init__",
      "1.0 + len(prompt.encode()) / PROMPT_UNIT", "1.0", "prompt"),
    ("11.5", "unit variance is E = sigma^2", "priors.calibration:UnitVariance.spectrum_at",
      "squared / (1.0 + squared)", "squared", "latents-rgb"),
    ("11.5", "unit variance is E = 1", "priors.calibration:UnitVariance.spectrum_at",
      "squared / (1.0 + squared)", "1.0", "latents-rgb"),
    ("11.5", "unit variance is sigma / (1 + sigma)", "priors.calibration:UnitVariance.spectrum_at",
      "sigma * sigma", "sigma", "latents-rgb"),
    ("11.3", "latents are mixed, not pictures", "decoder.received:Received._blend",
      "first + share * (second - first)", "second", "latents-rgb"),
)  # fmt: skip

OF_LATENTS = tuple(Misreading(*fields) for fields in (*LATENTS, *LATENTS_1))
