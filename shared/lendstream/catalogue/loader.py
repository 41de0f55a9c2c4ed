"""Reading the product files: one file `<code>.v<version>.yaml` a version, all checked before any is used."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from .checks import faults
from .faults import CatalogueError, told
from .product import Product

PRODUCTS = Path(__file__).parent / "products"


class UnknownProductError(LookupError):
    """No product of that code, or not in that version."""


@dataclass(frozen=True)
class Catalogue:
    """All products on offer, and the older versions that open loans were made from."""

    versions: Mapping[str, Mapping[int, Product]] = field(repr=False)

    def product(self, code: str, version: int | None = None) -> Product:
        """One product, by default in its newest version. Raises UnknownProductError."""
        versions = self.versions.get(code)
        if versions is None:
            raise UnknownProductError(f"no product {code!r}; there are {', '.join(sorted(self.versions))}")
        product = versions.get(max(versions) if version is None else version)
        if product is None:
            raise UnknownProductError(f"product {code!r} has no version {version}; there are {sorted(versions)}")
        return product

    def newest(self) -> Iterator[Product]:
        """The newest version of every product, on offer or not, by code."""
        return (self.product(code) for code in sorted(self.versions))

    def __iter__(self) -> Iterator[Product]:
        """What is on offer: the newest versions, by code."""
        return (product for product in self.newest() if product.offered)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@cache
def load(folder: Path = PRODUCTS) -> Catalogue:
    """The catalogue of a folder, read and checked once a process. Raises CatalogueError."""
    versions: dict[str, dict[int, Product]] = {}
    for path in sorted(folder.glob("*.yaml")):
        product = read(path)
        versions.setdefault(product.code, {})[product.version] = product
    if not versions:
        raise CatalogueError(f"no product files (*.yaml) in {folder}")
    return Catalogue(versions)


def read(path: Path) -> Product:
    """One product file. Raises CatalogueError with every fault found in it."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CatalogueError(f"{path.name}: cannot be read as YAML: {error}") from error
    try:
        product = Product.model_validate(data)
    except ValidationError as error:
        raise CatalogueError("\n".join(f"product {path.name}: {told(each)}" for each in error.errors())) from error
    expected = f"{product.code}.v{product.version}.yaml"
    if path.name != expected:
        raise CatalogueError(f"product {path.name}: code, version: name the file {expected} or correct the fields")
    if found := faults(product):
        raise CatalogueError("\n".join(f"product {path.name}: {fault}" for fault in found))
    return product


def schema() -> dict[str, Any]:
    """JSON Schema of a product file."""
    return Product.model_json_schema() | {"$schema": "https://json-schema.org/draft/2020-12/schema"}
