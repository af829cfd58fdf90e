"""Names of the ways to read a file."""

from rdpcodec.bench.ways import Way, parse_way


def test_names_of_readings() -> None:
    """They say the reconstruction and its rho."""
    assert parse_way("rho=0.25") == Way("geodesic", 0.25)
    assert parse_way("ode rho=1") == Way("ode", 1.0)
    assert parse_way("ancestral") == Way("ancestral", None)
