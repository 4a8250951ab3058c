"""The traps of Lark: grammars that it takes and reads otherwise than their author means, each with its remedy."""
