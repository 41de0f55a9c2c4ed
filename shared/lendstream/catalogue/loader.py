"""Reading the product files: one file `<code>.v<version>.yaml` a version, all checked before any is used."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from .checks import faults
from .coupon import load_coupons
from .faults import CatalogueError, Fault, faults_in, unreadable
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
    """The catalogue of a folder, read and checked once a process, with the coupons. Raises CatalogueError."""
    versions: dict[str, dict[int, Product]] = {}
    for path in sorted(folder.glob("*.yaml")):
        product = read(path)
        versions.setdefault(product.code, {})[product.version] = product
    if not versions:
        fault = Fault("", "no product files (*.yaml)", "correct the folder's path")
        raise CatalogueError(str(folder), fault)
    if folder == PRODUCTS:
        _check_coupons(versions)
    return Catalogue(versions)


def _check_coupons(known: Mapping[str, object]) -> None:
    for coupon in load_coupons().values():
        if unknown := [code for code in coupon.products if code not in known]:
            fault = Fault("products", f"there is no product {', '.join(unknown)}", "name products of the catalogue")
            raise CatalogueError(f"coupon {coupon.code}.yaml", fault)


def read(path: Path) -> Product:
    """One product file. Raises CatalogueError with every fault found in it."""
    file = f"product {path.name}"
    try:
        product = Product.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CatalogueError(path.name, unreadable(error)) from error
    except ValidationError as error:
        raise CatalogueError(file, *faults_in(error)) from error
    expected = f"{product.code}.v{product.version}.yaml"
    if path.name != expected:
        message = f"the file is named {path.name}"
        raise CatalogueError(file, Fault("code, version", message, f"name the file {expected} or correct the fields"))
    if found := faults(product):
        raise CatalogueError(file, *found)
    return product


def schema() -> dict[str, Any]:
    """JSON Schema of a product file."""
    return Product.model_json_schema() | {"$schema": "https://json-schema.org/draft/2020-12/schema"}
