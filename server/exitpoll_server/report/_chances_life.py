"""How often chance brings as much: what segments need of it."""

from __future__ import annotations

from collections.abc import Sequence


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Return the q value of each p value: the least false discovery rate at which it stands out.

    Y. Benjamini, Y. Hochberg, "Controlling the false discovery rate", 1995.
    """
    n = len(p_values)
    found, least = [1.0] * n, 1.0
    descending = sorted(range(n), key=lambda place: p_values[place], reverse=True)
    for behind, place in enumerate(descending):
        least = min(least, p_values[place] * n / (n - behind))
        found[place] = least
    return tuple(found)
