import ipywidgets
import pytest
from PIL import Image

from course_lib.plotting import curves, widgets


def frames(n, first=0):
    return [Image.new("L", (20, 10), 10 * (first + i)) for i in range(n)]


@pytest.fixture
def links(monkeypatch):
    """(source, target) of each link made in the browser."""
    made = []
    jslink = ipywidgets.jslink
    monkeypatch.setattr(ipywidgets, "jslink", lambda *ends: made.append(ends) or jslink(*ends))
    return made


def test_a_slider_is_linked_to_a_stack_of_described_frames(links):
    box = widgets.slider(frames(3), ["step 0", "step 10", "step 20"], "Training step", alt="A square at {}", start=1)
    control, stack = box.children
    assert links == [((control, "index"), (stack, "selected_index"))]
    assert (control.index, stack.selected_index) == (1, 1)
    assert control.description == "Training step"
    assert control._options_labels == ("step 0", "step 10", "step 20")
    for frame, word in zip(stack.children, control._options_labels, strict=True):
        assert f'alt="A square at {word}"' in frame.value
        assert f"<figcaption>{word}</figcaption>" in frame.value


def test_where_widgets_cannot_be_drawn_the_frame_shown_first_is_there():
    box = widgets.slider(frames(3), ["a", "b", "c"], "Letter", alt="A square at {}", start=2)
    bundle = box._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/html"] == box.children[1].children[2].value
    assert "Stack" not in bundle["text/plain"]


def test_two_sliders_leaf_through_a_table(links):
    table = [frames(3), frames(3, 3)]
    values = (["mean 0", "mean 1"], ["sd 1", "sd 2", "sd 3"])
    box = widgets.two_sliders(table, values, ("Mean", "Deviation"), alt="A square with {} and {}", start=(1, 2))
    first, second, outer = box.children
    assert set(links) == {
        ((first, "index"), (outer, "selected_index")),
        *(((second, "index"), (inner, "selected_index")) for inner in outer.children),
    }
    assert 'alt="A square with mean 1 and sd 3"' in box._repr_mimebundle_()["text/html"]
    assert [len(inner.children) for inner in outer.children] == [3, 3]


def test_a_frame_of_a_plot_is_small():
    x = list(range(-50, 51))
    figure = curves.densities(x, {"p": [2.0 ** -(i * i / 99) for i in x]}, height=3)
    box = widgets.slider([figure], ["now"], "Time", alt="A bell curve {}")
    assert len(box.children[1].children[0].value) < 9_000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: widgets.slider(frames(2), ["a"], "L", alt="A square at {}"), "2 frames or alt texts for 1 values"),
        (lambda: widgets.slider([], [], "L", alt="A square at {}"), "0 frames"),
        (lambda: widgets.slider(frames(1), ["a"], " ", alt="A square at {}"), "needs a label"),
        (lambda: widgets.slider(frames(1), ["a"], "L", alt=""), "alt text is empty"),
        (lambda: widgets.slider(frames(2), ["a", "b"], "L", alt=["A square here"]), "1 frames or alt texts"),
        (lambda: widgets.slider(frames(1) * 61, ["a"] * 61, "L", alt="A square at {}"), "61 frames, at most 60"),
        (
            lambda: widgets.slider([Image.effect_noise((700, 700), 90)], ["a"], "L", alt="A noise at {}"),
            "at most 400: make them smaller",
        ),
    ],
)
def test_bad_sliders(call, message):
    with pytest.raises(ValueError, match=message):
        call()
