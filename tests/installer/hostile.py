"""What a vendor may call a product, and ask."""

from __future__ import annotations

from pathlib import Path

from tests.installer.conftest import Vendor

NAME = """Exitpoll sample "x" ${x} $5 {a}, b %PATH% %{name} 'y' <b> `id` $(id) Söhne\\"""
REASONS = ("a\\", "b, c\\, d", "e\\ f ${g} \\${h}", "$(id) `id` 'i' \"j\" %PATH%", "k")


def ask(vendor: Vendor, product: str) -> None:
    """Have a product ask what is hard to write into any script."""
    labels = "\n".join(f"- id: r{n}\n  label: '{_yaml(one)}'" for n, one in enumerate(REASONS))
    file = Path(vendor.folder / "hostile.yaml")
    last = "last:\n  id: last\n  label: Other\n"
    file.write_text(f"kind: exit\nquestion: 'Why {{product}}?'\nreasons:\n{labels}\n{last}")
    vendor.exitpoll("survey", "set", file, "--product", product)


def _yaml(text: str) -> str:
    return text.replace("'", "''")
