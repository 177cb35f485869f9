# attack: the whole file skipped while it is imported, as pytest allows for a module
# status: crashed
# points: 0
import unittest

try:
    import pytest

    pytest.skip("the whole module", allow_module_level=True)
except ImportError:
    raise unittest.SkipTest("the whole module") from None
