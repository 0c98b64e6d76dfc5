"""What names in a formula mean: fields of the object, `$User.…` and `$Permission.…`."""

from collections.abc import Mapping
from dataclasses import dataclass

from m365sandbox.salesforce.data.schema import Field
from m365sandbox.salesforce.formula.lexer import FormulaError
from m365sandbox.salesforce.formula.values import Kind, kind_of


@dataclass(frozen=True, slots=True)
class Names:
    """The fields (by lower-case name) of the rule's object and of User, and the org's custom permissions."""

    object: str
    fields: Mapping[str, Field]
    user_fields: Mapping[str, Field]
    permissions: frozenset[str]

    def field(self, name: str) -> Field:
        """The field of the rule's object. Raises FormulaError."""
        found = self.fields.get(name.lower())
        if found is None:
            raise FormulaError(f"Field {name} does not exist. Check spelling.")
        return found

    def user_field(self, name: str) -> Field:
        """The field behind `$User.name`. Raises FormulaError."""
        found = self.user_fields.get(name.lower())
        if found is None or not found.has_column:
            raise FormulaError(f"Field $User.{name} does not exist. Check spelling.")
        return found

    def permission(self, name: str) -> str:
        """The custom permission behind `$Permission.name`, as it is spelt. Raises FormulaError."""
        found = next((item for item in self.permissions if item.lower() == name.lower()), None)
        if found is None:
            raise FormulaError(f"Field $Permission.{name} does not exist. Check spelling.")
        return found


def kind_of_field(field: Field) -> Kind:
    """The kind of value a field has in a formula. Raises FormulaError where it cannot stand in one."""
    kind = kind_of(field)
    if kind is None or not field.has_column:
        raise FormulaError(f"Field {field.name} may not be used in this type of formula.")
    return kind
