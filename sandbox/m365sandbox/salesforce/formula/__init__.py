"""The platform's formula language as validation rules use it: text to a condition on a row, checked like a deploy does.

Salesforce help, "Formula Operators and Functions". A function, field or type that is not known here is refused when
the formula is compiled, so a rule that the sandbox cannot play never passes in silence.
"""

from m365sandbox.salesforce.formula.compiler import Compiled, compile_condition
from m365sandbox.salesforce.formula.lexer import FormulaError
from m365sandbox.salesforce.formula.names import Names

__all__ = ["Compiled", "FormulaError", "Names", "compile_condition"]
