"""Parsers that are joined to parsers: combinators over values and over Lark grammars, and the grammar library."""
