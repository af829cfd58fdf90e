"""What an encoding took: `compress --report`, as spec/report.schema.json describes it."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Seconds:
    """Seconds spent, in all and by what they were spent on."""

    total: float
    network: float
    channel: float


@dataclass(frozen=True)
class LayerReport:
    """A layer: its level, what it would ideally cost, and what it cost."""

    t: int
    sigma: float
    kl_bits: float
    bits: int


@dataclass(frozen=True, kw_only=True)
class Report:
    """A file and what it took to make it.

    Attributes:
        file_bytes: Bytes of the file.
        bpp: Bits per pixel of the file.
        payload_bits: Bits of all layers.
        kl_bits: What they would ideally be.
        network_evaluations: How often the prior was evaluated.
        seconds: Where the time went.
        width: Pixels.
        height: Pixels.
        prior: The name of the prior.
        engine: The library that evaluated it, and its version.
        coder: The channel coder.
        seed: Of the file.
        t: The level at which the file ends.
        psnr: Of the picture at rho = 0, on this machine; None if nobody asked for one (`psnr` of
            `encode`), or where the picture is the original itself.
        vae_psnr: PSNR of the picture encoded and decoded by the autoencoder of a latent prior;
            None where there is none, or where it loses nothing.
        vae_share: Its squared error over that of the picture at rho = 0; None likewise.
        layers: From coarse to fine.
    """

    file_bytes: int
    bpp: float
    payload_bits: int
    kl_bits: float
    network_evaluations: int
    seconds: Seconds
    width: int
    height: int
    prior: str
    engine: str
    coder: str
    seed: int
    t: int
    psnr: float | None
    vae_psnr: float | None
    vae_share: float | None
    layers: tuple[LayerReport, ...]

    def to_json(self) -> dict[str, object]:
        """Return the object that --report writes."""
        return asdict(self)
