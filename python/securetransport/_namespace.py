"""What a module offers, worked out from what it holds.

In: a module's ``globals()``. Out: its ``__all__``. Promise: no modules and no names with an underscore. Type
checkers read the star imports themselves, so they need no list of a thousand names.
"""

from types import ModuleType


def public_names(namespace: dict[str, object]) -> list[str]:
    """Every name of a module that is meant for its callers, sorted."""
    return sorted(
        name
        for name, value in namespace.items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    )
