"""The knowledge: what cameras call themselves, as tables with a source in every row.

Each table is ``<name>.csv`` with a card ``<name>.toml``; :mod:`.tables` reads them, :mod:`.match` indexes
and answers. How to add a row is told in ``docs/add-a-signature.md``.
"""
