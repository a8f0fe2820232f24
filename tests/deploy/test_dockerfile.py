"""The reading of Dockerfiles by which the image is built without an engine."""

import pytest

from tests.deploy.dockerfile import Step, environment, stages, started
from tests.deploy.image_chroot import DOCKERFILE

TEXT = """\
# A comment.
FROM base:1 AS build
RUN one \\
    && two
COPY --from=other /a b/

FROM base:1
ENV PATH=/opt/bin:$PATH A=1
WORKDIR /work
USER 10001:10001
ENTRYPOINT ["run"]
CMD ["--help"]
"""


def test_a_step_goes_over_its_lines_and_a_stage_has_the_steps_after_its_base() -> None:
    build, last = stages(TEXT)
    assert (build.base, build.name, last.name) == ("base:1", "build", "")
    assert build.steps == [Step("RUN", "one     && two"), Step("COPY", "--from=other /a b/")]


def test_a_container_starts_as_the_last_stage_says() -> None:
    last = stages(TEXT)[-1]
    found = started(last, {"PATH": "/bin"})
    assert found.argv == ["run", "--help"]
    assert found.environment == {"PATH": "/opt/bin:/bin", "A": "1"}
    assert (found.folder, found.user) == ("/work", "10001:10001")
    assert started(last, {}, ["other"]).argv == ["run", "other"]


def test_variables_are_those_of_the_steps_before() -> None:
    assert environment([], {"A": "1"}) == {"A": "1"}


def test_what_is_not_known_is_said() -> None:
    with pytest.raises(ValueError, match="ONBUILD"):
        stages("FROM a\nONBUILD RUN x")


def test_the_dockerfile_of_the_image_can_be_read_whole() -> None:
    build, last = stages(DOCKERFILE.read_text())
    assert build.base == last.base
    assert started(last, {"PATH": ""}).argv == ["ticketpulse", "--help"]
