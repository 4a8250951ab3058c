"""Find the content that travels with the engine: migrations, bundled parsers, default settings."""

from pathlib import Path

from etl_actors.errors import EtlError

__all__ = ["resource"]


def resource(name: str) -> Path:
    """Return the folder `name`, inside the package where it was installed from a wheel, else in the checkout.

    Args:
        name: `parsers`, `config` or `migrations`.

    Raises:
        EtlError: it is in neither place.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "_content" / name, package.parent / name):
        if folder.is_dir():
            return folder
    message = f"This installation is not complete: {package} came without its {name}. Install etl-actors again."
    raise EtlError(message)
