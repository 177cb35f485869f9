"""What every test here stands on."""

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from course_lib.authoring import screenshots


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory):
    """No test reads or writes the user's cache; those of one worker share what they make."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_CACHE", str(tmp_path_factory.mktemp("course-cache")))
        yield


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests: a process can open no second. Without one they are skipped, but under CI they fail."""
    if screenshots.chromium() is None:
        missing = "no chromium: install it, or set CHROMIUM to its path"
        pytest.fail(missing) if os.environ.get("CI") == "true" else pytest.skip(missing)
    with screenshots.browser() as running:
        yield running
