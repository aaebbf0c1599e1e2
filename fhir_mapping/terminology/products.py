"""RxNorm products and the ingredients that they are made of, as far as `data/rxnorm-products.yaml` tells.

A feature that names an ingredient asks for every product of it. There is no RxNorm here: an order of a
product that the table does not hold is neither that drug nor another one.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources

import msgspec

from fhir_mapping.terminology.catalogue import Codes
from fhir_mapping.yamlfile import read_yaml

__all__ = ["RXNORM", "ingredients", "is_known", "named_ingredients", "with_products"]

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


class _Table(msgspec.Struct, frozen=True):
    """Names of ingredients by code, products by ingredient, and products made of none of them."""

    ingredients: Mapping[str, str]
    products: Mapping[str, tuple[str, ...]]
    others: frozenset[str]


@cache
def _table() -> _Table:
    text = (resources.files("fhir_mapping") / "data" / "rxnorm-products.yaml").read_text(encoding="utf-8")
    return msgspec.convert(read_yaml(text), _Table)


@cache
def _known() -> frozenset[str]:
    table = _table()
    products = (code for codes in table.products.values() for code in codes)
    return table.others.union(table.ingredients, products)


def ingredients(codes: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The RxNorm codes among (code, system) pairs that are ingredients."""
    named = _table().ingredients
    return frozenset(code for code, system in codes if system == RXNORM and code in named)


def named_ingredients() -> Mapping[str, str]:
    """Names of the ingredients by their RxNorm codes."""
    return _table().ingredients


def is_known(code: str) -> bool:
    """Whether it is known of an RxNorm code which of the table's ingredients it contains."""
    return code in _known()


def with_products(codes: Codes) -> Codes:
    """The codes, and after them every product that is known to contain one of the ingredients among them."""
    products = _table().products
    named = sorted(ingredients(codes), key=int)
    found = ((product, RXNORM) for one in named for product in products.get(one, ()))
    return tuple(dict.fromkeys((*codes, *found)))
