"""What Lark calls what is imported, and what its author calls it."""

__all__ = ["Naming"]


class Naming:
    """What Lark calls the rules and terminals of a file that is imported.

    Args:
        path: of the import.
        aliases: names that the importing file uses, by the name in the imported one.
        base: of the importing file, None where that is the main one.
    """

    def __init__(self, path: tuple[str, ...], aliases: dict[str, str], base: "Naming | None") -> None:
        self.prefix = "__".join(path).strip("_")
        self.aliases = aliases
        self.base = base

    def __call__(self, name: str) -> str:
        """Give the name that Lark knows.

        Args:
            name: in the imported file.

        Returns:
            The name in the main file.
        """
        if name in self.aliases:
            name = self.aliases[name]
        else:
            # Lark's parser takes for a terminal what is written in capitals, so a terminal's prefix is too
            prefix = self.prefix.upper() if name.isupper() else self.prefix.lower()
            name = f"_{prefix}__{name[1:]}" if name.startswith("_") else f"{prefix}__{name}"
        return self.base(name) if self.base else name

    def author(self, name: str) -> str:
        """Give the name that the key of a value has.

        Args:
            name: in the imported file.

        Returns:
            That name, or the one that the importing file gives it.
        """
        if name not in self.aliases:
            return name
        alias = self.aliases[name]
        return self.base.author(alias) if self.base else alias
