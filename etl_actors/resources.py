"""Find the content that travels with the engine: migrations, bundled parsers, default settings."""

from pathlib import Path

__all__ = ["resource"]


def resource(name: str) -> Path:
    """Return the folder `name`, inside the package where it was installed from a wheel, else in the checkout."""
    package = Path(__file__).resolve().parent
    inside = package / "_content" / name
    return inside if inside.is_dir() else package.parent / name
