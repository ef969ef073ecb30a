"""`field__any_of=[...]`: like `in`, with the values as one parameter, for lists of thousands.

A parameter each costs more than the query, and makes a statement of its own for each length.
"""

from typing import Any

from django.db.models import Field, ForeignKey, Lookup

from common.arrays import array


class AnyOf(Lookup):
    lookup_name = "any_of"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        if self.lhs.output_field.db_type(connection) == "bigint":
            return f"{column} = ANY(%s::bigint[])", (*parameters, array(self.rhs))
        return f"{column} = ANY(%s)", (*parameters, list(self.rhs))


def register() -> None:
    Field.register_lookup(AnyOf)
    ForeignKey.register_lookup(AnyOf)
