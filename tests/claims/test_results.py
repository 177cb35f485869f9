"""What pages show was measured by the source that stands there now."""

import pytest

from course_lib import claims


@pytest.mark.parametrize("slug", claims.slugs())
def test_committed_results_are_there_and_in_step(slug):
    assert claims.stale(slug) == []


@pytest.mark.parametrize("slug", claims.slugs())
def test_committed_results_are_enough(slug):
    for result in claims.results(slug):
        assert result.interval is None or len(result.values) >= 5
        assert result.interval is None or result.verdict == result.criterion.judge(
            claims.student_interval(result.values, result.scale)
        )
