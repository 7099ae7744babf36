from anpi.api import Expression as Expression
from anpi.api import InputError as InputError
from anpi.api import as_expression as as_expression
from anpi.api import call_subtypes as call_subtypes
from anpi.api import derive_endpoints as derive_endpoints
from anpi.api import fit_cox as fit_cox
from anpi.api import fit_logistic as fit_logistic
from anpi.api import kaplan_meier as kaplan_meier
from anpi.api import list_methods as list_methods
from anpi.api import read_expression as read_expression
from anpi.api import score_signatures as score_signatures

__version__: str
