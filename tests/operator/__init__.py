"""An operator's short message centre for tests: a real SMPP server with every whim of real ones.

`with smsc(throttle=0.3, form="any") as operator:` runs it in a thread, `python -m tests.operator` in a process.
"""

from tests.operator.certificate import Certificate, make_certificate
from tests.operator.desk import Accepted, Key, key_of, read_journal
from tests.operator.options import ENDINGS, Options
from tests.operator.server import Operator, Seen, smsc

__all__ = [
    "ENDINGS",
    "Accepted",
    "Certificate",
    "Key",
    "Operator",
    "Options",
    "Seen",
    "key_of",
    "make_certificate",
    "read_journal",
    "smsc",
]
