"""The expressions of rules: CEL with one kind of number, read and checked here, computed by the CEL library.

CEL does not mix whole numbers and decimals: `activity.amount > 50` compares, `activity.amount * 2` is an error that
shows only when it runs. So an expression is read into a tree, checked for names and kinds, and written anew with every
number a double, every path a plain variable (a context of few plain values is made ten times faster than one of nested
maps) and every division guarded.
"""
