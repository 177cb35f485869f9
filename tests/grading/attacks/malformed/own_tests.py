# attack: tests, fixtures and plugins of its own by the names of the course's, to be collected in their place
# status: crashed
# points: 0
import pytest


@pytest.fixture
def student():
    class Perfect:
        def __getattr__(self, name):
            return lambda *args, **kwargs: True

    return Perfect()


@pytest.fixture
def rng():
    return None


def test_kl_is_an_expectation_under_p(student):
    assert student
